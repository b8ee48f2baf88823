"""The kernel gives what a careful bookkeeper wrote down. So does the separate program."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.models.entry import Entry
from streams.models.event import Event, Ref, TicketRef
from tests.oracle.book import read_texts
from tests.oracle.kernel import kernel_entries, kernel_ledger
from tests.oracle.oracle import ledger

PAPER = yaml.load((Path(__file__).parent / "by_hand.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
KINDS = {
    "timer": ("ticket_timer", "timer.ticket"),
    "session": ("remote_session", "remote.desktop"),
    "script": ("script_run", "script.run"),
}
SIGNALS = ("start", "stop", "pause", "resume")
NUMBERS = {"worked": "worked_seconds", "rounding": "rounding_seconds", "quantity": "quantity_seconds",
           "amount": "amount"}  # fmt: skip
WORDS = ("disposition", "currency", "ticket", "path", "technician", "reason")


def ms(text: str) -> int:
    at = datetime.fromisoformat(text)
    assert at.tzinfo is not None, f"{text}: write the offset"
    return round(at.timestamp() * 1000)


def event(line: dict[str, Any]) -> Event:
    word = next(name for name in KINDS if name in line)
    kind, service = KINDS[word]
    phase = next((name for name in (*SIGNALS, "void") if name in line), "interval")
    at = line.get(phase)
    times: dict[str, Any] = {"at": ms(at)} if phase in SIGNALS and at else {}
    if phase == "interval":
        times = {"started_at": ms(line["from"]), "ended_at": ms(line["to"]) if "to" in line else None}
    return Event(
        tenant="main", source="desk:x", activity_id=line[word], kind=kind, phase=phase,  # type: ignore[arg-type]
        source_event_id=f"{line[word]}/{phase}/{at or ''}", revision=int(line.get("revision", 0)), **times,
        duration_ms=int(line["duration"]) * 1000 if "duration" in line else None,
        technician=Ref(line.get("who", "ann")),
        device=Ref(line["device"]) if "device" in line else None, service=line.get("service", service),
        ticket=TicketRef(line["ticket"]) if "ticket" in line else None,
        billable=line["billable"] == "true" if "billable" in line else None,
        authenticated=line.get("authenticated", "true") == "true",
    )  # fmt: skip


def read(case: dict[str, Any]) -> tuple[list[Event], dict[str, dict[str, Any]], int | None]:
    events = [event(line) for line in case["events"]] * int(case.get("repeat", 1))
    mark = ms(case["as_of"]) // 1000 if "as_of" in case else None
    return events, read_texts([PAPER["shop"], case.get("catalogue", "")]), mark


def expected(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: int(row[name]) for name in NUMBERS}
    found |= {name: row[name] for name in WORDS if name in row}
    if "recovered" in row:
        found["recovered"] = row["recovered"] == "true"
    if "risk" in row:
        found["risk"] = int(row["risk"])
    if "segments" in row:
        found["segments"] = [(s[0], int(s[1]), int(s[2]), Fraction(s[3]), int(s[4])) for s in row["segments"]]
    return found


def given(line: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """The fields of a computed row that the paper names, in its words."""
    plain = line | {name: line[there] for name, there in NUMBERS.items()} | {"risk": line["risk"][0]}
    return {name: plain[name] for name in names}


def compare(case: dict[str, Any], computed: dict[tuple[str, str, str], dict[str, Any]]) -> None:
    paper = {(row["client"], row["period"], row["work"]): expected(row) for row in case["rows"]}
    got = {key: given(line, paper[key]) if key in paper else line for key, line in computed.items()}
    assert got == paper, case["story"]


CASES = pytest.mark.parametrize("case", PAPER["entries"], ids=[case["name"] for case in PAPER["entries"]])


@CASES
def test_the_kernel_gives_what_the_paper_says(case: dict[str, Any]) -> None:
    events, catalogue, mark = read(case)
    entries = list(kernel_entries(events, catalogue, mark=mark).values())
    compare(case, {key[:3]: line for key, line in kernel_ledger(entries).items()})
    by_work = {(entry.identity.work, entry.identity.period): entry for entry in entries}
    for row in case["rows"]:
        check_marks(row, by_work[row["work"], row["period"]])


def check_marks(row: dict[str, Any], entry: Entry) -> None:
    """What only the kernel keeps: flags, candidates, hours that another row counts already."""
    if "flag" in row:
        assert row["flag"] in entry.flags
    assert sorted(entry.candidates) == sorted(row.get("candidates", []))
    assert entry.overlap_seconds == int(row.get("overlap", entry.overlap_seconds))


@CASES
def test_the_second_opinion_gives_what_the_paper_says(case: dict[str, Any]) -> None:
    events, catalogue, mark = read(case)
    compare(case, {key[:3]: line for key, line in ledger(events, catalogue, mark=mark).items()})


def test_the_paper_is_long_enough() -> None:
    names = [case["name"] for case in PAPER["entries"]]
    assert len(names) == len(set(names)) >= 40
