"""Signing in and out in a real browser: its cookies, its Origin header and our policy have to agree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs import users
from jobs.access import Access
from streams.settings import Settings
from tests.browser.test_leakage import VIEWS, Scheme
from tests.engine_fixture import READER_PASSWORD
from tests.web.conftest import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.integration]
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def guarded(month: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The seeded month, with a user: the address."""
    home = tmp_path_factory.mktemp("guarded")
    (home / "secrets").mkdir()
    (home / "secrets" / "reader.password").write_text(READER_PASSWORD)
    settings = month.model_copy(update={"home": home})
    users.add(Access(settings), "dana", "finance", "main", "", PASSWORD)
    with served(settings) as address:
        yield address


@pytest.fixture
def page(browser: Browser, guarded: str) -> Iterator[Page]:
    context = browser.new_context(base_url=guarded)
    yield context.new_page()
    context.close()


def test_somebody_signs_in_by_keyboard_reads_and_signs_out(page: Page) -> None:
    page.goto("/leakage?period=2026-03&client=acme")
    assert "/sign-in?next=" in page.url
    page.keyboard.type("dana")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.locator("#name").input_value() == "dana"
    assert page.evaluate("document.activeElement.id") == "password"
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/leakage?period=2026-03&client=acme")
    assert page.context.cookies()[0].get("httpOnly")
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto("/leakage")
    assert "/sign-in" in page.url


def test_a_page_elsewhere_cannot_act_for_somebody_signed_in(page: Page, guarded: str, tmp_path: Path) -> None:
    page.goto("/sign-in")
    page.fill("#name", "dana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    trap = tmp_path / "trap.html"
    trap.write_text(f'<form method="post" action="{guarded}/sign-out"><button>win a prize</button></form>')
    page.goto(trap.as_uri())
    page.get_by_role("button").click()
    page.get_by_role("heading", name="Not signed in").wait_for()  # the browser kept the cookie back
    page.goto(f"{guarded}/leakage")
    assert "/sign-in" not in page.url, "still signed in"


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, guarded: str, width: int, scheme: Scheme
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, base_url=guarded)
    page = context.new_page()
    page.goto("/sign-in")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if shots := os.environ.get("EVERYMINUTE_SHOTS"):
        page.screenshot(path=f"{shots}/sign-in-{width}-{scheme}.png")
    context.close()
