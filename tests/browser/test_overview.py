"""From the overview to the entries that show a planted loss, by visible links only; and how the pages look."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from jobs.demo.truthfile import Planted, read_truth
from sinks.migrate import migrate
from tests.browser.screens import shoot
from tests.browser.test_leakage import VIEWS, Scheme
from tests.engine_fixture import EngineProcess, fresh_database
from tests.web.conftest import served, settings_of
from tests.web.demo_month import Made, demo_month
from web.show import cash

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.integration]
Open = Callable[..., "Page"]
TICKETS = 700
PAGES = ("overview", "leakage", "entry", "periods", "period", "parked", "parked-item", "unlinked")


@dataclass(frozen=True)
class Demo:
    address: str
    made: Made
    planted: Planted


@pytest.fixture(scope="module")
def demo(engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo month, smaller, in a ledger of its own."""
    made = fresh_database(engine)
    home = tmp_path_factory.mktemp("demo")
    settings = settings_of(made, home / "home").model_copy(update={"tenant": "demo"})
    migrate(settings)
    month = demo_month(settings, home / "files", TICKETS)
    with served(settings) as address:
        yield Demo(address, month, read_truth(home / "files" / "truth.json").planted[0])
    client = made.engine.client()
    client.command(f"DROP DATABASE {made.name}")
    client.close()


@pytest.fixture
def open_page(browser: Browser, demo: Demo) -> Iterator[Open]:
    """Opens a path; fails the test when the browser complained about anything."""
    complaints: list[str] = []
    contexts = []

    def opened(path: str, view: tuple[int, Scheme] = (1280, "light")) -> Page:
        width, scheme = view
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=demo.address
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda asked: complaints.append(asked.url))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def planted_loss(demo: Demo) -> Decimal:
    """Each piece of work of the client, up to whole quarters of an hour, at the rate of the organisation."""
    works = [work for _, work in demo.made.works.values()]
    mine = [one for one in works if one.client == demo.planted.client and one.state == "done" and one.seconds]
    lost = [one for one in mine if one.technician and one.billable is not False]
    return sum((-(-one.seconds // 900) * Decimal(demo.planted.rate) / 4 for one in lost), Decimal(0))


def test_from_the_overview_to_the_planted_loss_in_five_clicks(open_page: Open, demo: Demo) -> None:
    loss = f"{cash(int(planted_loss(demo) * 100), 2)} USD"
    page = open_page("/")
    cause = (
        page.get_by_role("region", name="What to act on").get_by_role("listitem").filter(has_text="no contract at all")
    )
    assert loss in cause.inner_text()
    cause.get_by_role("link").click()
    client = page.get_by_role("region", name="By client").get_by_role("row").filter(has_text=demo.planted.client)
    assert loss in client.inner_text()
    client.get_by_role("link").click()
    people = page.get_by_role("region", name="By technician").locator("tbody tr")
    found = [row.locator("td.strong").inner_text() for row in people.all()]
    assert sum(map(usd, found)) == planted_loss(demo)
    technician = people.first
    share = usd(technician.locator("td.strong").inner_text())
    technician.get_by_role("link").click()
    entries = page.get_by_role("region", name="Entries").locator("tbody tr")
    assert sum(usd(row.locator("td.strong").inner_text()) for row in entries.all()) == share
    risk = entries.first.locator("td.strong").inner_text()
    entries.first.get_by_role("rowheader").get_by_role("link").click()
    assert usd(page.get_by_role("heading", level=1).inner_text()) == usd(risk)
    assert "The client has no contract at all." in page.inner_text("main")


def usd(text: str) -> Decimal:
    found = re.search(r"([\d,]+\.\d\d)\s+USD", text)
    assert found, text
    return Decimal(found[1].replace(",", ""))


def drawn(page: Page) -> Page:
    page.wait_for_function("[...document.querySelectorAll('.chart')].every(one => one.querySelector('canvas'))")
    return page


def busiest(demo: Demo) -> str:
    """The billed entry that rests on most evidence."""
    billed = [one for one in demo.made.rows if one.disposition == "billed"]
    return max(billed, key=lambda one: (len(one.proof), len(one.segments), one.id)).id


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
@pytest.mark.parametrize(
    "name", ["overview", "leakage", "entry", "periods", "period", "parked", "parked-item", "unlinked"]
)
def test_nothing_is_cut_off_and_axe_finds_nothing(
    open_page: Open, demo: Demo, name: str, view: tuple[int, Scheme]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    item = next(iter(demo.made.parked))
    paths = {
        "overview": "/", "leakage": "/leakage", "entry": f"/entry/{busiest(demo)}", "periods": "/periods",
        "period": f"/period?period=2026-03&client={demo.planted.client}", "parked": "/parked",
        "parked-item": f"/parked/{item}", "unlinked": "/unlinked",
    }  # fmt: skip
    page = drawn(open_page(paths[name], view))
    shoot(page, f"{name}-{view[0]}-{view[1]}")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= view[0]
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
