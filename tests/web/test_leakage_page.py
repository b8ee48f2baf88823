"""The figures of the page are the figures of the ledger, whatever is asked for."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from sinks.clickhouse import ClickHouseSink
from streams.settings import Settings
from tests.web.conftest import pages_of
from tests.web.seed import ATTACK, FORMULA, MONTH, write
from web.show import cash, hours

pytestmark = pytest.mark.integration

LEAKS = "disposition NOT IN ('billed', 'covered', 'no_charge', 'non_billable', 'written_off', 'absorbed', 'void')"


class Text(HTMLParser):
    """What a reader sees: the text of a page, one space between words."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def seen(html: str) -> str:
    reader = Text()
    reader.feed(html)
    return re.sub(r"\s+", " ", "".join(reader.parts))


def tile(html: str, name: str) -> str:
    """The text of one tile."""
    found = re.search(rf"<h2>{name}</h2>(.*?)</div>", html, re.DOTALL)
    assert found is not None
    return seen(found.group(1))


def long_hours(seconds: int) -> str:
    return "".join(hours(seconds))


def ask(sink: ClickHouseSink, what: str, where: str = "1") -> Any:
    sql = f"SELECT {what} FROM entries FINAL WHERE void = 0 AND tenant = 'main' AND period = '2026-03' AND {where}"
    return sink.client().query(sql).result_rows


def test_tiles_are_the_sums_of_the_ledger(pages: httpx.Client, sink: ClickHouseSink) -> None:
    html = pages.get("/leakage?tenant=main&period=2026-03").text
    worked, entries = ask(sink, "sum(worked_seconds), count()")[0]
    assert f"{long_hours(worked)} h" in tile(html, "Worked")
    assert f"{entries} entries" in tile(html, "Worked")
    billed = ask(sink, "currency, any(exponent), sum(amount)", "disposition = 'billed' GROUP BY currency")
    recovered = ask(sink, "currency, any(exponent), sum(amount)", "disposition = 'billed' AND recovered GROUP BY 1")
    risk = ask(sink, "risk_currency, any(exponent), sum(risk_amount)", f"{LEAKS} GROUP BY risk_currency")
    assert len(billed) == 2
    assert len(risk) == 2
    for name, figures in (("Billed", billed), ("Recovered", recovered), ("Leaking", risk)):
        for currency, exponent, amount in figures:
            assert f"{cash(amount, exponent)} {currency}" in tile(html, name)
    leaking, rows = ask(sink, "sum(quantity_seconds), count()", LEAKS)[0]
    assert f"{long_hours(leaking)} h" in tile(html, "Leaking")
    assert f"in {rows} entries" in tile(html, "Leaking")


@pytest.mark.parametrize("table", ["dispositions", "clients", "technicians"])
def test_every_table_adds_up_to_the_ledger(pages: httpx.Client, sink: ClickHouseSink, table: str) -> None:
    found = pages.get(f"/api/leakage.json?period=2026-03&table={table}").json()
    worked, quantity, entries = ask(sink, "sum(worked_seconds), sum(quantity_seconds), count()")[0]
    rows = found[table]
    assert sum(row["worked_seconds"] for row in rows) == worked
    assert sum(row["quantity_seconds"] for row in rows) == quantity
    assert sum(row["entries"] for row in rows) == entries
    for currency, amount in ask(sink, "currency, sum(amount)", "disposition = 'billed' GROUP BY currency"):
        parts = [Decimal(m["amount"]) for row in rows for m in row["billed"] if m["currency"] == currency]
        assert sum(parts) == Decimal(amount).scaleb(-2 if currency == "EUR" else 0)


def test_reasons_are_told_in_plain_words_with_what_to_do(pages: httpx.Client) -> None:
    text = seen(pages.get("/leakage?period=2026-03").text)
    assert "The tool names a technician whom the catalogue does not know." in text
    assert "Add the login as an alias of the technician." in text
    assert "The hours lie in a tier that has no price. (after_hours)" in text
    assert "A new reason" in text, "an unknown code is shown, not hidden"


def test_a_category_leads_to_clients_technicians_and_entries(pages: httpx.Client) -> None:
    path = "/api/leakage.json?period=2026-03&disposition=unlinked&reason=technician_unknown"
    found = pages.get(path).json()
    assert [row["client"] for row in found["clients"]] == ["acme"]
    narrower = pages.get(f"{path}&client=acme&technician=").json()
    assert [row["who"] for row in narrower["entries"]] == [FORMULA]
    assert narrower["filters"] == {"client": "acme", "technician": "", "disposition": "unlinked",
                                   "reason": "technician_unknown"}  # fmt: skip
    page = pages.get(f"/leakage?{path.split('?')[1]}&client=acme").text
    assert "remove this filter" in page
    assert f"/entry/{narrower['entries'][0]['id']}?tenant=main" in page


def test_a_cause_narrows_the_tables_and_not_the_whole(pages: httpx.Client) -> None:
    whole = pages.get("/api/leakage.json?period=2026-03").json()
    narrow = pages.get("/api/leakage.json?period=2026-03&disposition=unlinked&reason=client_unknown").json()
    for part in ("total", "dispositions", "reasons"):
        assert narrow[part] == whole[part]
    assert len(narrow["clients"]) == len(narrow["entries"]) == 1
    at_client = pages.get("/api/leakage.json?period=2026-03&client=bluebird").json()
    assert at_client["total"]["entries"] == 1


def test_a_client_that_is_not_known_is_asked_for_by_an_empty_name(pages: httpx.Client) -> None:
    found = pages.get("/api/leakage.json?period=2026-03&client=").json()
    assert [row["reason"] for row in found["reasons"]] == ["client_unknown"]
    assert found["total"]["entries"] == 1


def test_lists_have_pages_and_csv_has_every_row(pages: httpx.Client) -> None:
    first = pages.get("/api/leakage.json?period=2026-03&table=entries").json()["entries"]
    second = pages.get("/api/leakage.json?period=2026-03&table=entries&page=2").json()["entries"]
    everything = list(csv.DictReader(io.StringIO(pages.get("/leakage.csv?period=2026-03&table=entries").text)))
    assert [row["id"] for row in first + second] == [row["entry"] for row in everything]
    assert len(first) == 50
    assert "Page 1 of 2" in seen(pages.get("/leakage?period=2026-03").text)
    assert pages.get("/leakage?period=2026-03&page=3").status_code == 404


@pytest.mark.parametrize("table", ["dispositions", "reasons", "clients", "technicians", "entries"])
def test_no_cell_of_a_csv_is_a_formula(pages: httpx.Client, table: str) -> None:
    answer = pages.get(f"/leakage.csv?period=2026-03&table={table}")
    assert answer.headers["content-disposition"] == f'attachment; filename="leakage-{table}-main-2026-03.csv"'
    cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    if table in ("clients", "entries"):
        assert f"'{FORMULA}" in cells


def test_names_are_text_and_never_markup(pages: httpx.Client) -> None:
    html = pages.get("/leakage?period=2026-03&disposition=billed").text
    reader = Text()
    reader.feed(html)
    assert ATTACK in "".join(reader.parts)
    tags = {name for name, _ in reader.tags}
    assert "script" not in tags
    assert "style" not in tags
    assert not [attrs for _, attrs in reader.tags if any(name.startswith("on") or name == "style" for name in attrs)]
    links = [str(attrs["href"]) for name, attrs in reader.tags if name in ("a", "link")]
    assert all(link.startswith(("/", "#")) for link in links), links


def test_everything_is_accounted_for_and_says_so(pages: httpx.Client) -> None:
    text = seen(pages.get("/leakage?period=2026-03").text)
    assert "Everything is accounted for." in text
    assert "do not match their entries" not in text
    assert "1 record could not be read and is kept" in text


def test_figures_that_do_not_tie_raise_an_alarm(empty: Settings) -> None:
    import msgspec

    lost = msgspec.structs.replace(MONTH[0], disposition="forgotten")
    write(empty, [MONTH[1], lost])
    html = pages_of(empty).get("/leakage").text
    assert 'role="alert"' in html
    assert "do not add up" in seen(html)
    assert not pages_of(empty).get("/api/leakage.json").json()["accounted_for"]


def test_work_without_its_entries_is_named(empty: Settings) -> None:
    write(empty, [MONTH[0]])
    client = ClickHouseSink(empty)
    client.client().command("ALTER TABLE entries DELETE WHERE 1 SETTINGS mutations_sync = 2")
    client.close()
    write(empty, [MONTH[1]])
    assert "1 of 2 pieces of work do not match their entries" in seen(pages_of(empty).get("/leakage").text)


def test_the_latest_month_is_shown_unless_another_is_asked_for(pages: httpx.Client) -> None:
    assert pages.get("/api/leakage.json").json()["period"] == "2026-03"
    assert pages.get("/api/leakage.json?period=2026-02").json()["total"]["entries"] == 1
    assert pages.get("/api/leakage.json?period=all").json()["total"]["entries"] == len(MONTH) - 1


def test_a_tenant_sees_only_its_own(pages: httpx.Client) -> None:
    found = pages.get("/api/leakage.json?tenant=second").json()
    assert [row["client"] for row in found["clients"]] == ["foreign"]
    assert "foreign" not in pages.get("/leakage?period=all&disposition=billed").text
