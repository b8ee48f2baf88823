"""clickhouse-migrations works through the engine: applied once, a second run does nothing, an edit is refused."""

from pathlib import Path
from typing import Any

import pytest
from clickhouse_migrations.connection import ClickhouseConnectConnection
from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migration import MigrationStorage
from clickhouse_migrations.migrator import Migrator

from tests.engine_fixture import Database

pytestmark = pytest.mark.integration


def migrate(client: Any, folder: Path, engine: str) -> list[int]:
    """Apply what is pending; returns the versions applied. No lock: one job migrates, the engine has one owner."""
    storage = MigrationStorage(folder)
    migrator = Migrator(ClickhouseConnectConnection(client))
    migrator.init_schema()
    done = migrator.apply_migration(
        storage.migrations(),
        multi_statement=True,
        variables={"ENGINE": engine},
        sources=storage.migration_filenames(),
    )
    return [migration.version for migration in done]


def test_two_files_are_applied_once(database: Database, tmp_path: Path) -> None:
    (tmp_path / "0001_entries.sql").write_text(
        "CREATE TABLE IF NOT EXISTS entries (id UInt64, v UInt64) ENGINE = ${ENGINE}(v) ORDER BY id;\n"
        "CREATE VIEW IF NOT EXISTS live AS SELECT * FROM entries FINAL;\n"
    )
    client = database.client()
    assert migrate(client, tmp_path, "ReplacingMergeTree") == [1]
    second = tmp_path / "0002_note.sql"
    second.write_text("ALTER TABLE entries ADD COLUMN IF NOT EXISTS note String DEFAULT '';\n")
    assert migrate(client, tmp_path, "ReplacingMergeTree") == [2]
    assert migrate(client, tmp_path, "ReplacingMergeTree") == []
    client.insert("entries", [[1, 1, "a"], [1, 2, "b"]], ["id", "v", "note"])
    assert client.query("SELECT id, v FROM live").result_rows == [(1, 2)]
    second.write_text("ALTER TABLE entries ADD COLUMN IF NOT EXISTS other String;\n")
    with pytest.raises(MigrationException, match="md5"):
        migrate(client, tmp_path, "ReplacingMergeTree")
