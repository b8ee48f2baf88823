"""Every command that a page shows exists, with its options; the queries for analysts run; the columns are real."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from jobs.cli import build
from jobs.reference_tables import relations
from sinks.clickhouse import ClickHouseSink, connect, query
from streams.settings import Settings
from tests.engine_fixture import engine
from tests.jobs.ledger.conftest import Run, database, run, settings, sink

__all__ = ["Run", "database", "engine", "run", "settings", "sink"]

ROOT = Path(__file__).parents[2]
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "commands.md"]
QUERIES = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "analyst.md").read_text(), re.DOTALL)


def shown(page: Path) -> list[str]:
    """Commands in blocks, and those in running text that name one; without what a shell does with them."""
    text = page.read_text(encoding="utf-8")
    lines = re.findall(r"^(?:    )?(everyminute .*)$", text, re.MULTILINE) + re.findall(
        r"`(everyminute [^`\n]+)`", text
    )
    return [re.split(r"  |[>|&;]", line)[0].replace("…", "").strip() for line in lines]


COMMANDS = sorted({(page.name, line) for page in PAGES for line in shown(page)})


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line}" for page, line in COMMANDS])
def test_a_command_on_a_page_can_be_typed(page: str, line: str) -> None:
    words = [word for word in shlex.split(line, comments=True)[1:] if not re.fullmatch(r"\[.*|.*\]", word)]
    command: Any = typer.main.get_command(build())
    context = command.make_context("everyminute", [], resilient_parsing=True)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        context = type(context)(command, info_name=words.pop(0), parent=context)
    assert not hasattr(command, "commands") or not words, f"{line}: no such command"
    if not hasattr(command, "commands"):
        known = {option for parameter in command.params for option in parameter.opts} | {"-h"}
        assert [word for word in words if word.startswith("-") and word not in known] == []


def test_pages_name_commands() -> None:
    """Else the test above would test nothing."""
    assert {"tour.md", "technician.md", "analyst.md", "finance.md", "operations.md"} <= {page for page, _ in COMMANDS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([\w./-]+\.md)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).is_file()] == []


@pytest.mark.integration
def test_the_queries_for_analysts_answer(sink: ClickHouseSink, settings: Settings) -> None:
    store = connect(settings, read_only=True)
    where: dict[str, object] = {"tenant": "main", "period": "2026-03"}
    earned, leaks, margins, used, realised, burned, days, wrong = (query(store, sql, where) for sql in QUERIES)
    store.close()
    assert {(row["client"], row["currency"], row["earned"]) for row in earned} >= {("acme", "EUR", 158.34)}
    assert sum(row["at_risk"] for row in leaks) == 199
    assert {row["technician"] for row in days} == {"ann", "bob"}
    assert {(row["client"], row["brought"], row["left_over"]) for row in margins} >= {("acme", 158.34, None)}
    assert {row["technician"]: row["days_worked"] for row in used} == {"ann": 1, "bob": 1}
    assert {(row["client"], row["billed"]) for row in realised} >= {("acme", 158.34)}
    assert burned == wrong == []


@pytest.mark.integration
def test_the_page_of_tables_has_the_columns_of_the_engine(sink: ClickHouseSink, settings: Settings) -> None:
    store = connect(settings, read_only=True)
    rows = query(
        store, "SELECT table, name FROM system.columns WHERE database = currentDatabase() ORDER BY position", {}
    )
    store.close()
    held: dict[str, list[str]] = {}
    for row in rows:
        held.setdefault(row["table"], []).append(row["name"])
    listed = {name: [column.name for column in relation.columns] for name, relation in relations().items()}
    assert listed == {name: held[name] for name in listed}
    assert set(held) - set(listed) <= {"schema_versions"}
