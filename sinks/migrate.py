"""Bring the tables up to date: ``python -m sinks.migrate``. Run again, it does nothing.

Files are numbered and never edited once applied; a changed one is refused. There is no lock: run one at a time
(``everyminute up`` does; on a cluster it is one job before the writers start).
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_migrations.connection import ClickhouseConnectConnection
from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migration import MigrationStorage
from clickhouse_migrations.migrator import Migrator

from sinks.clickhouse import connect, store_error
from sinks.store import StoreError
from streams.settings import Settings

SCHEMA = Path(__file__).parent / "schema"
ENGINE = "ReplacingMergeTree"


def migrate(settings: Settings, folder: Path = SCHEMA, engine: str = ENGINE) -> list[int]:
    """Create the database and apply what is missing; returns the numbers applied.

    ``engine`` is the engine of the tables, without its version argument: ``ReplicatedReplacingMergeTree`` where the
    server has default replica paths. Raises StoreError, ``config`` when an applied file was edited or is gone.
    """
    if engine not in (ENGINE, "ReplicatedReplacingMergeTree"):
        raise StoreError("config", f"engine {engine!r}: expected {ENGINE} or ReplicatedReplacingMergeTree")
    server = connect(settings, database="")
    try:
        server.command(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(settings.clickhouse_database)}")
    except Exception as error:
        raise store_error(error) from error
    finally:
        server.close()
    client = connect(settings)
    own = "ReplicatedMergeTree" if engine.startswith("Replicated") else "MergeTree"
    try:
        migrator = Migrator(ClickhouseConnectConnection(client), migrations_table_engine=own)
        migrator.init_schema()
        applied = migrator.apply_migration(
            MigrationStorage(folder).migrations(), multi_statement=True, variables={"ENGINE": engine}
        )
    except MigrationException as error:
        raise StoreError(
            "config",
            f"{error} An applied file in {folder} was edited or removed: restore it, and put changes into a new file.",
        ) from error
    except Exception as error:
        raise store_error(error) from error
    finally:
        client.close()
    return [migration.version for migration in applied]


def main(
    engine: Annotated[str, typer.Option(help="ReplicatedReplacingMergeTree on replicated servers.")] = ENGINE,
) -> None:
    """Create the ledger's tables, or bring them up to date."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        applied = migrate(Settings(), engine=engine)
    except StoreError as error:
        print(f"The tables were not brought up to date. {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    print(f"Applied {len(applied)} migration(s)." if applied else "The tables are up to date.", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)
