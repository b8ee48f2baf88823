"""Finance closes a month in Chromium before the real pipeline: refused when something changed, then closed, then
corrected; what is parked is sent back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from jobs import users
from jobs.access import Access
from streams.doors import Door
from streams.hop import Record
from streams.models.event import Event, Ref
from tests.browser.aside import aside
from tests.browser.screens import shoot
from tests.browser.stage import Stage, stage
from tests.browser.test_scripted_day import pair_of
from tests.engine_fixture import EngineProcess, until
from tests.web.timer_rig import PASSWORD, TENANT, thing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.integration]


@pytest.fixture
def office(
    kafka: str, engine: EngineProcess, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with stage(kafka, engine, tmp_path_factory.mktemp("office"), browser, "2025-11-03T08:00:00+00:00") as found:
        users.add(Access(found.pipeline.settings), "kim", "finance", TENANT, "", PASSWORD)
        yield found


def session(name: str, start: str, end: str) -> list[Event]:
    """On 25 October 2025, UTC, at Acme's device."""
    about = {"device": Ref("node//ws1"), "technician": Ref("user//dana"), "service": "remote.desktop"}
    return pair_of("meshcentral:hq", "remote_session", name, start, end, **about)


def signed_in(office: Stage) -> Page:
    context = office.browser.new_context(viewport={"width": 1280, "height": 900}, base_url=office.address)
    office.contexts.append(context)
    context.set_default_timeout(40_000)
    page = office.tab(context)
    page.goto("/")
    page.get_by_label("Name").fill("kim")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_a_month_is_closed_as_it_was_looked_at(office: Stage) -> None:
    office.send(*session("one", "10:00", "10:30"))
    office.settle()
    page = signed_in(office)
    acts = page.get_by_role("region", name="What to act on")
    acts.get_by_role("link", name="To close").click()
    page.get_by_role("link", name="acme").click()
    button = page.get_by_role("button", name="Close October 2025 for acme")
    assert "30.00 EUR" in page.get_by_role("heading", level=1).inner_text()
    office.send(*session("two", "11:00", "12:00"))
    office.settle()
    button.click()
    page.get_by_text("Nothing was closed; below is what changed.").wait_for()
    changes = page.get_by_role("region", name="What changed since you looked").locator("tbody tr").all_inner_texts()
    assert [cells(change) for change in changes] == [
        ["Rows", "1", "2", "1"],
        ["Worked", "0:30:00 h", "1:30:00 h", "1:00:00 h"],
        ["After rounding", "0:30:00 h", "1:30:00 h", "1:00:00 h"],
        ["Total", "30.00 EUR", "90.00 EUR", "60.00 EUR"],
    ]
    shoot(page, "period-refused-1280-light")
    page.get_by_role("button", name="Close October 2025 for acme").click()
    page.get_by_text("October 2025 is closed.").wait_for()
    assert page.get_by_role("button", name="Close").count() == 0
    shoot(page, "period-closed-1280-light")
    _late(office, page)
    assert [text for text in office.complaints if "409" not in text] == []  # Chromium tells of the refusal
    office.complaints.clear()


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split("\t")]


def _late(office: Stage, page: Page) -> None:
    """What comes to light afterwards stands in November, and October is as it was."""
    office.send(*session("three", "14:00", "14:15"))
    office.settle()
    page.goto("/period?client=acme&period=2025-11")
    rows = page.get_by_role("region", name="Corrections of closed months").locator("tbody tr").all_inner_texts()
    assert len(rows) == 1
    assert cells(rows[0])[1:] == ["October 2025", "Booked instead", "Billed", "0:15:00", "15.00 EUR"]
    shoot(page, "period-corrections-1280-light")
    page.goto("/period?client=acme&period=2025-10")
    assert "90.00 EUR" in page.get_by_role("heading", level=1).inner_text()


def test_what_is_parked_is_sent_back_and_comes_back(office: Stage) -> None:
    async def send() -> None:
        async with Door(office.pipeline.settings) as door:
            await door.send_bytes("events.session", f"{TENANT}/a", [Record(f"{TENANT}/a".encode(), b"<b>no json</b>")])

    aside(lambda: asyncio.run(send()))
    page = signed_in(office)
    page.goto("/parked")
    until(60, lambda: page.reload() is not None and page.locator("tbody tr").count() == 1, "it is parked")
    page.locator("tbody").get_by_role("link").click()
    assert "<b>no json</b>" in page.inner_text("pre[aria-label=Value]")
    page.get_by_role("button", name="Send it back").click()
    page.wait_for_url("**done=**")
    until(60, lambda: page.goto("/parked") is not None and "sent 1×" in page.inner_text("main"), "it came back")
    assert office.complaints == []


def test_work_without_a_ticket_is_linked_with_one_click(office: Stage) -> None:
    """Two tickets fit alike, so none is taken; somebody who knows chooses."""

    async def send() -> None:
        async with Door(office.pipeline.settings) as door:
            title = "<img src=x onerror='document.title=1'>"
            second = thing("ticket", id="T6", title=title, client="acme", technicians=["dana"])
            await door.send_facts("catalog", [second])

    aside(lambda: asyncio.run(send()))
    office.send(*session("one", "10:00", "10:30"))
    office.settle()
    page = signed_in(office)
    page.get_by_role("link", name="Unlinked").click()
    hint = page.locator(".hint", has_text="T6")
    assert "onerror" in hint.inner_text(), "the title is text"
    shoot(page, "unlinked-suggestions-1280-light")
    hint.get_by_role("button").click()
    page.get_by_text("Linked.", exact=True).wait_for()
    assert page.locator(".hint").count() == 0
    page.get_by_role("link", name="The entry").click()
    assert "T6" in page.inner_text("main")
    assert page.title().startswith("Entry")
    rows = office.pipeline.query("SELECT ticket, path, amount FROM entries_live")
    assert [tuple(row.values()) for row in rows] == [("T6", "decision", 3000)]
    assert office.complaints == []
