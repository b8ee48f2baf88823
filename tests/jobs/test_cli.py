"""The root of the command: help, version, exit codes, and what goes where."""

from __future__ import annotations

import importlib
import resource
import subprocess
import sys
from pathlib import Path

from jobs.cli import COMMANDS
from tests.jobs.command import everyminute

STORIES = Path(__file__).parents[1] / "stories"


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
