"""The generated pages of docs/: settings, park reasons, exit codes. `make docs` writes them; a house test compares."""

from __future__ import annotations

from pathlib import Path

from streams.models.parked import MEANING
from streams.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"
NOTE = "<!-- Made by `make docs`. Edit the source that the page names, not the page. -->\n"


def settings_page() -> str:
    """Every setting with its default, from streams/settings.py."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if default in (None, "") or "Secret" in type(default).__name__ else f"`{default}`"
        rows.append(f"| `EVERYMINUTE_{name.upper()}` | {shown} | {field.description} |")
    head = "# Settings\n\nRead once, at start, from the environment (source: `streams/settings.py`).\n\n"
    return NOTE + head + "| variable | default | what it does |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def reasons_page() -> str:
    """Every park reason, from streams/models/parked.py."""
    head = (
        "# Why something is parked\n\nNothing that arrives is lost: what cannot go on is kept with its exact bytes, "
        "where it came from, and what to do. `everyminute parked list` shows the items, `parked show ID` one of them, "
        "`parked replay ID` sends it again (source: `streams/models/parked.py`).\n\n"
    )
    rows = [f"| `{reason}` | {meaning} | {remedy} |" for reason, (meaning, remedy) in MEANING.items()]
    return NOTE + head + "| reason | what it means | what to do |\n|---|---|---|\n" + "\n".join(rows) + "\n"


PAGES = {"settings.md": settings_page, "reasons.md": reasons_page}


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
