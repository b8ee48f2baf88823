"""Screenshots, made by the tests and looked at by people: build/screens/."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCREENS = Path(os.environ.get("EVERYMINUTE_SCREENS") or Path(__file__).parents[2] / "build" / "screens")


def shoot(page: Page, name: str) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
