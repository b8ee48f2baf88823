"""A small ledger in the real engine, read by the real command, in this process: fifty starts would cost a minute."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs.cli import main
from sinks.clickhouse import ClickHouseSink
from sinks.migrate import migrate
from sinks.rows import entry_row, interval_row
from sinks.tables import ENTRIES, INTERVALS
from streams.models.entry import Segment
from streams.settings import Settings
from tests.engine_fixture import Database, EngineProcess, engine, fresh_database
from tests.jobs.command import Ran
from tests.kafka_fixture import kafka, topic_prefix
from tests.sinks.builders import MARCH, entry, interval, unbilled, void

__all__ = ["engine", "kafka", "topic_prefix"]

Run = Callable[..., Ran]

TWO_TIERS = (
    Segment("standard", MARCH, MARCH + 600, 600, 600, "100.00", 1667, "16.666667", "card/0"),
    Segment("evening", MARCH + 600, MARCH + 1800, 1200, 1200, "200.00", 6667, "66.666667", "card/0"),
)
W1 = entry("w1", worked_seconds=1800, rounding_seconds=0, end=MARCH + 1800, amount=8334, segments=TWO_TIERS)
W2 = entry("w2", who="=HYPERLINK(1)", technician="", start=MARCH + 9, recovered=True)
W3 = entry("w3", "beta", "2026-04", currency="JPY", exponent=0, amount=75, segments=(), local_date="2026-04-01")
LEAKS = (
    unbilled("w4", client="", reason="client_unknown", risk=7500),
    unbilled("w5", "unpriced", risk=2500, technician="bob"),
    unbilled("w6", "unpriced", risk=9900, technician="bob", recovered=True),
    unbilled("w7", "non_billable", risk=0),
)


@pytest.fixture(scope="module")
def database(engine: EngineProcess) -> Database:
    """One database for the tests of a module: they only read."""
    return fresh_database(engine)


@pytest.fixture(scope="module")
def settings(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home: Path = tmp_path_factory.mktemp("home")
    return Settings(home=home, clickhouse_port=database.engine.port, clickhouse_database=database.name)


@pytest.fixture(scope="module")
def sink(settings: Settings) -> Iterator[ClickHouseSink]:
    """Two clients, two months, four kinds of leakage, an old version, a void row, another tenant's row."""
    migrate(settings)
    sink = ClickHouseSink(settings)
    old, gone, others = entry("w1", version=1), void("w8"), entry("w9", tenant="other", client="other-client")
    rows = [W1, old, W2, W3, *LEAKS, entry("w8", version=1), gone, others]
    sink.write(ENTRIES, [entry_row(one) for one in rows])
    sink.write(INTERVALS, [interval_row(interval("i1", evidence=("e1", "e2"), flags=("skew",)), 1)])
    yield sink
    sink.close()


@pytest.fixture(scope="module")
def run(sink: ClickHouseSink, settings: Settings) -> Run:
    """Runs a command on the small ledger."""

    def go(*arguments: object, **more: str) -> Ran:
        where = {"clickhouse_port": str(settings.clickhouse_port), "clickhouse_database": settings.clickhouse_database}
        return _command([str(one) for one in arguments], where | more)

    return go


def _command(arguments: list[str], settings: dict[str, str]) -> Ran:
    """As `everyminute …` in a process of its own, with these settings in the environment."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    err = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("EVERYMINUTE_")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(f"EVERYMINUTE_{name.upper()}", value)
        patch.setattr(sys, "argv", ["everyminute", *arguments])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as ended:
            main()
    out.flush()
    out.seek(0)
    code = ended.value.code
    return Ran(code if isinstance(code, int) else 0, out.read(), err.getvalue())
