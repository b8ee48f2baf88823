"""The hand-worked tables and the laws as evidence: pytest's own items, collected once, run in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

FILES = [
    *(f"tests/billing/test_{name}.py" for name in (
        "money", "rounding", "rate", "ratecard", "contracts", "corrections", "statement", "projects", "balance_laws",
        "charge_laws", "price_laws", "rate_laws",
    )),
    "tests/oracle/test_by_hand.py",
    "tests/oracle/test_oracle.py",
]  # fmt: skip
EXAMPLES = 10  # of a law: the same ones in every run
OWN_SETTINGS = "_hypothesis_internal_use_settings"


@dataclass(frozen=True, slots=True)
class Item:
    """One test, with its parameters."""

    name: str
    item: pytest.Item

    def holds(self) -> bool:
        return not any(report.failed for report in runtestprotocol(self.item, log=False, nextitem=None))


class Collected:
    """In place of pytest's loop over the tests: hands them to ``work``, once."""

    def __init__(self, work: Callable[[list[Item]], int]) -> None:
        self._work = work
        self.code = 2

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.code = self._work(list(_items(session)))
        return True


def with_items(work: Callable[[list[Item]], int]) -> int:
    """Collect the tests and run ``work`` with them inside of pytest's session; what ``work`` returned."""
    plugin = Collected(work)
    options = ["-qq", "-s", "--assert=plain", "-p", "no:xdist", "-m", "not integration"]
    pytest.main([*options, *FILES], plugins=[plugin])
    return plugin.code


def _items(session: pytest.Session) -> Iterator[Item]:
    limited: set[int] = set()
    for item in session.items:
        test = getattr(item, "function", None)
        own = getattr(test, OWN_SETTINGS, None)
        if own is not None and id(test) not in limited:
            limited.add(id(test))
            setattr(test, OWN_SETTINGS, _few(own))
        yield Item(item.nodeid, item)


def _few(own: settings) -> settings:
    """A law over a fixed small set of examples; the first that breaks it is enough."""
    return settings(
        parent=own,
        max_examples=min(EXAMPLES, own.max_examples),
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
    )
