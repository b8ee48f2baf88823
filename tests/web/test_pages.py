"""The entry page, what the pages answer when something is missing, and what stands before them all."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import httpx
import pytest

from sinks.clickhouse import ClickHouseSink
from sinks.rows import entry_row
from sinks.tables import ENTRIES
from streams.settings import Settings
from tests.sinks import builders
from tests.web.conftest import pages_of
from tests.web.seed import MONTH, entry_id, write
from tests.web.test_leakage_page import seen, tile
from web.ledger import as_reader
from web.show import cash, hours, month, share
from web.words import LEAKS, REASONS, TITLES

pytestmark = pytest.mark.integration


def test_an_entry_says_why_it_has_its_amount(pages: httpx.Client) -> None:
    answer = pages.get(f"/entry/{entry_id('w1')}?tenant=main")
    text = seen(answer.text)
    assert answer.status_code == 200
    assert "75.00 EUR" in text
    assert "Worked 0:25:00 + rounding 0:05:00 = 0:30:00 h" in text
    assert "25 min → 30 min up15" in text
    assert "Remote session from meshcentral:mesh1: 0:25:00 h" in text
    assert "2026-02-28 19:00 to 2026-02-28 19:25 America/New_York" in text
    assert '<time datetime="2026-03-01T00:00:00Z">' in answer.text


def test_a_leaking_entry_says_what_to_do(pages: httpx.Client) -> None:
    text = seen(pages.get(f"/entry/{entry_id('w5')}?tenant=main").text)
    assert "75.00 EUR at risk" in text
    assert "Add the device, or an alias of the client, to the catalogue." in text
    assert "the end is inferred from the last sign of activity" in text


def test_an_entry_has_its_json(pages: httpx.Client) -> None:
    found = pages.get(f"/api/entry/{entry_id('w4')}.json?tenant=main").json()
    assert found["amount"] == 12345678
    assert found["amount_text"] == "12345678"
    assert [one["id"] for one in found["intervals"]] == ["i-w4"]


def test_the_first_digits_lead_to_the_entry(pages: httpx.Client) -> None:
    whole = entry_id("w1")
    answer = pages.get(f"/entry/{whole[:13]}")
    assert answer.headers["location"] == f"/entry/{whole}?tenant=main"


def test_an_entry_of_another_tenant_is_not_there(pages: httpx.Client) -> None:
    assert pages.get(f"/entry/{entry_id('other')}?tenant=main").status_code == 404
    assert pages.get(f"/entry/{entry_id('other')}?tenant=second").status_code == 200


def test_an_entry_that_no_longer_holds_says_so(empty: Settings) -> None:
    sink = ClickHouseSink(empty)
    sink.write(ENTRIES, [entry_row(MONTH[0]), entry_row(builders.void())])
    sink.close()
    answer = pages_of(empty).get(f"/entry/{MONTH[0].id}")
    assert answer.status_code == 404
    assert "no longer holds" in seen(answer.text)


@pytest.mark.parametrize(
    ("path", "help_"),
    [
        ("/leakage?period=2020-01", "The ledger of main has no entry in 2020-01. March 2026"),
        ("/leakage?period=march", "A month is written as 2026-03."),
        ("/leakage?tenant=nobody", "There is no tenant nobody in this ledger. Leakage of main"),
        ("/leakage?tenant=%3Cb%3E", "There is no tenant of that name"),
        ("/entry/00000000-0000-0000-0000-000000000000", "has no entry of that id"),
        ("/entry/%3Cscript%3E", "has no entry of that id"),
        ("/nowhere", "Nothing is at this address."),
    ],
)
def test_what_is_not_there_gets_a_page_that_helps(pages: httpx.Client, path: str, help_: str) -> None:
    answer = pages.get(path)
    assert answer.status_code == 404
    assert help_ in seen(answer.text)
    assert answer.headers["content-security-policy"]


def test_the_api_says_it_in_json(pages: httpx.Client) -> None:
    answer = pages.get("/api/leakage.json?period=2020-01")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Nothing in this month"
    assert answer.json()["detail"] == "The ledger of main has no entry in 2020-01."
    assert pages.get("/api/leakage.json?page=0").status_code == 422


def test_an_empty_ledger_says_how_to_begin(empty: Settings) -> None:
    answer = pages_of(empty).get("/leakage")
    assert answer.status_code == 200
    assert "No entry yet for main" in seen(answer.text)
    assert "everyminute demo load" in answer.text
    assert pages_of(empty).get("/api/leakage.json").json()["total"]["entries"] == 0
    assert pages_of(empty).get("/leakage.csv?table=clients").text.startswith("entries,")


def test_without_tables_the_page_says_how_to_make_them(empty: Settings) -> None:
    answer = pages_of(empty.model_copy(update={"clickhouse_database": "not_made"})).get("/leakage")
    assert answer.status_code == 503
    assert "python -m sinks.migrate" in answer.text


def test_without_an_engine_the_page_says_what_to_start(tmp_path: Path) -> None:
    pages = pages_of(Settings(home=tmp_path, clickhouse_port=1))
    answer = pages.get("/leakage")
    assert answer.status_code == 503
    assert "No ClickHouse answers at 127.0.0.1:1" in seen(answer.text)
    assert pages.get("/api/leakage.json").status_code == 503
    assert pages.get("/healthz").json() == {"status": "ok"}, "the process itself is well"


def test_the_demo_shows_how_well_sessions_were_linked(empty: Settings) -> None:
    write(empty, MONTH)
    paths = [{"path": "timer", "linked": 10, "right": 9}]
    accuracy = {"sessions": 12, "ambiguous": 3, "ticketed": 11, "recall": "81.8 %", "precision": "90.0 %"}
    summary = empty.home / "demo" / "summary.json"
    summary.parent.mkdir()
    summary.write_text(json.dumps({"instance": "mesh1", "accuracy": accuracy | {"paths": paths}}))
    assert "81.8 % were linked to it (recall)" in seen(pages_of(empty).get("/leakage").text)
    summary.write_text(json.dumps({"instance": "another", "accuracy": accuracy | {"paths": paths}}))
    assert "recall" not in pages_of(empty).get("/leakage").text, "measured on data this tenant does not hold"
    summary.write_text("{")
    assert pages_of(empty).get("/leakage").status_code == 200


def test_pages_read_as_the_user_that_cannot_write(month: Settings, tmp_path: Path) -> None:
    assert as_reader(month).clickhouse_user == "reader"
    assert as_reader(month.model_copy(update={"home": tmp_path})).clickhouse_user == "default"
    elsewhere = month.model_copy(update={"clickhouse_host": "clickhouse.example"})
    assert as_reader(elsewhere).clickhouse_user == "default"


@pytest.mark.parametrize("path", ["/leakage", "/nowhere", "/static/style.css", "/api/leakage.json", "/healthz"])
def test_every_answer_tells_the_browser_what_it_may_not_do(pages: httpx.Client, path: str) -> None:
    headers = pages.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("max-age=300" if path.startswith("/static/") else "no-store")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "10.0.0.5"])
def test_no_other_name_is_answered(pages: httpx.Client, host: str) -> None:
    answer = pages.get("/leakage", headers={"host": host})
    assert answer.status_code == 421
    assert "EUR" not in answer.text


def test_the_ledger_pages_only_read(pages: httpx.Client) -> None:
    assert pages.post("/leakage").status_code == 405


def test_the_interface_is_described(pages: httpx.Client) -> None:
    paths = pages.get("/openapi.json").json()["paths"]
    assert {"/api/leakage.json", "/leakage.csv", "/api/entry/{entry_id}.json"} <= set(paths)


def test_the_overview_adds_up_to_the_leakage_page(pages: httpx.Client) -> None:
    html = pages.get("/?tenant=main&period=2026-03").text
    leakage = pages.get("/leakage?tenant=main&period=2026-03").text
    for name in ("Worked", "Billed", "Recovered", "Leaking"):
        figures = re.findall(r"[\d,]+[:.]\d\d", tile(leakage, name))
        assert figures
        assert [one for one in figures if one not in tile(html, name)] == []


def test_the_trend_has_every_month(pages: httpx.Client) -> None:
    found = pages.get("/api/overview.json?period=2026-03").json()
    assert [bar["label"] for bar in found["trend"]] == ["2026-02", "2026-03"]
    rows = list(csv.DictReader(io.StringIO(pages.get("/overview.csv").text)))
    assert [row["month"] for row in rows] == ["2026-02", "2026-03"]
    march = {one["currency"]: one["amount"] for one in found["trend"][1]["at_risk"]}
    assert {name: rows[1][f"at_risk_{name}"] for name in march} == march


def test_the_overview_names_at_most_five_things_each_with_its_rows(pages: httpx.Client) -> None:
    todo = pages.get("/api/overview.json?period=2026-03").json()["actions"]
    assert 1 < len(todo) <= 5
    for one in todo:
        assert pages.get(one["url"]).status_code == 200


def test_figures_are_written_exactly() -> None:
    assert hours(90_307) == ("25:05", ":07")
    assert hours(-5) == ("−0:00", ":05")
    assert hours(3_600_000) == ("1,000:00", ":00")
    assert cash(123_456_789_012_345_678_901, 2) == "1,234,567,890,123,456,789.01"
    assert cash(-5, 2) == "−0.05"
    assert cash(12345, 0) == "12,345"
    assert cash(1, 3) == "0.001"
    assert share(9996, 10_000) == "99.9 %"
    assert share(1, 100_000) == "< 0.1 %"
    assert share(0, 0) == "0.0 %"
    assert month("2026-03") == "March 2026"
    assert month("2026-13") == "2026-13"


def test_every_disposition_has_a_title_and_every_reason_a_remedy() -> None:
    assert set(LEAKS) <= set(TITLES)
    assert all(one.meaning and one.remedy for one in REASONS.values())
