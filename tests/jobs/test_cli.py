"""The root of the command: help, version, exit codes, and what goes where."""

from __future__ import annotations

import importlib
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.cli import COMMANDS
from tests.jobs.command import everyminute

STORIES = Path(__file__).parents[1] / "stories"


ROOT = Path(__file__).parents[2]
EXAMPLE_CATALOGUE = ROOT / "examples" / "catalogue"
EXPORT = ROOT / "tests" / "connectors" / "examples" / "cloudevents" / "events.jsonl"


def test_help_is_data_and_names_the_exit_codes() -> None:
    ran = everyminute("--help")
    assert ran.code == 0
    assert "Exit codes: 0" in ran.out
    assert ran.err == ""


def test_version() -> None:
    ran = everyminute("--version")
    assert (ran.code, ran.out.split()[0]) == (0, "everyminute")


def test_an_unknown_command_is_used_wrongly() -> None:
    ran = everyminute("simulat")
    assert (ran.code, ran.out) == (2, "")
    assert "simulat" in ran.err


def test_help_loads_nothing_heavy() -> None:
    """Processor time instead of a stopwatch: it does not depend on what else the machine does."""
    heavy = ("pydantic", "aiokafka", "clickhouse_connect", "rich", "yaml", "fastapi", "faust", "chdb", "msgspec")
    code = (
        f"import sys; from jobs.cli import build; build(); print([name for name in {heavy!r} if name in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.strip() == "[]"
    assert after.ru_utime - before.ru_utime < 1.0


def test_every_command_module_exists_and_registers() -> None:
    for name in COMMANDS:
        assert callable(importlib.import_module(name).register), name


def test_a_setting_that_does_not_fit_is_named() -> None:
    ran = everyminute("catalog", "status", partitions="many")
    assert ran.code == 2
    assert "EVERYMINUTE_PARTITIONS" in ran.err


def test_no_kafka_is_said_and_is_not_the_users_fault() -> None:
    ran = everyminute("catalog", "status", kafka="127.0.0.1:1")
    assert ran.code == 3
    assert "everyminute up" in ran.err
    assert ran.out == ""


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "timers.json").write_text('{"ticket_timers": []}')
    ran = everyminute("catalog", "init", tmp_path / "timers.json", "-o", "/proc/nowhere/catalogue")
    assert ran.code == 2
    assert "/proc/nowhere" in ran.err


NOWHERE = {"kafka": "127.0.0.1:1", "clickhouse_port": "1"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("usage",), ("leakage",), ("explain", "1a"), ("parked", "list"), ("parked", "show", "1a"),
        ("parked", "replay", "1a"), ("ledger", "hash"), ("topics",), ("catalog", "status"),
        ("catalog", "apply", EXAMPLE_CATALOGUE), ("demo", "remove"), ("demo", "summary"), ("demo", "load"),
        ("import", "cloudevents", EXPORT),
    ],
    ids=lambda arguments: " ".join(str(one) for one in arguments[:2]),
)  # fmt: skip
def test_where_nothing_runs_each_command_says_so_in_its_own_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, arguments: tuple[object, ...]
) -> None:
    ran = everyminute(*arguments, home=str(tmp_path), **NOWHERE)
    assert ran.code == 3, ran.err
    assert "Traceback" not in ran.err
    assert "Unexpected" not in ran.err
    assert re.search("everyminute up|everyminute demo load", ran.err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("usage", "--tenant", "a b"), "--tenant 'a b'"),
        (("catalog", "status", "--tenant", "a b"), "--tenant 'a b'"),
        (("catalog", "apply", EXAMPLE_CATALOGUE, "--tenant", "a/b"), "--tenant 'a/b'"),
        (("usage", "--period", "2026-13"), "2026-03"),
        (("import", "nope", "x.json"), "There is no connector 'nope'"),
        (("import", "syncro"), "at least one file"),
        (("import", "syncro", "nofile.json"), "nofile.json is no file"),
        (("import", "syncro", EXPORT, "--as-of", "soon"), "--as-of 'soon'"),
        (("import", "syncro", EXPORT, "--zone", "Nowhere"), "--zone 'Nowhere'"),
        (("parked", "list", "--reason", "nope"), "--reason 'nope'"),
        (("explain", ""), "first digits"),
        (("simulate", "nofile.yaml"), "nofile.yaml"),
        (("catalog", "init", "nofile.json", "-o", "/nowhere"), "nofile.json"),
    ],
    ids=str,
)
def test_wrong_use_is_named(arguments: tuple[object, ...], words: str) -> None:
    ran = everyminute(*arguments, **NOWHERE)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_a_catalogue_with_nothing_in_it_removes_nothing(tmp_path: Path) -> None:
    (tmp_path / "readme.yaml").write_text("# nothing\n")
    ran = everyminute("catalog", "apply", tmp_path, **NOWHERE)
    assert (ran.code, ran.out) == (1, "")
    assert "nothing is in there" in ran.err
