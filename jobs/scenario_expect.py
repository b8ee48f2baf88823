"""What a scenario expects of its ledger, and where the ledger differs. Only the fields it names are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from jobs.catalog_yaml import Place, Problem, Tree
from jobs.scenario_balances import read_balances
from jobs.scenario_figures import read_figures
from jobs.scenario_projects import read_projects
from jobs.scenario_time import NoInstantError, parse_instant, parse_seconds
from streams.models.entry import MAIN_FIRST

Row = dict[str, Any]
Read = Callable[[str, ZoneInfo], Any]


def _instant(text: str, zone: ZoneInfo) -> int:
    return parse_instant(text, zone) // 1000


def _seconds(text: str, _zone: ZoneInfo) -> int:
    return parse_seconds(text)


def _money(text: str, _zone: ZoneInfo) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise NoInstantError(f"`{text}` is no amount; write 37.50") from error


def _word(text: str, _zone: ZoneInfo) -> str:
    return text


def _flag(text: str, _zone: ZoneInfo) -> bool:
    if text not in ("true", "false"):
        raise NoInstantError(f"`{text}` is neither true nor false")
    return text == "true"


WORDS = ("work", "client", "contract", "ticket", "technician", "who", "device", "service", "period", "local_date",
         "class", "corrects_period", "currency", "disposition", "reason", "path", "kind", "tier", "line", "lot",
         "charge", "name", "project", "cost_currency", "cost_reason")  # fmt: skip
ROW: dict[str, Read] = {
    **dict.fromkeys(WORDS, _word),
    **dict.fromkeys(("start", "end"), _instant),
    **dict.fromkeys(("worked", "rounding", "quantity", "billed", "covered", "drawn", "overlap", "machine"), _seconds),
    **dict.fromkeys(("amount", "risk", "rate", "fee", "cost", "margin"), _money),
    **dict.fromkeys(("recovered",), _flag),
}
SECONDS = ("worked", "rounding", *MAIN_FIRST)
LISTS = ("flags", "candidates")
TOP = ("entries", "charges", "parked", "running", "total", "decisions", "balances", "projects", "figures",
       "seconds")  # fmt: skip


@dataclass(slots=True)
class Expected:
    """``entries`` None: not compared. ``total`` by currency, in major units; ``decisions`` by name: closed, or why it
    was refused."""

    entries: list[Row] | None = None
    charges: list[Row] | None = None
    projects: list[Row] | None = None
    parked: list[str] | None = None
    running: list[str] | None = None
    total: dict[str, Decimal] | None = None
    decisions: dict[str, str] | None = None
    balances: list[Row] | None = None
    figures: dict[str, list[Row]] = field(default_factory=dict)
    seconds: dict[str, int] | None = None  # `worked`, `rounding`, and by disposition
    places: list[Place] = field(default_factory=list)


def read_expected(tree: Tree, zone: ZoneInfo, problems: list[Problem]) -> Expected:
    """`expect:` is a list of rows, or a mapping of what ``TOP`` names."""
    if tree.kind == "sequence":
        return Expected(entries=[_row(child, zone, problems) for child in tree.items])
    expected = Expected()
    for name, node in tree.fields.items():
        if name in ("entries", "charges"):
            setattr(expected, name, [_row(child, zone, problems) for child in node.items])
        elif name == "projects":
            expected.projects = read_projects(node, problems)
        elif name == "figures":
            expected.figures = read_figures(node, problems)
        elif name == "seconds":
            expected.seconds = _seconds_of(node, zone, problems)
        elif name == "balances":
            expected.balances = read_balances(node, zone, problems)
        elif name in ("parked", "running"):
            setattr(expected, name, [child.text or "" for child in node.items])
        elif name == "decisions":
            expected.decisions = {key: child.text or "" for key, child in node.fields.items()}
        elif name == "total":
            expected.total = {code: _money(child.text or "0", zone) for code, child in node.fields.items()}
        else:
            _unknown(problems, tree.keys[name], name, TOP)
    return expected


def _row(tree: Tree, zone: ZoneInfo, problems: list[Problem]) -> Row:
    row: Row = {}
    for name, node in tree.fields.items():
        if name == "segments":
            row[name] = [_row(child, zone, problems) for child in node.items]
        elif name in LISTS:
            row[name] = sorted(child.text or "" for child in node.items)
        elif name in ROW:
            try:
                row[name] = None if node.text is None else ROW[name](node.text, zone)
            except NoInstantError as error:
                problems.append(Problem("error", "bad_expectation", node.place, str(error)))
        else:
            _unknown(problems, tree.keys[name], name, (*ROW, *LISTS, "segments"))
    return row


def _seconds_of(tree: Tree, zone: ZoneInfo, problems: list[Problem]) -> dict[str, int]:
    found = {}
    for name, node in tree.fields.items():
        if name not in SECONDS:
            _unknown(problems, tree.keys[name], name, SECONDS)
            continue
        try:
            found[name] = _seconds(node.text or "", zone)
        except NoInstantError as error:
            problems.append(Problem("error", "bad_expectation", node.place, str(error)))
    return found


def _unknown(problems: list[Problem], place: Place, name: str, options: tuple[str, ...]) -> None:
    near = get_close_matches(name, options, n=1)
    remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(options)}"
    problems.append(Problem("error", "unknown_field", place, f"unknown field `{name}`", remedy))


def fits(wanted: Row, row: Row) -> bool:
    """Whether a row of the ledger is as expected, in every field that is named."""
    return all(_same(value, row.get(name)) for name, value in wanted.items())


def _same(wanted: Any, seen: Any) -> bool:
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        return isinstance(seen, list) and len(wanted) == len(seen) and all(map(fits, wanted, seen))
    if wanted is None:
        return seen in (None, "")
    return bool(wanted == seen)


def pair_up(expected: list[Row], rows: list[Row]) -> list[tuple[int | None, int | None]]:
    """Pairs of (expected, row) indexes that fit, as many as possible; then what fits nothing, in order."""
    taken: dict[int, int] = {}  # row → expected

    def place(n: int, tried: set[int]) -> bool:
        for m, row in enumerate(rows):
            if m not in tried and fits(expected[n], row):
                tried.add(m)
                if m not in taken or place(taken[m], tried):
                    taken[m] = n
                    return True
        return False

    for n in range(len(expected)):
        place(n, set())
    lonely = [m for m in range(len(rows)) if m not in taken]
    missed = [n for n in range(len(expected)) if n not in taken.values()]
    pairs: list[tuple[int | None, int | None]] = [(n, m) for m, n in taken.items()]
    both = min(len(lonely), len(missed))
    pairs += list(zip(missed[:both], lonely[:both], strict=True))
    pairs += [(n, None) for n in missed[both:]] + [(None, m) for m in lonely[both:]]
    return sorted(pairs, key=lambda pair: (pair[1] is None, pair[1] or 0, pair[0] or 0))
