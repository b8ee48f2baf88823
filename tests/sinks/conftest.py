"""A migrated database in the real engine, and the settings that lead to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.clickhouse import ClickHouseSink
from sinks.migrate import migrate
from streams.settings import Settings
from tests.engine_fixture import Database, EngineProcess, database, engine
from tests.kafka_fixture import kafka, topic_prefix
from tests.sinks import builders

__all__ = ["database", "engine", "kafka", "topic_prefix"]


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Settings for an empty database of this test."""
    return Settings(
        home=tmp_path / "home", clickhouse_port=database.engine.port, clickhouse_database=database.name, write_rows=500
    )


@pytest.fixture
def ledger(settings: Settings, engine: EngineProcess) -> Iterator[ClickHouseSink]:
    """A sink on migrated tables; planted faults are gone afterwards."""
    migrate(settings)
    sink = ClickHouseSink(settings)
    yield sink
    builders.clear(engine)
    sink.close()
