"""Migrations: from nothing, again, and never over an edited file."""

import shutil
from pathlib import Path

import pytest

from sinks.clickhouse import ClickHouseSink, connect, query
from sinks.migrate import SCHEMA, migrate
from sinks.rows import entry_of, entry_row
from sinks.store import StoreError
from sinks.tables import ENTRIES, Table
from streams.settings import Settings
from tests.engine_fixture import Database
from tests.sinks import builders

pytestmark = pytest.mark.integration


def test_from_nothing_then_nothing_more(settings: Settings) -> None:
    numbers = sorted(int(path.name[:4]) for path in SCHEMA.glob("*.sql"))
    assert migrate(settings) == numbers
    assert migrate(settings) == []


def test_a_database_that_does_not_exist_is_made(settings: Settings, database: Database) -> None:
    client = database.engine.client()
    client.command(f"DROP DATABASE {database.name}")
    client.close()
    assert migrate(settings)


def test_the_tables_are_those_the_writer_expects_and_everything_has_a_comment(settings: Settings) -> None:
    migrate(settings)
    sink = ClickHouseSink(settings)
    sink.check_schema()
    client = connect(settings)
    bare = "SELECT table || '.' || name FROM system.columns WHERE database = currentDatabase() AND comment = '' AND "
    assert client.query(bare + "table IN ('entries', 'intervals', 'work', 'parked')").result_rows == []
    tables = "SELECT name FROM system.tables WHERE database = currentDatabase() AND comment = ''"
    assert [name for (name,) in client.query(tables).result_rows] == ["schema_versions"]
    client.close()
    sink.close()


def test_a_column_that_changed_behind_our_back_stops_the_writer_with_a_remedy(settings: Settings) -> None:
    migrate(settings)
    client = connect(settings)
    client.command("ALTER TABLE entries MODIFY COLUMN device LowCardinality(String)")
    client.close()
    with pytest.raises(StoreError, match=r"device.*python -m sinks\.migrate") as refused:
        ClickHouseSink(settings).check_schema()
    assert refused.value.kind == "config"


def test_an_edited_file_is_refused_and_a_new_one_is_applied(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "schema"
    shutil.copytree(SCHEMA, folder)
    migrate(settings, folder)
    first = folder / "0001_entries.sql"
    written = first.read_text()
    first.write_text(written + "-- edited\n")
    with pytest.raises(StoreError, match="edited or removed") as refused:
        migrate(settings, folder)
    assert refused.value.kind == "config"
    first.write_text(written)
    (folder / "9999_more.sql").write_text("CREATE VIEW IF NOT EXISTS more AS SELECT 1 AS one;\n")
    assert migrate(settings, folder) == [9999]


def test_an_engine_that_keeps_every_version_is_refused(settings: Settings) -> None:
    with pytest.raises(StoreError, match="ReplacingMergeTree"):
        migrate(settings, engine="MergeTree")


def test_a_row_stored_before_segments_had_outcomes_reads_as_one(settings: Settings, tmp_path: Path) -> None:
    """Tables of the first eight files with a row in them, then brought up to date."""
    folder = tmp_path / "schema"
    shutil.copytree(SCHEMA, folder, ignore=lambda _, names: [name for name in names if name[:4] > "0008"])
    migrate(settings, folder)
    added = ("disposition", "reason", "risk_amount", "drawn_seconds", "lot", "fee")
    latest = ["machine_seconds", "charge", "project", "cost", "cost_currency", "cost_reason", "corrects", "content"]
    later = [*(f"segments.{name}" for name in added), *latest]
    columns = {name: kind for name, kind in ENTRIES.columns.items() if name not in later}
    then = Table("entries", columns, ENTRIES.identity)
    row = ENTRIES.named(entry_row(builders.entry()))
    sink = ClickHouseSink(settings)
    sink.write(then, [tuple(row[name] for name in then.names)])
    migrate(settings)
    client = sink.client()
    outcomes = "SELECT disposition, quantity_seconds, amount, rounding_seconds FROM outcomes"
    assert list(client.query(outcomes).result_rows) == [("billed", 1800, 7500, 300)]
    lines = "SELECT disposition, line_quantity_seconds, line_amount, line_fee FROM lines"
    assert list(client.query(lines).result_rows) == [("billed", 1800, 7500, "")]
    assert [entry_of(one) for one in query(client, "SELECT * FROM entries_live", {})] == [builders.entry()]
    sink.close()
