"""Random prepaid contracts and histories: the kernel against a program that counts days and seconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from billing.contracts.standing import Standing
from billing.rate import RateState
from streams.models.catalog import CatalogObject, Client, Contract, Organisation, RateCard, RateLine, Technician
from streams.models.entry import Entry
from streams.models.fact import Fact
from tests.billing.rate_kit import TENANT, release_facts, work, work_fact
from tests.oracle import balances
from tests.oracle.balances import Told

Plain = dict[str, Any]
FIRST = date(2026, 1, 10)
FACTORS = {"ann": Fraction(1), "bob": Fraction(2), "cid": Fraction(1, 2), "dee": Fraction("1.3")}
WORLDS = 60


def a_contract(dice: Random) -> Plain:
    def some(*values: Any) -> Any:
        return dice.choice(values)

    def day(low: int, high: int) -> date:
        return FIRST + timedelta(dice.randint(low, high))

    lots = []
    for number in range(dice.randint(0, 3)):
        begins = day(-20, 90)
        lot = {"id": f"l{number}", "from": begins, "hours": some("0.01", "0.05", "0.033"), "priority": some(0, 0, 1),
               "granted": some(True, False)}  # fmt: skip
        lots.append(lot | ({"until": begins + timedelta(dice.randint(1, 60))} if dice.random() < 0.6 else {}))
    plain: Plain = {
        "kind": some("block_hours", "retainer"), "from": day(-10, 0), "lots": lots, "cycle_day": some(1, 5, 28),
        "current_first": some(True, False), "overage_rate": "90", "overrun_percent": some("50", "20", "100"),
        "on_exhausted": some("overage", "hold", "overrun_limit", "carry_debt", "carry_debt"),
    }  # fmt: skip
    if dice.random() < 0.3:
        plain["until"] = day(60, 110)
    if plain["kind"] == "retainer":
        plain["included_hours"] = some("0.02", "0.05", "0.1")
        plain["rollover"] = some(
            None, {}, {"periods": 1}, {"periods": 2, "max_hours": "0.03"}, {"max_hours": "0.06", "min_hours": "0.01"},
            {"above_hours": "0.05"},
        )  # fmt: skip
        if plain["on_exhausted"] == "carry_debt" and dice.random() < 0.5:
            plain["minimum_available_hours"] = "0.01"
    return {name: value for name, value in plain.items() if value is not None}


def kernel(plain: Plain, pieces: list[tuple[str, date, int, int, str]], until: date) -> tuple[list[Entry], Standing]:
    given = {**plain, "id": "k", "client": "acme", "drawdown": {"roles": {"r2": 2, "r05": "0.5", "r13": "1.3"}}}
    objects: list[CatalogObject] = [
        Organisation(zone="UTC"),
        Client(id="acme"),
        RateCard(id="base", lines=[RateLine(rate=Decimal(100))]),
        Technician(id="bob", role="r2"),
        Technician(id="cid", role="r05"),
        Technician(id="dee", role="r13"),
        Contract.model_validate(given),
        Contract.model_validate({"id": "later", "client": "acme", "from": plain.get("until") or date(2030, 1, 1)}),
    ]
    facts: list[Fact] = []
    for name, day, start, seconds, who in pieces:
        begins = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + start
        facts.append(work_fact(work(name, (begins, begins + seconds), technician=who)))
    state = RateState(TENANT, 0)
    rows: dict[str, Entry] = {}
    for batch in (release_facts(objects), facts[::2], facts[1::2]):
        for _, entry in state.step(batch).outputs:
            rows[entry.identity.work] = entry
    at = int(datetime(until.year, until.month, until.day, tzinfo=UTC).timestamp())
    (standing,) = state.balances(at)
    return [rows[name] for name, *_ in pieces], standing


def told(row: Entry) -> Told:
    found = Told()
    for one in row.segments:
        what = one.disposition or row.disposition
        if what == "covered":
            name = one.lot.removeprefix("k/")
            found.covered[name] = found.covered.get(name, 0) + one.billed_seconds
        elif what == "billed":
            found.billed += one.billed_seconds
        else:
            found.held += one.billed_seconds
    return found


@pytest.mark.parametrize("seed", range(WORLDS))
def test_the_kernel_draws_as_one_who_counts_seconds(seed: int) -> None:
    dice = Random(seed)
    plain = a_contract(dice)
    last = min(FIRST + timedelta(100), plain.get("until", date(2030, 1, 1)) - timedelta(1))
    pieces = sorted(
        (f"w{n:02}", FIRST + timedelta(dice.randint(0, (last - FIRST).days)), n * 1800, dice.randint(1, 260),
         dice.choice(sorted(FACTORS)))
        for n in range(dice.randint(1, 14))
    )  # fmt: skip
    pieces.sort(key=lambda one: (one[1], one[2]))
    rows, standing = kernel(plain, pieces, FIRST + timedelta(130))
    slow = balances.Contract(plain, pieces[0][1])
    for (_, day, _, seconds, who), row in zip(pieces, rows, strict=True):
        assert told(row) == slow.work(day, seconds, FACTORS[who]), (plain, pieces, row)
    slow.until(FIRST + timedelta(130))
    held = {lot.name: (lot.size, lot.left, lot.lost, lot.paid_back) for lot in [*slow.past, *slow.lots]}
    ours = {
        lot.id.removeprefix("k/"): (lot.size, lot.left, lot.expired + lot.forfeited, lot.offset)
        for lot in standing.lots
    }
    assert ours == held
    owed = [event for event in standing.events if event.what == "overage"]
    assert sum((event.quantity for event in owed), Fraction(0)) == slow.invoiced[0]
    assert sum((event.value or Fraction(0) for event in owed), Fraction(0)) == slow.invoiced[1]
    assert standing.owed == sum((units for units, _ in slow.owed), Fraction(0))
