"""A scenario file: a catalogue, events and decisions in a short form, the instant it is read as of, and the ledger it
expects."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from jobs.catalog_load import Catalogue, add_tree, load_folders
from jobs.catalog_rules import check_whole
from jobs.catalog_yaml import Problem, Tree, read_yaml
from jobs.console import Exit, UserError
from jobs.scenario_decisions import DecisionReader, Step
from jobs.scenario_events import EventReader
from jobs.scenario_expect import Expected, read_expected
from jobs.scenario_figures import Given, read_given
from jobs.scenario_time import NoInstantError, parse_instant
from streams.models.catalog import Organisation
from streams.models.event import Event

FIELDS = ("about", "zone", "as_of", "catalogue", "events", "decisions", "figures", "expect")


@dataclass(slots=True)
class Scenario:
    """What a file says. ``as_of`` in seconds since 1970, None: no clock mark, what runs goes on running."""

    path: Path
    tenant: str = "main"
    about: str = ""
    as_of: int | None = None
    catalogue: Catalogue = field(default_factory=Catalogue)
    events: list[Event] = field(default_factory=list)
    decisions: list[Step] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # activity id → the name the file gives it
    received: dict[str, int] = field(default_factory=dict)  # event id → when a door took it, where the file says so
    given: Given | None = None  # for key figures: what no ledger knows
    expected: Expected | None = None
    warnings: list[Problem] = field(default_factory=list)


def read_scenario(path: Path, tenant: str = "main") -> Scenario:
    """Read and check a scenario; raises ``UserError`` with every problem when it cannot be run."""
    problems: list[Problem] = []
    tree = read_yaml(path, problems)
    if tree is None or problems:
        raise _refuse(problems)
    scenario = Scenario(path, tenant)
    _check_fields(tree, problems)
    scenario.catalogue = _catalogue(tree, path, problems)
    zone = _zone(tree, scenario.catalogue, problems)
    scenario.about = (_text(tree, "about") or "").strip()
    scenario.as_of = _as_of(tree, zone, problems)
    reader = EventReader(tenant, zone, problems)
    scenario.events, scenario.names = reader.read(tree.fields.get("events"))
    decisions = DecisionReader(zone, reader, scenario.catalogue, problems)
    scenario.decisions = decisions.read(tree.fields.get("decisions"))
    scenario.received = reader.received
    if "figures" in tree.fields:
        scenario.given = read_given(tree.fields["figures"], problems)
    if "expect" in tree.fields:
        scenario.expected = read_expected(tree.fields["expect"], zone, problems)
    scenario.warnings = [problem for problem in problems if problem.level == "warning"]
    if any(problem.level == "error" for problem in problems):
        raise _refuse(problems)
    return scenario


def _refuse(problems: list[Problem]) -> UserError:
    errors = [problem for problem in problems if problem.level == "error"]
    listed = "\n".join(f"  {problem}" for problem in errors)
    code = Exit.CANNOT if any(problem.code == "not_built" for problem in errors) else Exit.USAGE
    return UserError(f"the scenario cannot be run:\n{listed}", code)


def _check_fields(tree: Tree, problems: list[Problem]) -> None:
    if tree.kind != "mapping":
        problems.append(Problem("error", "wrong_shape", tree.place, "a scenario is a mapping", "see docs/scenarios.md"))
        return
    for name, place in tree.keys.items():
        if name not in FIELDS:
            remedy = f"known here: {', '.join(FIELDS)}"
            problems.append(Problem("error", "unknown_field", place, f"unknown field `{name}`", remedy))


def _catalogue(tree: Tree, path: Path, problems: list[Problem]) -> Catalogue:
    """The catalogue, inline or by path (of a folder or file, seen from the scenario)."""
    node = tree.fields.get("catalogue")
    if node is None:
        problems.append(Problem("error", "missing_field", tree.place, "`catalogue` is missing", "add it, or its path"))
        return Catalogue()
    if node.kind == "scalar":
        catalogue = load_folders([path.parent / (node.text or "")])
    else:
        catalogue = Catalogue(files=1)
        add_tree(catalogue, node)
    check_whole(catalogue)
    problems.extend(catalogue.problems)
    return catalogue


def _zone(tree: Tree, catalogue: Catalogue, problems: list[Problem]) -> ZoneInfo:
    """The zone of local times: the file's ``zone``, else the organisation's."""
    name = _text(tree, "zone") or next((o.zone for o in catalogue.all(Organisation)), "UTC")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        remedy = "write an IANA name such as America/New_York"
        problems.append(Problem("error", "unknown_zone", tree.at(("zone",)), f"no time zone `{name}`", remedy))
        return ZoneInfo("UTC")


def _as_of(tree: Tree, zone: ZoneInfo, problems: list[Problem]) -> int | None:
    text = _text(tree, "as_of")
    if text is None:
        return None
    try:
        return parse_instant(text, zone) // 1000
    except NoInstantError as error:
        problems.append(Problem("error", "bad_instant", tree.at(("as_of",)), str(error)))
        return None


def _text(tree: Tree, name: str) -> str | None:
    node = tree.fields.get(name)
    return node.text if node is not None else None
