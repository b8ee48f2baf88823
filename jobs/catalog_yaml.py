"""YAML as text with places: every scalar stays the text it was, every node knows file, line and column.

Refused: duplicate keys, tags of one's own, aliases that expand to more than ``ALIAS_NODES``, more than ``MAX_NODES``
nodes or ``MAX_DEPTH`` levels. So a rate never becomes a binary float and a date never becomes something else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

MAX_BYTES = 10_000_000
MAX_NODES = 500_000
MAX_DEPTH = 40
ALIAS_NODES = 10_000  # that aliases may add
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NULLS = ("", "~", "null", "Null", "NULL")


class Place(NamedTuple):
    """Where something stands; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, and what to do. ``error`` stops ``apply``; ``warning`` is money at risk."""

    level: Literal["error", "warning"]
    code: str
    place: Place
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.level}: {self.message}" + (f"; {self.remedy}" if self.remedy else "")


@dataclass(slots=True)
class Tree:
    """One node. Exactly one of ``fields`` (mapping), ``items`` (sequence) and ``text`` (scalar) is in use."""

    place: Place
    kind: Literal["mapping", "sequence", "scalar"]
    fields: dict[str, Tree] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    items: list[Tree] = field(default_factory=list)
    text: str | None = None

    def plain(self) -> Any:
        """The node as dicts, lists, texts and None."""
        if self.kind == "mapping":
            return {name: child.plain() for name, child in self.fields.items()}
        if self.kind == "sequence":
            return [child.plain() for child in self.items]
        return self.text

    def at(self, path: tuple[int | str, ...]) -> Place:
        """The place of the deepest part of ``path`` that exists; of a key, where the path ends in one."""
        node, place = self, self.place
        for step in path:
            if node.kind == "mapping" and step in node.fields:
                place, node = node.keys[str(step)], node.fields[str(step)]
            elif node.kind == "sequence" and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                place = node.place
        return place


def read_yaml(path: Path, problems: list[Problem]) -> Tree | None:
    """The tree of a file, or None with the reasons added to ``problems`` (never an exception for a bad file)."""
    start = Place(str(path), 1, 1)
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.append(Problem("error", "unreadable", start, f"cannot be read: {error.strerror}", "check the path"))
        return None
    if len(data) > MAX_BYTES:
        problems.append(Problem("error", "too_large", start, f"{len(data)} bytes, at most {MAX_BYTES}", "split it"))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(Problem("error", "not_utf8", start, f"byte {error.start} is no UTF-8", "save it as UTF-8"))
        return None
    return parse_yaml(text, str(path), problems)


def parse_yaml(text: str, name: str, problems: list[Problem]) -> Tree | None:
    """As ``read_yaml``, of text. An empty file is an empty mapping."""
    try:
        nodes = _guard(text)
        node = yaml.compose(text, Loader=LOADER)
    except _TooMuchError as error:
        problems.append(Problem("error", "too_large", Place(name, error.line, 1), str(error), "write it out plainly"))
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name, 1, 1)
        problems.append(Problem("error", "not_yaml", place, error.problem or str(error), "correct the YAML"))
        return None
    except yaml.YAMLError as error:
        problems.append(Problem("error", "not_yaml", Place(name, 1, 1), str(error).splitlines()[0], "correct the YAML"))
        return None
    if node is None:
        return Tree(Place(name, 1, 1), "mapping")
    return _Builder(name, problems, nodes + ALIAS_NODES).build(node)


class _TooMuchError(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def _guard(text: str) -> int:
    """Count before anything is built: the composer recurses, and would follow a thousand brackets down."""
    depth = nodes = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=LOADER), 1):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            what = f"nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"more than {MAX_NODES} nodes"
            raise _TooMuchError(what, event.start_mark.line + 1 if event.start_mark else 1)
    return nodes


@dataclass(slots=True)
class _Builder:
    """Turns PyYAML's nodes into trees, aliases written out as long as they stay small."""

    name: str
    problems: list[Problem]
    left: int
    open: set[int] = field(default_factory=set)

    def build(self, node: yaml.Node) -> Tree | None:
        try:
            return self._tree(node)
        except _TooMuchError as error:
            place = Place(self.name, error.line, 1)
            self.problems.append(Problem("error", "too_large", place, str(error), "write it out plainly"))
            return None

    def _tree(self, node: yaml.Node) -> Tree:
        place = self._place(node)
        self.left -= 1
        if self.left < 0:
            raise _TooMuchError(f"aliases expand to more than {ALIAS_NODES} nodes", place.line)
        if id(node) in self.open:
            raise _TooMuchError("an alias contains itself", place.line)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._error("bad_tag", place, f"the tag `{node.tag}` means nothing here", "remove it")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        self.open.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            tree = Tree(place, "sequence", items=[self._tree(child) for child in node.value])
        else:
            tree = self._mapping(node, place)
        self.open.discard(id(node))
        return tree

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Tree:
        plain = not node.style  # the C loader says "" of plain text
        return Tree(place, "scalar", text=None if plain and node.value in NULLS else str(node.value))

    def _mapping(self, node: yaml.Node, place: Place) -> Tree:
        tree = Tree(place, "mapping")
        for key, value in node.value:
            spot = self._place(key)
            if not isinstance(key, yaml.ScalarNode):
                self._error("bad_key", spot, "a field name must be a word", "write `name: value`")
            elif key.value in tree.fields:
                first = tree.keys[key.value].line
                self._error(
                    "duplicate_key",
                    spot,
                    f"`{key.value}` stands here twice (first in line {first})",
                    "remove one of the two",
                )
            else:
                tree.keys[key.value] = spot
                tree.fields[key.value] = self._tree(value)
        return tree

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.name, node.start_mark.line + 1, node.start_mark.column + 1)

    def _error(self, code: str, place: Place, message: str, remedy: str) -> None:
        self.problems.append(Problem("error", code, place, message, remedy))
