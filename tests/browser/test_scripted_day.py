"""A night shift of two technicians in Chromium, through the real pipeline: the ledger has exactly the minutes worked.

Berlin, 25 to 26 October 2025: at 03:00 the clocks go back to 02:00.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from streams.models.event import Event, Kind, Phase, Ref, TicketRef, activity_id
from tests.browser.aside import aside
from tests.browser.screens import shoot
from tests.browser.stage import Stage, stage
from tests.engine_fixture import EngineProcess, until
from tests.integration.pipeline import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.integration]

BEGIN = "2025-10-25T20:00:00+00:00"  # 22:00 in Berlin


@pytest.fixture
def night(
    kafka: str, engine: EngineProcess, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with stage(kafka, engine, tmp_path_factory.mktemp("night"), browser, BEGIN) as found:
        yield found


def test_two_technicians_a_night_with_a_clock_change_and_every_minute_once(night: Stage) -> None:
    dana, erin = night.sign_in("dana"), night.sign_in("erin", width=390, scheme="dark")
    _danas_evening(night, dana)
    tools(night)
    _erins_night(night, erin)
    assert night.complaints == []
    assert dana.title() == "My timers · everyminute", "HTML in a title stays text"
    night.settle()
    rows = night.pipeline.query(
        "SELECT technician, ticket, kind, worked_seconds / 60 AS minutes, amount, flags, recovered, id, trail "
        "FROM entries_live ORDER BY technician, started_at"
    )
    seen = [(row["technician"], row["ticket"], row["kind"], row["minutes"], *row["flags"]) for row in rows]
    assert seen == [
        ("dana", "T1", "ticket_timer", 26.0),  # 25, and 1 without network
        ("dana", "T2", "ticket_timer", 15.0),
        ("dana", "T2", "ticket_timer", 20.0),  # 1 of them without network
        ("dana", "T1", "ticket_timer", 10.0, "automatic"),
        ("dana", "T1", "remote_session", 12.0),
        ("erin", "T2", "ticket_timer", 60.0),  # from 02:30 to 02:30
        ("erin", "T3", "ticket_timer", 45.0, "corrected"),
    ]
    assert [row["amount"] for row in rows] == [round(100 * row["minutes"]) for row in rows]
    for row in rows:
        said = aside(lambda row=row: night.pipeline.run("explain", row["id"]))  # type: ignore[misc]
        assert said.code == 0
        assert "evidence" in row["trail"]
        assert re.search(r"^Evidence.*^Link.*^Sum", said.out, re.S | re.M), said.out


def _danas_evening(night: Stage, dana: Page) -> None:
    row(dana, "T1").dblclick()
    saved(dana)
    night.pass_time(25)
    dana.keyboard.press("2")  # the second line: T2
    saved(dana)
    night.pass_time(10)
    dana.reload()
    clock(dana, "0:10:00")
    night.pass_time(5)
    beside = night.tab(dana.context)
    beside.goto("/timers")
    clock(beside, "0:15:00")
    beside.get_by_role("button", name="Stop", exact=False).first.dblclick()
    saved(beside)
    shows(dana, "#current-state", "Nothing runs")
    _without_network(night, dana, beside)
    night.pass_time(19)
    clock(dana, "0:20:00")
    shoot(dana, "timers")
    dana.keyboard.press("s")
    saved(dana)
    beside.close()


def _without_network(night: Stage, dana: Page, beside: Page) -> None:
    """Two minutes, with a click in each; the tab beside it knows as much."""
    night.away = True
    dana.context.set_offline(True)
    row(dana, "T1").click()
    clock(dana, "0:25:00")
    night.pass_time(1)
    row(dana, "T2").click()
    shows(dana, "#network", "2 actions wait for the network. Go on working: nothing is lost.")
    shows(beside, "#current-title", "T2 Mailbox full")
    night.pass_time(1)
    shoot(dana, "timers-offline")
    dana.context.set_offline(False)
    saved(dana)
    until(20, lambda: dana.locator("#network").is_hidden(), "the page says no more of the network")
    night.away = False


def _erins_night(night: Stage, erin: Page) -> None:
    night.pass_time(209)  # 02:30, summer time
    row(erin, "T2").click()
    saved(erin)
    night.pass_time(60)  # 02:30 again
    clock(erin, "1:00:00")
    erin.get_by_role("button", name="Stop", exact=False).first.click()
    saved(erin)
    shows(erin, "#day .meta", "02:30 CEST – 02:30 CET", part=True)
    shoot(erin, "timers-phone-dark")
    night.pass_time(90)  # 04:00
    row(erin, "T3").click()
    saved(erin)
    night.pass_time(9 * 60)
    clock_process = night.pipeline.start("clock")
    shows(erin, "#forgotten h2", "You did not stop this timer")
    until(30, lambda: erin.get_by_role("button", name="That is right").count() == 1, "the end is inferred")
    shoot(erin, "timers-forgotten-phone-dark")
    clock_process.stop()
    erin.get_by_role("button", name="It ended at…").click()
    erin.get_by_label("Ended", exact=False).fill("2025-10-26T04:45:00")
    erin.get_by_role("button", name="Correct it").click()
    saved(erin)
    until(20, lambda: erin.locator("#forgotten h2").count() == 0, "it is no longer forgotten")


def tools(night: Stage) -> None:
    """What came in beside the clicks: an opened ticket and a session under a timer, and each by itself; a script."""
    night.send(
        *visit("under", "T2", "20:05", "20:15"),
        *visit("alone", "T1", "21:10", "21:20"),
        *session("under", "20:10", "20:20"),
        *session("alone", "21:30", "21:42"),
        *run("fix", "21:50", "21:51"),
    )


def visit(name: str, ticket: str, start: str, end: str) -> list[Event]:
    about: dict[str, Any] = {"ticket": TicketRef(ticket), "technician": Ref("dana"), "automatic": True}
    return pair_of("desk:main", "ticket_timer", name, start, end, **about)


def session(name: str, start: str, end: str) -> list[Event]:
    about: dict[str, Any] = {"device": Ref("node//ws1"), "technician": Ref("user//dana"), "service": "remote.desktop"}
    return pair_of("meshcentral:hq", "remote_session", name, start, end, **about)


def run(name: str, start: str, end: str) -> list[Event]:
    about: dict[str, Any] = {"device": Ref("agent1"), "technician": Ref("dana"), "service": "script.run"}
    return pair_of("tacticalrmm:hq", "script_run", name, start, end, **about)


def pair_of(source: str, kind: Kind, name: str, start: str, end: str, **about: Any) -> list[Event]:
    def one(phase: Phase, clock: str) -> Event:
        hours, minutes = clock.split(":")
        at = 1_761_350_400_000 + (int(hours) * 60 + int(minutes)) * 60_000  # 25 October 2025, UTC
        return Event(
            tenant="main", source=source, source_event_id=f"{name}/{phase}", activity_id=activity_id(source, name),
            kind=kind, phase=phase, at=at, **about,
        )  # fmt: skip

    return [one("start", start), one("stop", end)]


def row(page: Page, label: str) -> Any:
    return page.locator(".choice", has_text=label).first


def saved(page: Page) -> None:
    """Until no click waits any more."""
    script = "Object.keys(localStorage).filter(k => k.endsWith('.actions')).every(k => localStorage[k] === '[]')"
    until(30, lambda: page.evaluate(script), "every click is acknowledged and read back")


def clock(page: Page, text: str) -> None:
    shows(page, "#current-clock", text)


def shows(page: Page, selector: str, text: str, *, part: bool = False) -> None:
    def found() -> str:
        return page.locator(selector).first.text_content() or "" if page.locator(selector).count() else ""

    def right() -> bool:
        return text in found() if part else found() == text

    wait_for(right, f"{selector} never said {text!r}", 30)
