"""The kernel and the separate program agree on every row: small random worlds first, then whole months."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from streams.models.event import Event
from tests.oracle.book import read_folder
from tests.oracle.demo import demo_month
from tests.oracle.kernel import kernel_entries, kernel_ledger
from tests.oracle.oracle import Key, Line, ledger
from tests.oracle.pairing import Interval, intervals
from tests.oracle.worlds import SmallWorld, worlds

SHOWN = 5  # rows that differ, in a message


def differences(oracle: dict[Key, Line], kernel: dict[Key, Line], events: list[Event]) -> str:
    """Side by side, with the evidence beneath; empty where the two agree."""
    keys = [key for key in sorted(oracle.keys() | kernel.keys()) if oracle.get(key) != kernel.get(key)]
    if not keys:
        return ""
    evidence = {interval.id: interval for interval in intervals(events)}
    lines = [f"{len(keys)} of {len(oracle.keys() | kernel.keys())} rows differ"]
    for key in keys[:SHOWN]:
        lines += [f"\n{' '.join(key)}", f"  {'':18} {'oracle':45} kernel"]
        ours, theirs = oracle.get(key, {}), kernel.get(key, {})
        for name in ours | theirs:
            sign = " " if ours.get(name) == theirs.get(name) else "≠"
            lines.append(f"{sign} {name:18} {ours.get(name)!s:45} {theirs.get(name)}")
        lines += _proof(evidence.get(key[2]))
    return "\n".join(lines)


def _proof(interval: Interval | None) -> list[str]:
    if interval is None:
        return ["  (no interval)"]
    return [
        f"    {e.phase:9} {e.at or ''} {e.started_at or ''}–{e.ended_at or ''} rev {e.revision} {e.technician} "
        f"{e.device} {e.ticket}"
        for e in interval.evidence
    ]


def agree(world: SmallWorld) -> str:
    entries = kernel_entries(world.events, world.catalogue, mark=world.mark)
    ours = ledger(world.events, world.catalogue, mark=world.mark)
    return differences(ours, kernel_ledger(entries.values()), world.events)


@given(worlds())
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_small_worlds_come_out_alike(world: SmallWorld) -> None:
    found = agree(world)
    assert not found, found


@pytest.mark.parametrize("seed", [7, 8])
def test_a_month_of_a_service_desk_comes_out_alike(tmp_path: Path, seed: int) -> None:
    """About 15,000 events, 5,500 rows."""
    month = demo_month(tmp_path, seed)
    catalogue = read_folder(month.catalogue)
    mark = max(event.at or event.started_at or 0 for event in month.events) // 1000 + 3 * 86400
    ours = ledger(month.events, catalogue, month.directory, mark)
    theirs = kernel_ledger(kernel_entries(month.events, catalogue, month.directory, mark).values())
    found = differences(ours, theirs, month.events)
    assert not found, found
    assert len(ours) > 5000
