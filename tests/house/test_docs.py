"""Every setting and every park reason is documented, and the generated pages are up to date."""

from typing import get_args

import pytest

from jobs.reference import DOCS, PAGES
from streams.models.parked import MEANING, Reason
from streams.settings import Settings


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_says_what_its_source_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_park_reason_has_a_meaning_and_a_remedy() -> None:
    assert set(MEANING) == set(get_args(Reason))
    assert all(meaning and remedy for meaning, remedy in MEANING.values())


def test_every_setting_is_described() -> None:
    assert not [name for name, field in Settings.model_fields.items() if not field.description]
