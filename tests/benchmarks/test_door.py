"""The harness of the door: its events are real, its sums right, and what it sends is stored. No timing."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.door.__main__ import Figures, at, catalogue, figures
from benchmarks.door.load import TENANTS, Answers, make, send
from benchmarks.door.watch import Ledger
from jobs.catalog_load import load_folders
from jobs.tokens import create
from streams.models.cloudevent import decode_cloudevent
from streams.models.event import Event
from streams.topics import EVENTS
from tests.kafka_fixture import kafka
from tests.web.door import door

__all__ = ["kafka"]


def test_the_events_are_real_and_each_is_work_of_its_own() -> None:
    made = [decode_cloudevent("main", one.body) for one in make(500, ["t"] * TENANTS)]
    events = [one for one in made if isinstance(one, Event)]
    assert len({one.id for one in events}) == 500
    assert make(10, ["t"] * TENANTS, 40) == make(50, ["t"] * TENANTS)[40:]


def test_its_catalogue_has_no_errors(tmp_path: Path) -> None:
    catalogue(tmp_path / "made")
    assert not load_folders([tmp_path / "made"]).problems


def test_the_bar_is_missed_by_anything_lost_refused_or_late() -> None:
    good = Figures(3, [], 0, [0.1] * 100, [1.0] * 100, {})
    assert good.met
    assert not Figures(3, ["503"], 0, good.door, good.visible, {}).met
    assert not Figures(3, [], 1, good.door, good.visible, {}).met
    assert not Figures(3, [], 0, [*good.door, 0.2, 0.2], good.visible, {}).met
    assert not Figures(3, [], 0, good.door, [*good.visible, 2.1, 2.1], {}).met
    assert not Figures(0, [], 0, [], [], {}).met
    assert at([3.0, 1.0, 2.0], 0.5) == 2.0


def test_what_is_late_counts_from_when_it_was_due() -> None:
    answers, ledger = Answers({"a": 10.0, "b": 11.0}, {"a": 0.1}, ["503"]), Ledger("", "", {"a": 12.5, "b": 20.0})
    found = figures(answers, ledger, {"c"}, {})
    assert (found.sent, found.failed, found.lost, found.door, found.visible) == (2, ["503"], 1, [0.1], [2.5])


@pytest.mark.integration
def test_what_it_sends_is_stored(kafka: str, tmp_path: Path) -> None:
    with door(kafka, f"b{uuid.uuid4().hex[:10]}.", tmp_path) as rig:
        tokens = [create(rig.access, "bench", f"t{number}", ("events:write",)) for number in range(TENANTS)]
        assert rig.client.base_url.port is not None
        sendings = make(60, tokens)
        answers = asyncio.run(send(rig.client.base_url.port, [*sendings, replace(sendings[0], token="em_x_y")], 500.0))
        assert set(answers.late) == {one.name for one in sendings}
        assert [text[:3] for text in answers.failed] == ["401"]
        assert len(rig.records(*EVENTS)) == 60
