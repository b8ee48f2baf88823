"""Periods and Parked over a seeded ledger: states, what is unusual, bytes shown safely, other tenants not there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from jobs import users
from jobs.access import Access
from sinks.clickhouse import ClickHouseSink
from sinks.migrate import migrate
from sinks.rows import entry_row, parked_row
from sinks.rows_closing import closing_row
from sinks.tables import CLOSINGS, ENTRIES, PARKED
from streams.models.closing import Closed, encode_outcome
from streams.models.entry import Entry, Identity
from streams.models.fact import Fact
from streams.settings import Settings
from tests.engine_fixture import fresh_database, shared_engine
from tests.sinks.builders import entry, parked
from tests.web.conftest import pages_of, settings_of
from tests.web.seed import ATTACK, FORMULA, leaking
from tests.web.test_leakage_page import seen
from web.ledger import Reading
from web.parked_page import shown_bytes
from web.periods import statements

PASSWORD = "correct horse battery"
BYTES = f'{{"title": "{ATTACK}", "x": "\u202eevil\x00"}}'.encode()


def correction(one: Entry, period: str) -> Entry:
    where = Identity(one.identity.client, period, one.identity.work, "replacement", one.identity.period)
    return msgspec.structs.replace(one, identity=where)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """January closed with a correction in February; February open after January; a client that nobody knows."""
    made = fresh_database(shared_engine())
    settings = settings_of(made, tmp_path_factory.mktemp("statements"))
    migrate(settings)
    january, february = entry("w1", period="2026-01", flags=()), entry("w2", period="2026-02", flags=())
    rows = [
        january, february, correction(entry("w3", period="2026-01"), "2026-02"), entry("w4", period="2026-03"),
        leaking("w5", "unlinked", "client_unknown", client="", period="2026-02"),
        entry("w6", client=ATTACK, period="2026-02", ticket=ATTACK, who=ATTACK, technician="", flags=(ATTACK,)),
        entry("w7", client=FORMULA, period="2026-02", flags=()), entry("w8", tenant="second", client="foreign"),
    ]  # fmt: skip
    closed = Closed(client="acme", period="2026-01", number=1, hash="0" * 64, until=1_769_900_400, rows=1)
    sink = ClickHouseSink(settings)
    sink.write(ENTRIES, [entry_row(one) for one in rows])
    sink.write(CLOSINGS, [closing_row(Fact(kind="closed", tenant="main", id="c1", body=encode_outcome(closed)))])
    items = [parked(BYTES, saw=ATTACK, topic="events.session"), parked(b"\xff\x00", tenant="second")]
    sink.write(PARKED, [parked_row(one) for one in items])
    sink.close()
    yield settings
    client = made.engine.client()
    client.command(f"DROP DATABASE {made.name}")
    client.close()


@pytest.fixture(scope="module")
def site(ledger: Settings) -> httpx.Client:
    return pages_of(ledger)


pytestmark = pytest.mark.integration


def test_each_statement_has_its_state_and_what_stands_in_the_way(ledger: Settings) -> None:
    with Reading(ledger, "main") as reading:
        found = {(one.client, one.period): one for one in statements(reading, datetime(2026, 3, 10, tzinfo=UTC))}
    states = {period: found["acme", period].state for period in ("2026-01", "2026-02", "2026-03")}
    assert states == {"2026-01": "closed", "2026-02": "soft", "2026-03": "open"}
    assert found["acme", "2026-02"].may_close
    assert "1 row of closed months corrected" in found["acme", "2026-02"].notes
    assert found["acme", "2026-03"].first == "2026-02"
    assert not found["", "2026-02"].may_close
    assert "1 row not billed, 100.0 % of hours" in found["", "2026-02"].notes


def test_the_pages_show_them_and_so_does_the_csv(site: httpx.Client) -> None:
    text = seen(site.get("/periods?tenant=main").text)
    assert "Closed" in text
    assert "Over, not closed" in text
    one = seen(site.get("/period?tenant=main&client=acme&period=2026-02").text)
    assert "Close February 2026 for acme" in one
    assert "Booked instead" in one.split("Corrections of closed months")[1]
    rows = list(csv.DictReader(io.StringIO(site.get("/periods.csv?tenant=main&period=2026-02").text)))
    assert [(row["client"], row["amount"]) for row in rows if row["client"] == "acme"] == [("acme", "150.00")]
    assert [row["client"] for row in rows if "cmd" in row["client"]] == [f"'{FORMULA}"]


@pytest.mark.parametrize(
    "path", ["/unlinked", "/periods", "/parked", f"/period?period=2026-02&client={ATTACK}", "/", "/leakage"]
)
def test_html_stays_text(site: httpx.Client, path: str) -> None:
    answer = site.get(path, params=None if "?" in path else {"tenant": "main"})
    assert answer.status_code == 200
    assert ATTACK not in answer.text


def test_bytes_are_shown_and_never_run(site: httpx.Client) -> None:
    item = parked(BYTES)
    page = site.get(f"/parked/{item.id}").text
    assert ATTACK not in page
    assert "&lt;script&gt;" in page
    assert "\\u{202e}evil\\u{0}" in seen(page)
    assert shown_bytes(b"\xff\x00 a") == "000000  ff 00 20 61"
    assert shown_bytes(b"a\nb") == "a\nb"


def test_what_is_not_there_helps(site: httpx.Client) -> None:
    for path in ("/period?client=nobody&period=2026-02", "/parked/00000000", "/parked/%3Cb%3E"):
        answer = site.get(path)
        assert answer.status_code == 404
        assert "<b>" not in answer.text


def test_another_tenants_statements_and_items_are_not_there(
    ledger: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    guarded = ledger.model_copy(update={"home": tmp_path_factory.mktemp("other")})
    (guarded.home / "secrets").mkdir()
    (guarded.home / "secrets" / "reader.password").write_text((ledger.home / "secrets" / "reader.password").read_text())
    users.add(Access(guarded), "kim", "finance", "second", "", PASSWORD)
    site = pages_of(guarded)
    site.headers["origin"] = str(site.base_url).rstrip("/")
    assert site.post("/sign-in", data={"name": "kim", "password": PASSWORD}).status_code == 303
    assert site.get("/period?client=foreign&period=2026-03").status_code == 200
    assert site.get("/period?client=acme&period=2026-02").status_code == 404
    assert site.get("/period?client=acme&period=2026-02&tenant=main").status_code == 404
    for path in ("/periods", "/periods.csv", "/unlinked", "/unlinked.csv", "/parked.csv", "/", "/api/overview.json"):
        assert site.get(f"{path}?tenant=main").status_code == 404
    assert site.get(f"/parked/{parked(BYTES).id}").status_code == 404
    page = site.get("/parked").text
    csrf = page.split('name="csrf-token" content="')[1].split('"')[0]
    for path, form in (
        ("/period/close", {"client": "acme", "period": "2026-02", "hash": "0", "number": "0"}),
        (f"/parked/{parked(BYTES).id}/replay", {}),
    ):
        assert site.post(path, data={**form, "csrf": csrf}).status_code == 404
        assert site.post(path, data={**form, "csrf": csrf, "tenant": "main"}).status_code == 404
        assert site.post(path, data=form).status_code == 403, "no form of ours"


def test_who_may_close(ledger: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    guarded = ledger.model_copy(update={"home": tmp_path_factory.mktemp("roles")})
    (guarded.home / "secrets").mkdir()
    (guarded.home / "secrets" / "reader.password").write_text((ledger.home / "secrets" / "reader.password").read_text())
    users.add(Access(guarded), "ana", "analyst", "main", "", PASSWORD)
    users.add(Access(guarded), "tom", "technician", "main", "", PASSWORD)
    site = pages_of(guarded)
    site.headers["origin"] = str(site.base_url).rstrip("/")
    site.post("/sign-in", data={"name": "ana", "password": PASSWORD})
    page = site.get("/period?client=acme&period=2026-02").text
    assert "by somebody with the role finance" in seen(page)
    csrf = page.split('name="csrf-token" content="')[1].split('"')[0]
    form = {"client": "acme", "period": "2026-02", "hash": "0", "number": "1", "csrf": csrf}
    assert site.post("/period/close", data=form).status_code == 403
    site.cookies.clear()
    site.post("/sign-in", data={"name": "tom", "password": PASSWORD})
    assert site.get("/").headers["location"] == "/timers"
    assert "Periods" not in seen(site.get("/sign-in", follow_redirects=True).text)
    assert site.get("/periods").status_code == site.get("/parked").status_code == 403
