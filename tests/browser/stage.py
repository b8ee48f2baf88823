"""Technicians in browsers before the real pipeline. One virtual clock for the pages and the server; nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs import users
from jobs.access import Access
from jobs.demo.load import apply_catalogue
from streams.doors import Door
from streams.models.event import Event
from tests.browser.aside import aside
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import Pipeline, Process
from tests.web.conftest import served
from tests.web.timer_rig import PASSWORD, TENANT, VirtualClock

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


CATALOGUE = """
organisation: {name: Night Shift IT, zone: Europe/Berlin, currency: EUR}
clients: [{id: acme, name: Acme Dental}, {id: birch, name: Birch & Sons}]
technicians:
  - {id: dana, name: Dana Ito, aliases: {meshcentral: [user//dana], tacticalrmm: [dana]}}
  - {id: erin, name: Erin Vale}
devices:
  - {id: ws1, name: Front desk, client: acme, aliases: {meshcentral: [node//ws1], tacticalrmm: [agent1]}}
tickets:
  - {id: T1, title: Printer offline, client: acme, technicians: [dana]}
  - {id: T2, title: Mailbox full, client: birch, technicians: [dana, erin]}
  - {id: T3, title: '<img src=x onerror="document.title=1">', client: acme, technicians: [erin]}
  - {id: T5, title: VPN drops, client: birch}
rate_cards: [{id: standard, lines: [{service: "*", rate: 60}]}]
contracts: [{id: acme-hourly, client: acme}, {id: birch-hourly, client: birch}]
"""


@dataclass
class Stage:
    pipeline: Pipeline
    clock: VirtualClock
    address: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    away: bool = False  # a page without network complains, and may

    def sign_in(self, name: str, width: int = 1280, scheme: Any = "light") -> Page:
        """A browser of their own, signed in, at *My timers*."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=self.address,
            timezone_id="Europe/Berlin", locale="en-GB",
        )  # fmt: skip
        context.clock.install(time=self.clock.ms / 1000 - 1)
        context.clock.pause_at(self.clock.ms / 1000)
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        page = self.tab(context)
        page.goto("/timers")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector(".choice")
        return page

    def tab(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("console", lambda message: self._complain(message.text))
        page.on("pageerror", lambda error: self._complain(f"{error}"))
        return page

    def _complain(self, text: str) -> None:
        if not self.away:
            self.complaints.append(text)

    def pass_time(self, minutes: float) -> None:
        """For the server and every page."""
        self.clock.tick(minutes * 60)
        for context in self.contexts:
            context.clock.fast_forward(round(minutes * 60_000))

    def send(self, *events: Event) -> None:
        async def go() -> None:
            async with Door(self.pipeline.settings) as door:
                await door.send_events(events)

        aside(lambda: asyncio.run(go()))

    def settle(self) -> None:
        aside(self.pipeline.settle)

    def start(self, roles: Iterable[str]) -> list[Process]:
        return [self.pipeline.start(role) for role in roles]


@contextlib.contextmanager
def stage(kafka: str, engine: EngineProcess, home: Path, browser: Browser, at: str) -> Iterator[Stage]:
    """The pipeline runs without its scheduler: that would tell today's date."""
    clock = VirtualClock(at)
    folder = home / "catalogue"
    folder.mkdir(parents=True)
    (folder / "catalogue.yaml").write_text(CATALOGUE)
    pipeline = aside(lambda: Pipeline(kafka, engine, home / "home", TENANT))
    with pipeline:
        aside(lambda: asyncio.run(apply_catalogue(pipeline.settings, folder)))
        access = Access(pipeline.settings)
        for name in ("dana", "erin"):
            users.add(access, name, "technician", TENANT, name, PASSWORD)
        for role in ("worker", "writer"):
            pipeline.start(role)
        with served(pipeline.settings, clock) as address:
            found = Stage(pipeline, clock, address, browser)
            yield found
            for context in found.contexts:
                context.close()
        aside(pipeline.stop_all)
