"""A simulated ledger for people: a table with explanations, CSV, and two ledgers side by side."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jobs.scenario_balances import lines, wrong_balances
from jobs.scenario_expect import Expected, Row, fits, pair_up
from jobs.scenario_figures import Figures, wrong_figures
from jobs.scenario_projects import wrong_projects
from jobs.scenario_time import say_instant, say_seconds
from jobs.simulate_charges import charge_differences

CSV_FIELDS = ("id", "client", "contract", "ticket", "technician", "service", "period", "start", "end",
              "worked_seconds", "billed_seconds", "amount", "currency", "disposition", "reason")  # fmt: skip


def print_ledger(console: Console, ledger: dict[str, Any], names: dict[str, str]) -> None:
    """The table, the steps of every row, and what is outside of it. ``names``: activity id → the file's own name."""
    _print_table(console, ledger)
    for row in ledger["entries"]:
        console.print(f"\n[bold]{escape(str(row['work']))}[/bold]: why it is {row['disposition']}")
        for step in row["trail"]:
            text = say_step(step)
            for activity, name in names.items():
                text = text.replace(activity, name)
            console.print("  " + escape(text), soft_wrap=True)
    _print_charges(console, ledger["charges"])
    _print_rest(console, ledger)


def _print_table(console: Console, ledger: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("work", "client", "ticket", "technician", "start (UTC)"):
        table.add_column(name)
    for name in ("worked", "billed", "amount"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("disposition")
    for row in ledger["entries"]:
        table.add_row(
            *(escape(row[name] or "–") for name in ("work", "client", "ticket")),
            escape(row["technician"] or row["who"] or "–"),
            row["start"][:16].replace("T", " "),
            say_seconds(row["worked_seconds"]),
            say_seconds(row["billed_seconds"]),
            f"{row['amount']} {row['currency'] or ''}".strip(),
            row["disposition"] + (f" ({row['class']}, {row['corrects_period']})" if row["corrects_period"] else ""),
        )
    console.print(table)


def _print_charges(console: Console, charges: list[Row]) -> None:
    """What is asked for beside work, and the arithmetic of each."""
    for row in charges:
        what = " ".join(part for part in (row["charge"].replace("_", " "), row["name"]) if part)
        head = f"{row['local_date']}  {what} of {row['contract'] or row['project']} ({row['client']})"
        console.print(f"\n[bold]{escape(head)}[/bold]: {row['amount']} {row['currency']}, {row['disposition']}")
        for step in row["trail"]:
            console.print("  " + escape(say_step(step)), soft_wrap=True)


def say_step(step: dict[str, Any]) -> str:
    """One step of a trail as one line."""
    change = " → ".join(part for part in (step["before"], step["after"]) if part)
    text = f"{step['op']}: {change}" if change else f"{step['op']}:"
    text += f" ({step['why']})" if step["why"] else ""
    text += f" [{step['rule']}]" if step["rule"] else ""
    return text + (f"; lost: {'; '.join(step['lost'])}" if step["lost"] else "")


def _print_rest(console: Console, ledger: dict[str, Any]) -> None:
    console.print()
    for line in lines(ledger["balances"]):
        console.print(escape(line), soft_wrap=True)
    for name in ledger["running"]:
        console.print(f"still running: {escape(name)} (give `as_of:` to see when it lapses)")
    for one in ledger["decisions"]:
        what = "closed" if one["outcome"] == "closed" else f"refused, {one['outcome']}" if one["outcome"] else "holds"
        console.print(escape(f"decision {one['name']} ({one['kind']}): {what}"))
    for parked in ledger["parked"]:
        text = f"parked {parked['reason']}: {parked['saw']}; expected {parked['expected']}; {parked['remedy']}"
        console.print(escape(text), soft_wrap=True)
    totals, proof = ledger["totals"], ledger["conservation"]
    amounts = ", ".join(f"{amount} {code}" for code, amount in totals["amount"].items()) or "0"
    risks = ", ".join(f"{amount} {code}" for code, amount in totals["risk_amount"].items() if Decimal(amount))
    console.print(f"total {amounts}" + (f"; money at risk {risks}" if risks else ""))
    console.print(
        f"worked {say_seconds(proof['worked_seconds'])} + rounding {say_seconds(proof['rounding_seconds'])} = "
        f"{say_seconds(proof['disposition_seconds'])} over all dispositions"
        + ("" if proof["holds"] else f": DOES NOT HOLD, work has {say_seconds(proof['work_seconds'])}")
    )


def csv_text(ledger: dict[str, Any]) -> str:
    """One line an entry; a text that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_FIELDS)
    for row in ledger["entries"]:
        writer.writerow([safe_cell("" if row[name] is None else str(row[name])) for name in CSV_FIELDS])
    return out.getvalue()


def safe_cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def differences(expected: Expected, seen: list[Row], ledger: dict[str, Any], figures: Figures) -> list[str]:
    """Everything that is not as expected, as sentences, ``figures`` exact; ``print_side_by_side`` shows rows."""
    found = []
    if expected.entries is not None:
        wrong = sum(1 for n, m in pair_up(expected.entries, seen) if not _pair_fits(expected.entries, seen, n, m))
        found += [f"{wrong} of {max(len(expected.entries), len(seen))} rows differ"] if wrong else []
    if expected.projects is not None:
        found += wrong_projects(expected.projects, ledger["projects"])
    if expected.charges is not None:
        found += charge_differences(expected.charges, ledger["charges"])
    reasons = sorted(parked["reason"] for parked in ledger["parked"])
    if expected.parked is not None and sorted(expected.parked) != reasons:
        found.append(f"parked: expected {expected.parked}, have {reasons}")
    if expected.running is not None and sorted(expected.running) != ledger["running"]:
        found.append(f"running: expected {expected.running}, have {ledger['running']}")
    amounts = {code: Decimal(amount) for code, amount in ledger["totals"]["amount"].items()}
    if expected.total is not None and expected.total != amounts:
        found.append(f"total: expected {_money_text(expected.total)}, have {_money_text(amounts)}")
    outcomes = {one["name"]: one["outcome"] for one in ledger["decisions"] if one["outcome"]}
    if expected.decisions is not None and expected.decisions != outcomes:
        found.append(f"decisions: expected {expected.decisions}, have {outcomes}")
    if expected.balances is not None:
        found += wrong_balances(expected.balances, ledger["balances"])
    found += wrong_figures(expected.figures, figures)
    if expected.seconds is not None:
        found += _wrong_seconds(expected.seconds, ledger["totals"])
    if not ledger["conservation"]["holds"]:
        found.append(f"seconds are lost or made: {ledger['conservation']}")
    return found


def _wrong_seconds(wanted: dict[str, int], totals: dict[str, Any]) -> list[str]:
    """`worked` and `rounding` where they are named; of the dispositions all."""
    sums = {name: totals[f"{name}_seconds"] for name in ("worked", "rounding")}
    named = {name: seconds for name, seconds in wanted.items() if name not in sums}
    held = {name: seconds for name, seconds in totals["seconds"].items() if seconds or name in named}
    have = held | {name: seconds for name, seconds in sums.items() if name in wanted}
    return [] if have == wanted else [f"seconds: expected {_lengths(wanted)}, have {_lengths(have)}"]


def _lengths(seconds: dict[str, int]) -> str:
    return ", ".join(f"{name} {say_seconds(value)}" for name, value in sorted(seconds.items())) or "none"


def _money_text(amounts: dict[str, Decimal]) -> str:
    return ", ".join(f"{amount} {code}" for code, amount in sorted(amounts.items())) or "nothing"


def _pair_fits(expected: list[Row], seen: list[Row], n: int | None, m: int | None) -> bool:
    return n is not None and m is not None and fits(expected[n], seen[m])


def print_side_by_side(console: Console, expected: Expected, seen: list[Row]) -> None:
    """Two ledgers: what the file expects, and what the kernel gives, field by field where they differ."""
    wanted = expected.entries or []
    table = Table(show_lines=True)
    table.add_column("")
    table.add_column("expected", ratio=1)
    table.add_column("have", ratio=1)
    for n, m in pair_up(wanted, seen):
        same = _pair_fits(wanted, seen, n, m)
        names = list(wanted[n]) if n is not None else ["work", "client", "worked", "billed", "amount", "disposition"]
        left = _shown(wanted[n], names) if n is not None else "(no such row)"
        right = (
            _shown(_as_named(seen[m], wanted[n] if n is not None else {}), names) if m is not None else "(no such row)"
        )
        table.add_row("=" if same else "≠", escape(left), escape(right))
    console.print(table)


def side_by_side_text(expected: Expected, seen: list[Row]) -> str:
    """As ``print_side_by_side``, as plain text."""
    out = io.StringIO()
    print_side_by_side(Console(file=out, width=120, highlight=False, color_system=None), expected, seen)
    return out.getvalue()


def _as_named(row: Row, wanted: Row) -> Row:
    """The row with segments cut to the fields that the expectation names."""
    named = {name for segment in wanted.get("segments", []) for name in segment} or {"tier", "billed", "amount"}
    segments = [{name: value for name, value in segment.items() if name in named} for segment in row["segments"]]
    return row | {"segments": segments}


def _shown(row: Row, names: list[str]) -> str:
    return "\n".join(_field(name, row.get(name)) for name in names)


SECONDS = ("worked", "billed", "covered", "drawn", "rounding", "quantity", "overlap")


def _field(name: str, value: Any) -> str:
    if name in SECONDS and isinstance(value, int):
        return f"{name}: {say_seconds(value)}"
    if name in ("start", "end") and isinstance(value, int):
        return f"{name}: {say_instant(value)}"
    if isinstance(value, list):
        parts = [", ".join(_field(*item) for item in v.items()) if isinstance(v, dict) else str(v) for v in value]
        return f"{name}:" + "".join(f"\n  - {part}" for part in parts)
    return f"{name}: {value}"
