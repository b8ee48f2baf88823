"""What a person meets: no error, nothing cut off, enough contrast, and a way through by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

import pytest

from tests.web.seed import entry_id

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.integration]

Scheme = Literal["light", "dark"]
Open = Callable[[str], "Page"]
PATHS = [
    "/leakage?period=2026-03",
    "/leakage?period=2026-03&disposition=unlinked&reason=client_unknown&client=",
    f"/entry/{entry_id('w4')}",
    f"/entry/{entry_id('w5')}",
]
VIEWS: list[tuple[int, Scheme]] = [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")]


@pytest.fixture(params=VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
def open_page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a path; fails the test when the browser complained about anything."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, base_url=address)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda asked: complaints.append(asked.url))

    def opened(path: str) -> Page:
        page.goto(path)
        return page

    yield opened
    context.close()
    assert not complaints


@pytest.mark.parametrize("path", PATHS)
def test_nothing_scrolls_sideways(open_page: Open, path: str) -> None:
    page = open_page(path)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.querySelectorAll('.figure, td, th')].every(e => e.scrollWidth <= innerWidth)")


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(open_page: Open, path: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(path)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_way_down_and_back(open_page: Open) -> None:
    """Category, client, technician, entry; and back to where it began."""
    page = open_page("/leakage?period=2026-03")
    page.get_by_role("region", name="What leaks, and why").get_by_role("link", name="No contract").click()
    page.get_by_role("region", name="By client").get_by_role("link", name="=cmd()").click()
    page.get_by_role("region", name="By technician").get_by_role("link", name="ann").click()
    page.get_by_role("region", name="Entries").get_by_role("rowheader").get_by_role("link").click()
    assert "75.00 EUR" in page.get_by_role("heading", level=1).inner_text()
    for _ in range(4):
        page.go_back()
    assert page.get_by_role("region", name="Leaking entries").is_visible()


def test_the_keyboard_reaches_the_content_first(open_page: Open) -> None:
    page = open_page("/leakage?period=2026-03")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_another_month_is_chosen_in_the_form(open_page: Open) -> None:
    page = open_page("/leakage?period=2026-03")
    page.get_by_label("Month").select_option("2026-02")
    page.get_by_role("button", name="Show").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Leakage February 2026"
