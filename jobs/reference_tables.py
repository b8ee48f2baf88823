"""The page about tables and views, made from the comments in sinks/schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SCHEMA = Path(__file__).parents[1] / "sinks" / "schema"

TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)\n\((.*?)\n\)\n(.*?);", re.DOTALL)
VIEW = re.compile(r"((?:^-- [^\n]*\n)*)^CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?(\w+) AS\n(.*?);\s*$",
                  re.DOTALL | re.MULTILINE)  # fmt: skip
COLUMN = re.compile(r"^\s+(?:`([^`]+)`|([a-z_]+)) ([A-Z].*?)(?: DEFAULT \S+)? COMMENT '(.*?)'", re.MULTILINE)
ADDED = re.compile(
    r"ALTER TABLE (\w+) ADD COLUMN (?:IF NOT EXISTS )?`?([\w.]+)`? (.*?)\s+COMMENT '(.*?)'(?: AFTER `?([\w.]+)`?)?;",
    re.DOTALL,
)
ABOUT = re.compile(r"COMMENT '(.*?)'\s*$")
LIVE = re.compile(r"^SELECT \* EXCEPT \((.*?)\)\nFROM (\w+) FINAL", re.DOTALL)


@dataclass(frozen=True)
class Column:
    name: str
    type: str = ""
    about: str = ""


@dataclass(frozen=True)
class Relation:
    """A table or view. ``note``: what its file says of it."""

    name: str
    about: str
    columns: list[Column]
    note: str = ""
    of: str = ""  # the table whose columns it shows
    without: list[str] = field(default_factory=list)


def relations(folder: Path = SCHEMA) -> dict[str, Relation]:
    """Tables and views in the order of the migrations."""
    found: dict[str, Relation] = {}
    for file in sorted(folder.glob("*.sql")):
        text = file.read_text(encoding="utf-8")
        for name, body, rest in TABLE.findall(text):
            found[name] = Relation(name, _about(rest), list(_columns(body)))
        for name, column, kind, about, before in ADDED.findall(text):
            columns = found[name].columns
            places = [place for place, one in enumerate(columns, start=1) if one.name == before]
            columns.insert(places[0] if places else len(columns), Column(column, kind, about))
        for note, name, body in VIEW.findall(text):
            found[name] = _view(name, body, note, found)
    return found


def _columns(text: str) -> Iterator[Column]:
    for quoted, plain, kind, about in COLUMN.findall(text):
        yield Column(quoted or plain, kind, about)


def _about(rest: str) -> str:
    found = ABOUT.search(rest)
    return found[1].rstrip(".") if found else ""


def _view(name: str, body: str, note: str, known: dict[str, Relation]) -> Relation:
    said = " ".join(line.removeprefix("-- ") for line in note.splitlines())
    said = said or (known[name].note if name in known else "")  # made anew by a later migration
    if live := LIVE.match(body):
        without = live[1].split(", ")
        columns = [column for column in known[live[2]].columns if column.name not in without]
        return Relation(name, _about(body), columns, said, live[2], without)
    return Relation(name, _about(body), [Column(one) for one in _selected(body)], said)


def _selected(body: str) -> list[str]:
    """Names in the list of the outer SELECT: after AS, else the word itself."""
    depth, parts, text = 0, [""], body.removeprefix("SELECT")
    for place, sign in enumerate(text):
        if depth == 0 and text.startswith("\nFROM", place):
            break
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.split()[-1].strip("`") for part in parts if part.strip()]


def tables_page() -> str:
    """Every table and view with its columns."""
    parts = [
        "# Tables and views\n\nWhat the ledger's database holds (source: `sinks/schema`). Read the views whose names "
        "end in `_live`, and those that add up; the tables themselves keep every version of every row. "
        "[For analysts](analyst.md) has queries to begin with.\n"
    ]
    found = relations()
    for relation in found.values():
        if any(other.of == relation.name for other in found.values()):
            continue  # shown as its live view
        parts.append(_section(relation))
    return "\n".join(parts)


def _section(relation: Relation) -> str:
    lines = [f"## {relation.name}\n", relation.note or f"{relation.about}.", ""]
    if relation.of:
        lines += [f"Columns of the table `{relation.of}`, which keeps all versions.", ""]
    if any(column.about for column in relation.columns):
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{one.name}` | `{one.type}` | {one.about.replace('|', chr(92) + '|')} |" for one in relation.columns
        ]
    else:
        lines.append("Columns: " + ", ".join(f"`{one.name}`" for one in relation.columns) + ".")
    return "\n".join(lines) + "\n"
