"""The mutants of a module: each one change of its syntax tree, named so that the name outlives moved lines."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.mutation.operators import children, variants

ROOT = Path(__file__).parents[2]
BILLING = (
    "rounding", "round_rows", "surplus", "stretch", "top_up", "cap", "money", "charge", "charges", "bounds", "scopes",
    "draw", "draw_price", "draw_incident", "corrections", "closes", "close",
)  # fmt: skip
MODULES = [
    *(f"billing/{name}.py" for name in BILLING),
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "billing/contracts").glob("[a-z]*.py"))),
]
SHOWN = (ast.expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.arguments, ast.keyword)
WHOLE_MODULE = ""  # the function of what stands outside of functions


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change; ``place`` is the node's number in the tree, ``variant`` which of its variants. ``lines`` are those of
    the statement it lies in, without the body. ``function`` is the outermost one, as its code object names it."""

    module: str
    function: str
    change: str
    line: int
    lines: tuple[int, int]
    place: int
    variant: int

    @property
    def name(self) -> str:
        return f"{self.module} {self.function or '(module)'}: {self.change}"


@dataclass(frozen=True, slots=True)
class _Spot:
    """A node with what surrounds it."""

    node: ast.AST
    parent: ast.AST
    statement: ast.stmt
    function: str


def mutants_of(module: str) -> list[Mutant]:
    """All mutants of a file, in the order of its tree; the same text twice in a function is numbered."""
    found: list[Mutant] = []
    seen: Counter[tuple[str, str]] = Counter()
    for place, spot in enumerate(_spots(_tree(module))):
        if not spot.function and isinstance(spot.node, ast.BinOp) and isinstance(spot.node.op, ast.BitOr):
            continue  # a union of types
        for number, other in enumerate(variants(spot.node)):
            change = _change(spot, other)
            seen[spot.function, change] += 1
            nth = seen[spot.function, change]
            change += f" #{nth}" if nth > 1 else ""
            line = getattr(spot.node, "lineno", spot.statement.lineno)
            lines = spot.statement.lineno, _head_end(spot.statement)
            found.append(Mutant(module, spot.function, change, line, lines, place, number))
    return found


def mutated(mutant: Mutant) -> ast.Module:
    """The tree of the mutant's module with the change in it."""
    tree = ast.parse(_source(mutant.module))
    spot = list(_spots(tree))[mutant.place]
    other = list(variants(spot.node))[mutant.variant]
    _put(spot.parent, spot.node, ast.copy_location(other, spot.node))
    return ast.fix_missing_locations(tree)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_source(module))


@cache
def _source(module: str) -> str:
    """Read once: whoever edits the file meanwhile does not move the mutants."""
    return (ROOT / module).read_text()


def _spots(tree: ast.Module) -> Iterator[_Spot]:
    for statement in tree.body:
        yield from _walk(statement, tree, statement, WHOLE_MODULE, ())


def _walk(node: ast.AST, parent: ast.AST, statement: ast.stmt, function: str, path: tuple[str, ...]) -> Iterator[_Spot]:
    if _is_docstring(node):
        return
    statement = node if isinstance(node, ast.stmt) else statement
    yield _Spot(node, parent, statement, function)
    if isinstance(node, ast.ClassDef):
        path = (*path, node.name)
    for child in children(node):
        inside = function
        if isinstance(node, ast.FunctionDef) and not function and child is not node.args:
            inside = ".".join((*path, node.name))
        yield from _walk(child, node, statement, inside, path)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _head_end(statement: ast.stmt) -> int:
    """The last line of a statement before its body."""
    body = getattr(statement, "body", None)
    end = statement.end_lineno or statement.lineno
    return max(statement.lineno, body[0].lineno - 1) if body else end


def _change(spot: _Spot, other: ast.AST) -> str:
    """``seconds > base → seconds >= base``; a constant is shown with what it stands in."""
    before = spot.node
    if isinstance(before, ast.If):
        return f"if {ast.unparse(before.test)} → if not"
    if isinstance(before, ast.Constant) and isinstance(spot.parent, SHOWN):
        text = ast.unparse(spot.parent)
        _put(spot.parent, before, other)
        changed = ast.unparse(spot.parent)
        _put(spot.parent, other, before)
        return _short(f"{text} → {changed}")
    return _short(f"{ast.unparse(before)} → {ast.unparse(other)}")


def _short(text: str) -> str:
    return " ".join(text.split())


def _put(parent: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for name, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, name, new)
        elif isinstance(value, list):
            value[:] = [new if one is old else one for one in value]
