"""*My timers* as a person meets it: nothing cut off, enough contrast, by keyboard alone, and plain about trouble."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from streams.models.event import Ref
from streams.models.interval import Interval
from streams.models.work import Proof, Work
from streams.topics import LINK_LOG, RATE_LOG
from tests.browser.aside import aside
from tests.browser.screens import shoot
from tests.browser.test_leakage import VIEWS, Scheme
from tests.engine_fixture import until
from tests.web.timer_rig import ATTACK, PASSWORD, TimerRig, fact_of, timer_rig

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.integration]
SignIn = Callable[..., "Page"]


@pytest.fixture(scope="module")
def rig(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimerRig]:
    """Dana's busy day, and Erin's empty one."""
    opened = timer_rig(kafka, f"b{uuid.uuid4().hex[:8]}.", tmp_path_factory.mktemp("page"), "2026-03-01T08:00:00+00:00")
    found = aside(opened.__enter__)
    aside(lambda: busy(found))
    yield found
    aside(lambda: opened.__exit__(None, None, None))


def busy(rig: TimerRig) -> None:
    clock = rig.clock
    with rig.program("dana") as dana:
        began = clock.ms // 1000
        lost = dana.act("start", "forgotten", ticket="T2")["current"][0]["activity"]
        clock.tick(25 * 3600)
        dana.act("start", "timer-one", ticket="T1", note="The toner was empty")
        clock.tick(3600)
        dana.act("switch", "timer-two", ticket="T2")
        clock.tick(1800)
        dana.act("switch", "timer-three", ticket="~desk:main:77")
        clock.tick(2500)
        dana.act("stop", "timer-three", "s")
        at = clock.ms // 1000
        works = [
            Work(tenant="main", id=lost, kind="ticket_timer", technician="dana", client="birch", ticket="T2",
                 spans=((began, began + 2520),), flags=("estimated_end",)),
            session("s1", "done", ((at - 3000, at - 2100),), client="acme", ticket="T1", device="ws1"),
            session("s2", "running", ((at - 300, at),), client="birch", ticket="T2"),
            session("s3", "done", ((at - 9000, at - 8400),), reason="client_unknown"),
        ]  # fmt: skip
        rig.send(RATE_LOG, [fact_of("work", one.id, 1, one) for one in works])
        run = Interval(
            tenant="main", id="run", source="mesh:1", kind="script_run", technician=Ref("d.ito"), close="interval",
            device=Ref("node//ws1"), start=at - 60, end=at - 20, spans=((at - 60, at - 20),),
        )  # fmt: skip
        rig.send(LINK_LOG, [fact_of("interval", "run", 1, run)])
        clock.tick(900)
        dana.act("start", "timer-four", ticket="T4")
        clock.tick(1234)


def session(id_: str, state: Any, spans: tuple[tuple[int, int], ...], **about: Any) -> Work:
    proof = (Proof(f"i{id_}", "meshcentral:hq", "remote_session", 1),)
    return Work(
        tenant="main", id=id_, state=state, kind="remote_session", technician="dana", spans=spans, proof=proof, **about
    )


@pytest.fixture
def sign_in(browser: Browser, rig: TimerRig) -> Iterator[SignIn]:
    """Opens *My timers*; fails the test when the browser complained about anything."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(name: str, view: tuple[int, Scheme] = (1280, "light"), path: str = "/timers") -> Page:
        context = browser.new_context(
            viewport={"width": view[0], "height": 800}, color_scheme=view[1], base_url=rig.address,
            timezone_id="Europe/Berlin", locale="en-GB",
        )  # fmt: skip
        context.clock.install(time=rig.clock.ms / 1000 - 1)
        context.clock.pause_at(rig.clock.ms / 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def loaded(page: Page) -> Page:
    page.wait_for_selector(".choice")
    until(20, lambda: "Loading" not in page.inner_text("main"), "the day is there")
    return page


@pytest.mark.parametrize("name", ["dana", "erin"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
def test_nothing_is_cut_off_and_axe_finds_nothing(sign_in: SignIn, name: str, view: tuple[int, Scheme]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = loaded(sign_in(name, view))
    assert page.evaluate("document.documentElement.scrollWidth") <= view[0]
    shoot(page, f"timers-{'busy' if name == 'dana' else 'empty'}-{view[0]}-{view[1]}")
    page.context.clock.resume()  # axe waits with the page's own timers
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if name == "dana":
        page.get_by_role("button", name="Correct: T1 Printer offline").click()
        shoot(page, f"timers-correct-{view[0]}-{view[1]}")
        found = axe.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_what_a_technician_sees(sign_in: SignIn) -> None:
    page = loaded(sign_in("dana"))
    assert page.text_content("#current-title") == f"T4 {ATTACK}"
    assert page.locator("main img").count() == 0
    assert page.text_content("#current-clock") == "0:20:34"
    assert page.title().startswith("0:20 T4")
    forgotten = page.text_content("#forgotten") or ""
    assert "Started Sunday 1 March at 09:00. It seems to have ended at 09:42" in forgotten
    day = page.locator("#day > li .name").all_inner_texts()
    assert day == [f"T4 {ATTACK}", "48213 VPN drops", "T2 Mailbox full", "T1 Printer offline", "T2 Mailbox full"]
    captured = page.locator("#captured > li").all_inner_texts()
    assert len(captured) == 4
    assert "Front desk" in captured[1]
    assert "not linked yet" in captured[0]


def test_the_keyboard_does_it_all_and_can_be_turned_off(sign_in: SignIn) -> None:
    page = loaded(sign_in("erin"))
    page.context.clock.resume()
    page.keyboard.press("/")
    page.keyboard.type("vpn")
    until(20, lambda: page.locator("#choices .choice").count() == 2, "found, and the number as typed")
    page.keyboard.press("Enter")
    title = page.locator("#current-title")
    until(20, lambda: title.inner_text() == "48213 VPN drops", "it runs")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    until(20, lambda: page.text_content("#current-state") == "Nothing runs", "it waits")
    page.keyboard.press("p")
    until(20, lambda: title.inner_text() == "48213 VPN drops", "it goes on")
    page.keyboard.press("n")
    page.keyboard.type("on the phone")
    page.keyboard.press("Escape")
    until(20, lambda: "on the phone" in page.inner_text("#day"), "the note stands beside it")
    page.get_by_label("on", exact=True).uncheck()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("s")
    assert title.inner_text() == "48213 VPN drops"
    page.get_by_label("on", exact=True).check()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("s")
    until(20, lambda: page.text_content("#current-state") == "Nothing runs", "it is stopped")
    waiting = "Object.entries(localStorage).filter(([k]) => k.endsWith('.actions')).every(([, v]) => v === '[]')"
    until(20, lambda: page.evaluate(waiting), "all is saved")


def test_a_timer_without_a_ticket_takes_the_next_one_that_is_clicked(sign_in: SignIn) -> None:
    page = loaded(sign_in("erin"))
    page.get_by_role("button", name="Start now, choose later").click()
    until(20, lambda: "no ticket yet" in page.inner_text("#current-title"), "it runs on nothing")
    page.locator(".choice", has_text="Mailbox full").click()
    until(20, lambda: page.inner_text("#current-title") == "T2 Mailbox full", "it took the ticket")
    assert page.locator("#day > li").filter(has_text="Mailbox full").count() == 1
    page.keyboard.press("s")
    until(20, lambda: page.text_content("#current-state") == "Nothing runs", "it is stopped")


def test_the_hour_that_comes_twice_is_asked_for(sign_in: SignIn) -> None:
    """And the one that never was is refused."""
    page = loaded(sign_in("dana"))
    page.get_by_role("button", name="Correct: T1 Printer offline").click()
    page.get_by_label("Started").fill("2025-10-26T02:30:00")
    options = page.locator("#correct-twice label").all_inner_texts()
    assert options == ["Started 02:30 CEST", "Started 02:30 CET"]
    page.get_by_label("Started", exact=False).first.fill("2025-03-30T02:30:00")
    page.get_by_role("button", name="Correct it").click()
    assert "did not exist that day" in page.inner_text("#correct-fault")
    page.get_by_role("button", name="Leave it").click()


def test_whoever_keeps_no_timers_is_told_why_and_an_admin_chooses(sign_in: SignIn) -> None:
    page = sign_in("boss", path="/timers")
    page.wait_for_selector("text=Whose timers?")
    page.get_by_label("Technician").select_option("dana")
    page.get_by_role("button", name="Show").click()
    loaded(page)
    assert page.text_content("#who") == "Dana Ito"
