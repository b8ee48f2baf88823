"""A folder of YAML files as catalogue objects, with every error at once, each at its file, line and column."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from jobs.catalog_yaml import Place, Problem, Tree, read_yaml
from streams.models.catalog import (
    OBJECT_TYPES,
    Calendar,
    CatalogObject,
    Contract,
    Dated,
    Device,
    HolidaySet,
    Project,
    Ticket,
)

T = TypeVar("T", bound=CatalogObject)

SECTIONS = {
    "organisation": "organisation",
    "clients": "client",
    "technicians": "technician",
    "devices": "device",
    "tickets": "ticket",
    "services": "service",
    "holidays": "holiday_set",
    "calendars": "calendar",
    "tiers": "tier",
    "rounding": "rounding",
    "rate_cards": "rate_card",
    "contracts": "contract",
    "script_policies": "script_policy",
    "projects": "project",
    "cost_cards": "cost_card",
}
SECTION_OF = {kind: section for section, kind in SECTIONS.items()}

# Decided, described in docs/rules, and not built yet: said so instead of "unknown".
NOT_BUILT: dict[str, tuple[str, ...]] = {"section": ("lots",)}
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Placed:
    """An object and where it was written."""

    item: CatalogObject
    tree: Tree


@dataclass(slots=True)
class Catalogue:
    """Objects by "client/acme", and what is wrong with them."""

    objects: dict[str, Placed] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    broken: set[str] = field(default_factory=set)  # "client/acme" that is written and cannot be read

    def all(self, kind: type[T]) -> list[T]:
        """Every object of one type, by id."""
        return [placed.item for _, placed in sorted(self.objects.items()) if isinstance(placed.item, kind)]

    def has(self, kind: str, id_: str) -> bool:
        return f"{kind}/{id_}" in self.objects or f"{kind}/{id_}" in self.broken

    def place(self, item: CatalogObject, *path: int | str) -> Place:
        tree = self.objects[f"{kind_of(item)}/{item.id}"].tree
        return tree.at(path)

    def report(self, level: str, code: str, place: Place, message: str, remedy: str = "") -> None:
        self.problems.append(Problem("error" if level == "error" else "warning", code, place, message, remedy))

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "error"]


def kind_of(item: CatalogObject) -> str:
    return _KIND_OF[type(item)]


_KIND_OF = {cls: name for name, cls in OBJECT_TYPES.items()}


def load_folders(folders: Iterable[Path]) -> Catalogue:
    """Read every .yaml and .yml file below the folders (a file may be named too). Not yet checked as a whole."""
    catalogue = Catalogue()
    for folder in folders:
        files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml"))
        if not files:
            seen = "holds no .yaml file" if folder.is_dir() else "does not exist"
            catalogue.report("error", "no_files", Place(str(folder), 1, 1), seen, "name the catalogue's folder")
        for file in files:
            catalogue.files += 1
            tree = read_yaml(file, catalogue.problems)
            if tree is not None:
                add_tree(catalogue, tree)
    return catalogue


def add_tree(catalogue: Catalogue, tree: Tree) -> None:
    """Add the sections of one file (or of a scenario's ``catalogue:``)."""
    if tree.kind != "mapping":
        catalogue.report(
            "error",
            "wrong_shape",
            tree.place,
            "a catalogue file is a mapping of sections",
            f"write one of: {', '.join(SECTIONS)}",
        )
        return
    for section, node in tree.fields.items():
        kind = SECTIONS.get(section)
        if kind is None:
            _unknown(catalogue, tree.keys[section], section, list(SECTIONS), "section", what="section")
        elif node.kind == "scalar" and node.text is None:
            continue  # a section without content
        elif kind == "organisation" and node.kind == "mapping":
            _add_object(catalogue, kind, node)
        elif node.kind == "sequence" and kind != "organisation":
            for child in node.items:
                _add_object(catalogue, kind, child)
        else:
            want = "a mapping" if kind == "organisation" else "a list: lines that begin with `- id:`"
            catalogue.report("error", "wrong_shape", node.place, f"`{section}` must be {want}", "see docs/catalogue.md")


def _add_object(catalogue: Catalogue, kind: str, tree: Tree) -> None:
    model = OBJECT_TYPES[kind]
    if tree.kind != "mapping":
        catalogue.report("error", "wrong_shape", tree.place, f"a {kind} is a mapping of fields", "begin with `id:`")
        return
    try:
        item = model.model_validate(tree.plain())
    except ValidationError as failed:
        for detail in failed.errors(include_url=False):
            _translate(catalogue, model, tree, detail)
        catalogue.broken.add(f"{kind}/{_text(tree, ('id',)) or kind}")
        return
    _check_texts(catalogue, item, tree)
    key = f"{kind}/{item.id}"
    known = catalogue.objects.get(key)
    if known is not None:
        first = known.tree.at(("id",))
        what = "a second organisation" if kind == "organisation" else f"{kind} `{item.id}` stands here a second time"
        catalogue.report("error", "duplicate_id", tree.at(("id",)), f"{what} (first at {first})", "remove one")
        return
    catalogue.objects[key] = Placed(item, tree)


def _check_texts(catalogue: Catalogue, item: CatalogObject, tree: Tree) -> None:
    """Dates are written as dates: a bare number would be read as seconds since 1970."""
    paths: list[tuple[int | str, ...]] = []
    if isinstance(item, Dated):
        paths += [("from",), ("until",)]
    if isinstance(item, Contract):
        paths += [("lots", n, name) for n in range(len(item.lots)) for name in ("from", "until")]
        paths += [("fees", n, name) for n in range(len(item.fees)) for name in ("from", "until")]
    if isinstance(item, Project):
        paths += [("milestones", n, "on") for n in range(len(item.milestones))]
    if isinstance(item, Device):
        paths += [("moves", n, "from") for n in range(len(item.moves))]
    if isinstance(item, HolidaySet):
        paths += [("dates", n) for n in range(len(item.dates))] + [("except", n) for n in range(len(item.except_))]
    if isinstance(item, Calendar):
        listed = (("windows", item.windows), ("premiums", item.premiums))
        paths += [(k, n, "dates", m) for k, ws in listed for n, w in enumerate(ws) for m in range(len(w.dates))]
    for path in paths:
        text = _text(tree, path)
        if text is not None and not DATE.fullmatch(text):
            catalogue.report("error", "bad_date", tree.at(path), f"`{text}` is no date", "write 2026-07-01")
    moments: list[tuple[int | str, ...]] = []
    if isinstance(item, Ticket):
        moments += [("opened",), ("closed",), *(("changes", n, "at") for n in range(len(item.changes)))]
    for path in moments:
        text = _text(tree, path)
        if text is not None and not INSTANT.fullmatch(text):
            catalogue.report(
                "error",
                "bad_instant",
                tree.at(path),
                f"`{text}` is no instant with its offset",
                "write 2026-03-02T14:05:00Z",
            )


def _text(tree: Tree, path: tuple[int | str, ...]) -> str | None:
    node: Tree | None = tree
    for step in path:
        if node is None:
            return None
        node = node.items[step] if isinstance(step, int) else node.fields.get(step)
    return node.text if node is not None else None


def _translate(catalogue: Catalogue, model: type[BaseModel], tree: Tree, detail: ErrorDetails) -> None:
    """One finding of pydantic, at its place and in our words."""
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    name, place = str(loc[-1]) if loc else "", tree.at(loc)
    given = detail["input"]
    kind = detail["type"]
    if kind == "extra_forbidden":
        _unknown(catalogue, place, name, _fields_at(model, loc[:-1]), "field", what="field")
    elif kind == "missing":
        catalogue.report("error", "missing_field", place, f"`{name}` is missing", f"add `{name}:`")
    elif kind == "literal_error":
        options = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
        _unknown(catalogue, place, str(given), options, name, what=_last_name(loc))
    elif given is None:
        catalogue.report("error", "empty_field", place, f"`{name}` is empty", "give it a value or remove the line")
    else:
        shown = str(given) if isinstance(given, str) else "this"
        catalogue.report("error", "bad_value", place, f"`{name}`: `{shown}` does not fit", _remedy(kind, detail))


def _last_name(loc: tuple[int | str, ...]) -> str:
    """The field a finding is about: of `windows[0].days[1]` it is `days`."""
    return next((step for step in reversed(loc) if isinstance(step, str)), "value")


def _remedy(kind: str, detail: ErrorDetails) -> str:
    pattern = str(detail.get("ctx", {}).get("pattern", ""))
    if kind == "string_pattern_mismatch":
        return "write hh:mm, 00:00 to 24:00" if "24:00" in pattern else "an id has no `/` and no `|`"
    if kind.startswith(("decimal", "int")):
        return "write a number such as 120.00" if kind.startswith("decimal") else "write a whole number"
    if kind.startswith("bool"):
        return "write true or false"
    if kind.startswith("date"):
        return "write 2026-07-01"
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _unknown(catalogue: Catalogue, place: Place, name: str, options: list[str], planned: str, what: str) -> None:
    if name in NOT_BUILT.get(planned, ()):
        catalogue.report(
            "error", "not_built", place, f"{what} `{name}` is not built yet", f"today: {', '.join(options)}"
        )
        return
    near = get_close_matches(name, options, n=1, cutoff=0.6)
    remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(options)}"
    catalogue.report(
        "error",
        "unknown_field" if what in ("field", "section") else "bad_value",
        place,
        f"unknown {what} `{name}`",
        remedy,
    )


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Field names, as written, of the model that sits at ``loc`` below ``model``."""
    here: Any = model
    for step in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            named = {info.alias or name: info.annotation for name, info in here.model_fields.items()}
            here = named.get(str(step))
        else:
            here = _inner(here)
    here = here if isinstance(here, type) and issubclass(here, BaseModel) else _inner(here)
    if not (isinstance(here, type) and issubclass(here, BaseModel)):
        return []
    return [info.alias or name for name, info in here.model_fields.items()]


def _inner(annotation: Any) -> Any:
    """The model inside list[Model] or dict[str, Model]."""
    arguments = typing.get_args(annotation)
    return arguments[-1] if arguments else annotation
