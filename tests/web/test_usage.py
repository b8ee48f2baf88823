"""`GET /v1/usage`: pages that add up to the whole, in whatever size; files that equal the command's and SQL."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest

from sinks.clickhouse import ClickHouseSink, query
from tests.web.seed import MONTH

pytestmark = pytest.mark.integration


def pages_of(pages: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = pages.get("/v1/usage", params=asked | cursor)
        assert answer.status_code == 200, answer.text
        found += answer.json()["lines"]
        if answer.json()["next"] is None:
            return found
        cursor = {"cursor": answer.json()["next"]}


def sums(lines: list[dict[str, Any]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in lines:
        found[one["currency"]] += Decimal(one["amount"])
    return dict(found)


@pytest.mark.parametrize("limit", [1, 7, 5000])
def test_pages_of_any_size_hold_every_line_once(pages: httpx.Client, limit: int) -> None:
    found = pages_of(pages, limit=limit)
    assert len({one["line_key"] for one in found}) == len(found)
    assert {one["entry"] for one in found} == {one.id for one in MONTH if one.tenant == "main"}
    assert {one["state"] for one in found} == {"draft"}


def test_pages_equal_files_equal_sql_to_the_cent(pages: httpx.Client, sink: ClickHouseSink) -> None:
    by_page = pages_of(pages, period="2026-03", limit=10)
    file = pages.get("/v1/usage", params={"period": "2026-03", "format": "jsonl"})
    by_file = [orjson.loads(line) for line in file.content.splitlines()]
    assert sorted(by_page, key=lambda one: one["line_key"]) == sorted(by_file, key=lambda one: one["line_key"])
    sql = """SELECT currency, sum(toDecimal128(line_amount, 4) / pow(10, exponent)) AS amount, count() AS n FROM lines
             WHERE tenant = 'main' AND period = '2026-03' GROUP BY currency"""
    told = {row["currency"]: Decimal(str(row["amount"])) for row in query(sink.client(), sql, {})}
    assert sums(by_page) == told
    assert file.headers["everyminute-state"] == "draft"
    assert 'filename="usage-2026-03.draft.jsonl"' in file.headers["content-disposition"]
    assert int(file.headers["everyminute-lines"]) == len(by_file)


def test_one_client_and_no_other(pages: httpx.Client) -> None:
    found = pages.get("/v1/usage", params={"client": "tokyo"}).json()
    assert ({one["client"] for one in found["lines"]}, found["next"]) == ({"tokyo"}, None)
    assert pages.get("/v1/usage", params={"client": "nobody"}).json()["lines"] == []


@pytest.mark.parametrize("asked", [{"cursor": "x"}, {"cursor": "WyJhIl0"}, {"cursor": "é"}, {"period": "March"},
                                   {"limit": 0}, {"format": "pdf"}])  # fmt: skip
def test_what_cannot_be_read_is_said(pages: httpx.Client, asked: dict[str, Any]) -> None:
    answer = pages.get("/v1/usage", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_batches_need_something_closed(pages: httpx.Client) -> None:
    assert pages.get("/v1/batches").json() == []
    assert pages.get("/v1/batches/1").status_code == 404
    assert pages.get("/v1/batches/1/lines").json()["remedy"] == "GET /v1/batches lists them."
