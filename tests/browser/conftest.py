"""The pages in a real Chromium. Only `pytest -m browser` runs these: they need a browser on the machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streams.settings import Settings
from tests.browser.aside import aside
from tests.engine_fixture import database, engine
from tests.kafka_fixture import broker
from tests.web.conftest import month, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["database", "engine", "month"]

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nobody who did not ask for a browser gets one."""
    if "browser" in config.option.markexpr:
        return
    ours = [item for item in items if HERE in item.path.parents]
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="uv sync --group browser installs playwright")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(scope="session")
def kafka() -> str:
    """Bootstrap servers of the broker, whichever of it and the browser is asked for first."""
    return aside(broker).bootstrap


@pytest.fixture(scope="module")
def address(month: Settings) -> Iterator[str]:
    """Where the seeded month is served."""
    with served(month) as found:
        yield found
