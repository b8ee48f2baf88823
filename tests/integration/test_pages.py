"""The demo month, as the real pipeline wrote it: page = API = CSV = SQL, to the cent and the second."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from jobs.demo.truthfile import read_truth
from tests.integration.conftest import Reference
from tests.web.conftest import served
from tests.web.test_leakage_page import LEAKS, long_hours, tile
from web.show import cash

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
PERIOD = "2026-03"
Money = dict[str, Decimal]


@pytest.fixture(scope="module")
def pages(reference: Reference) -> Iterator[httpx.Client]:
    with (
        served(reference.pipeline.settings) as address,
        httpx.Client(base_url=address, timeout=120, trust_env=False) as client,
    ):
        yield client


def sql(reference: Reference, what: str, where: str = "1") -> list[dict[str, Any]]:
    """From the rows themselves, by no view and no code of the pages."""
    return reference.pipeline.query(
        f"SELECT {what} FROM entries FINAL WHERE void = 0 AND tenant = 'demo' AND period = '{PERIOD}' "
        f"AND disposition NOT IN ('absorbed', 'void') AND {where}"
    )


def by_sql(reference: Reference) -> dict[str, Money]:
    """Amounts by currency: billed, recovered, leaking. No row of the demo is billed in part."""
    kinds = {
        "billed": ("currency", "amount", "disposition = 'billed'"),
        "recovered_billed": ("currency", "amount", "disposition = 'billed' AND recovered"),
        "at_risk": ("risk_currency", "risk_amount", LEAKS),
    }
    return {
        name: {
            row["money"]: Decimal(row["total"]).scaleb(-row["places"])
            for row in sql(reference, f"{currency} AS money, sum({amount}) AS total, any(exponent) AS places",
                           f"{where} AND {currency} != '' GROUP BY money HAVING total != 0")
        }
        for name, (currency, amount, where) in kinds.items()
    }  # fmt: skip


def test_page_api_csv_and_sql_agree_to_the_cent(reference: Reference, pages: httpx.Client) -> None:
    expected = by_sql(reference)
    assert all(expected.values())
    (seconds,) = sql(reference, "sum(worked_seconds) AS worked, sum(quantity_seconds) AS quantity, count() AS n")
    assert not sql(reference, "id", "arrayExists(one -> one != '', `segments.disposition`)")
    query = f"?tenant=demo&period={PERIOD}"
    for path in ("/", "/leakage"):
        html = pages.get(path + query).text
        assert long_hours(seconds["worked"]) in tile(html, "Worked")
        for name, kind in (("Billed", "billed"), ("Recovered", "recovered_billed"), ("Leaking", "at_risk")):
            for currency, amount in expected[kind].items():
                assert f"{cash(int(amount * 100), 2)} {currency}" in tile(html, name)
    for path in ("/api/leakage.json", "/api/overview.json"):
        total = pages.get(path + query).json()["total"]
        assert {kind: amounts(total[kind]) for kind in expected} == expected
        assert (total["worked_seconds"], total["quantity_seconds"], total["entries"]) == tuple(seconds.values())
    for table in ("dispositions", "clients", "technicians"):
        rows = list(csv.DictReader(io.StringIO(pages.get(f"/leakage.csv{query}&table={table}").text)))
        assert sum(int(row["worked_seconds"]) for row in rows) == seconds["worked"]
        for kind in ("billed", "recovered_billed") + (() if table == "dispositions" else ("at_risk",)):
            assert {name: summed(rows, f"{kind}_{name}") for name in expected[kind]} == expected[kind]
    days = list(csv.DictReader(io.StringIO(pages.get(f"/overview.csv{query}").text)))
    assert {name: summed(days, f"at_risk_{name}") for name in expected["at_risk"]} == expected["at_risk"]
    entries = list(csv.DictReader(io.StringIO(pages.get(f"/leakage.csv{query}&table=entries").text)))
    assert by_entry(entries) == expected["at_risk"]


def test_statements_add_up_to_the_month(reference: Reference, pages: httpx.Client) -> None:
    rows = list(csv.DictReader(io.StringIO(pages.get(f"/periods.csv?tenant=demo&period={PERIOD}").text)))
    assert {row["state"] for row in rows} == {"soft"}
    found: Money = {}
    for row in rows:
        if row["amount"]:
            found[row["currency"]] = found.get(row["currency"], Decimal(0)) + Decimal(row["amount"])
    assert {name: amount for name, amount in found.items() if amount} == by_sql(reference)["billed"]


def test_the_planted_loss_is_what_the_page_says(reference: Reference, pages: httpx.Client) -> None:
    """Quarters of an hour of the client without a contract, from the work itself, at the organisation's rate."""
    (planted,) = read_truth(reference.month.folder / "truth.json").planted
    (lost,) = reference.pipeline.query(
        "SELECT sum(intDiv(seconds + 899, 900)) AS quarters FROM work_live "
        f"WHERE tenant = 'demo' AND client = '{planted.client}' AND state = 'done' AND technician != '' "
        "AND (billable IS NULL OR billable)"
    )
    asked = f"tenant=demo&period=all&disposition={planted.disposition}&reason={planted.reason}"
    (row,) = pages.get(f"/api/leakage.json?{asked}&table=clients").json()["clients"]
    assert row["client"] == planted.client
    assert amounts(row["at_risk"]) == {"USD": Decimal(lost["quarters"]) * Decimal(planted.rate) / 4}


def amounts(found: list[dict[str, str]]) -> Money:
    return {one["currency"]: Decimal(one["amount"]) for one in found}


def summed(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


def by_entry(rows: list[dict[str, str]]) -> Money:
    found: Money = {}
    for row in rows:
        if row["at_risk"] and Decimal(row["at_risk"]):
            found[row["at_risk_currency"]] = found.get(row["at_risk_currency"], Decimal(0)) + Decimal(row["at_risk"])
    return found
