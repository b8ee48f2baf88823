"""Balances at the end of a scenario: as JSON values, as lines, and compared with what the file expects."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from billing.calendar import zone_of
from billing.contracts.events import BalanceEvent
from billing.contracts.lots import FOREVER, Balance, Unit
from billing.contracts.standing import Standing
from billing.trail_balance import number, quantity
from jobs.catalog_yaml import Problem, Tree
from jobs.scenario_time import NoInstantError, parse_instant, parse_seconds, say_instant

Row = dict[str, Any]
QUANTITIES = ("owed", "over", "size", "left", "used", "rolled", "offset", "expired", "forfeited", "quantity", "value",
              "price")  # fmt: skip
INSTANTS = ("at", "start", "end")
WORDS = ("client", "contract", "unit", "lot", "source", "what", "percent", "work", "currency")
COUNTS = ("incidents",)
GONE = ("rolled", "offset", "forfeited", "expired")
OF_CONTRACT = ("client", "contract", "unit", "currency", "owed", "over", "incidents", "lots", "events")
OF_LOT = ("lot", "unit", "source", "start", "end", "size", "left", "used", "rolled", "offset", "expired", "forfeited",
          "price")  # fmt: skip
OF_EVENT = ("what", "lot", "at", "unit", "quantity", "value", "currency", "percent", "work")


def plain(standing: Standing, names: dict[str, str]) -> Row:
    """A standing with exact fractions and instants in seconds; ``names`` of work in the file."""
    return {
        "client": standing.client,
        "contract": standing.contract,
        "unit": standing.unit,
        "currency": standing.currency,
        "owed": standing.owed,
        "over": standing.over.get(standing.unit, Fraction(0)),
        "incidents": standing.incidents,
        "lots": [_lot(one, standing) for one in standing.lots],
        "events": [_event(one, names) for one in standing.events],
    }


def _lot(lot: Balance, standing: Standing) -> Row:
    zone = zone_of(standing.zone)
    assert zone is not None  # the client's terms stand on it
    return {
        "lot": lot.id.removeprefix(f"{standing.contract}/"),
        "unit": lot.unit,
        "source": "included" if lot.cycle is not None else "granted" if lot.granted else "purchased",
        "start": zone.midnight(lot.start),
        "end": None if lot.end >= FOREVER else zone.midnight(lot.end),
        "size": lot.size,
        "left": lot.left,
        "used": lot.size - lot.left - lot.offset - lot.expired - lot.forfeited,
        "rolled": lot.rolled,
        "offset": lot.offset,
        "expired": lot.expired,
        "forfeited": lot.forfeited,
        "price": lot.price,
    }


def _event(event: BalanceEvent, names: dict[str, str]) -> Row:
    return {
        "what": event.what,
        "lot": event.lot.removeprefix(f"{event.contract}/"),
        "at": event.at,
        "unit": event.unit,
        "quantity": event.quantity,
        "value": event.value,
        "currency": event.currency,
        "percent": event.percent,
        "work": names.get(event.work, event.work),
        "why": event.why,
    }


def as_json(row: Row) -> Row:
    """Instants as text, quantities as exact text: a decimal, or a fraction such as 7/3."""
    return {name: _json(name, value) for name, value in row.items()}


def _json(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, Fraction):
        return number(value)
    if name in INSTANTS and value is not None:
        return say_instant(value)
    return None if value == "" else value


def lines(rows: list[Row]) -> Iterator[str]:
    """Balances as JSON, for people: a line a contract, one a lot, one an event."""
    for row in rows:
        owed = f", {_say(row['owed'], row['unit'])} owed" if row["owed"] != "0" else ""
        over = f", {_say(row['over'], row['unit'])} beyond it" if row["over"] != "0" else ""
        yield f"balance of {row['contract']} ({row['client']}){owed}{over}"
        for lot in row["lots"]:
            end = "for good" if lot["end"] is None else f"to {lot['end']}"
            parts = [f"{_say(lot['left'], lot['unit'])} left of {_say(lot['size'], lot['unit'])}"]
            parts += [f"{_say(lot[name], lot['unit'])} {name}" for name in GONE if lot[name] != "0"]
            yield f"  {lot['lot']}: {', '.join(parts)}; {lot['source']}, {lot['start']} {end}"
        for event in row["events"]:
            worth = f", worth {_say(event['value'], 'money')}" if event["value"] is not None else ""
            what = f"{event['percent']} % used" if event["percent"] else event["what"]
            lot = f" of {event['lot']}" if event["lot"] else ""
            yield f"  {event['at']} {what}: {_say(event['quantity'], event['unit'])}{lot}{worth}"


def _say(value: str, unit: Unit) -> str:
    return quantity(Fraction(value), unit)


def read_balances(tree: Tree, zone: ZoneInfo, problems: list[Problem]) -> list[Row]:
    """`balances:` of `expect:`, a contract each, as JSON has them."""
    return [as_json(_read(child, OF_CONTRACT, zone, problems)) for child in tree.items]


def _read(tree: Tree, known: tuple[str, ...], zone: ZoneInfo, problems: list[Problem]) -> Row:
    row: Row = {}
    for name, node in tree.fields.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
            problems.append(Problem("error", "unknown_field", tree.keys[name], f"unknown field `{name}`", remedy))
        elif name in ("lots", "events"):
            inner = OF_LOT if name == "lots" else OF_EVENT
            row[name] = [_read(child, inner, zone, problems) for child in node.items]
        else:
            try:
                row[name] = _value(name, node.text, zone)
            except NoInstantError as error:
                problems.append(Problem("error", "bad_expectation", node.place, str(error)))
    return row


def _value(name: str, text: str | None, zone: ZoneInfo) -> Any:
    if text is None:
        return None
    if name in INSTANTS:
        return parse_instant(text, zone) // 1000
    if name in COUNTS and text.isdigit():
        return int(text)
    if name in QUANTITIES:
        if not text.replace(".", "", 1).isdigit():
            return Fraction(parse_seconds(text))
        try:
            return Fraction(Decimal(text))
        except InvalidOperation as error:
            raise NoInstantError(f"`{text}` is no quantity; write 3 h, 37.50 or 5") from error
    return text


def wrong_balances(wanted: list[Row], seen: list[Row]) -> list[str]:
    """What is not as expected, as sentences; of each contract only the fields and lots that are named."""
    found = []
    for row in wanted:
        mine = [one for one in seen if all(one[name] == row[name] for name in ("client", "contract") if name in row)]
        if len(mine) != 1:
            found.append(
                f"balances: {len(mine)} are of {row.get('contract') or row.get('client') or 'such a contract'}"
            )
            continue
        where = f"balance of {mine[0]['contract']}"
        found += [f"{where}: {text}" for text in _differ(row, mine[0])]
    return found


def _differ(wanted: Row, seen: Row) -> Iterator[str]:
    for name, value in wanted.items():
        if name == "lots":
            by_name = {one["lot"]: one for one in seen["lots"]}
            for lot in value:
                held = by_name.get(lot.get("lot", ""))
                if held is None:
                    yield f"no lot {lot.get('lot', 'without a name')}, there are {', '.join(by_name) or 'none'}"
                else:
                    yield from (f"lot {lot['lot']}: {text}" for text in _differ(lot, held))
        elif name == "events":
            if len(value) != len(seen["events"]):
                have = ", ".join(f"{one['what']} {one['at']}" for one in seen["events"]) or "none"
                yield f"expected {len(value)} events, have {have}"
            for n, (one, held) in enumerate(zip(value, seen["events"], strict=False), 1):
                yield from (f"event {n}: {text}" for text in _differ(one, held))
        elif value != seen[name]:
            yield f"{name}: expected {value}, have {seen[name]}"
