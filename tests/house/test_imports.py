"""Who may import whom: the table of the design, held by reading every import statement."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("streams", "billing", "connectors", "sinks", "jobs", "web", "deploy")
KERNEL_STDLIB = {
    "__future__", "bisect", "calendar", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions",
    "functools", "heapq", "importlib", "itertools", "math", "operator", "re", "typing", "zoneinfo",
}  # fmt: skip
# importlib: the calendar reads the zones of the pinned tzdata package, a machine's own may be of another year.
# holidays: pure data, pinned exactly.

# (files, what of ours they may import, third parties they may never import)
TABLE: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("streams/models", ("streams.models",), ("faust", "aiokafka", "clickhouse_connect")),
    ("billing", ("billing", "streams.models"), ("faust", "aiokafka", "clickhouse_connect", "pydantic_settings")),
    ("connectors", ("connectors", "streams.models", "streams.settings", "streams.topics"), ("faust",)),
    ("sinks", ("sinks", "streams.models", "streams.settings", "streams.topics", "streams.crash"), ("faust",)),
    ("streams/agents", ("streams.agents", "streams.models", "streams.hop", "billing"), ("clickhouse_connect",)),
    (
        "jobs",
        ("jobs", "streams.models", "streams.settings", "streams.topics", "streams.doors", "billing", "connectors",
         "sinks", "deploy"),
        ("faust",),
    ),
    ("web", ("web", "jobs", "streams.models", "streams.settings", "streams.topics", "streams.doors", "billing",
             "connectors", "sinks"), ("faust",)),
]  # fmt: skip


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; write the whole name"
            base = node.module or ""
            for alias in node.names:
                deeper = ROOT / base.replace(".", "/") / f"{alias.name}.py"
                yield node.lineno, f"{base}.{alias.name}" if deeper.exists() else base


def within(name: str, allowed: tuple[str, ...]) -> bool:
    return any(name == top or name.startswith(top + ".") for top in allowed)


@pytest.mark.parametrize(("folder", "ours", "never"), TABLE, ids=[row[0] for row in TABLE])
def test_a_folder_imports_only_what_the_design_allows(
    folder: str, ours: tuple[str, ...], never: tuple[str, ...]
) -> None:
    wrong = []
    for path in python_files(folder):
        for line, name in imports(path):
            top = name.split(".")[0]
            if (top in OURS and not within(name, ours)) or top in never:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_kernel_uses_only_pure_parts_of_the_standard_library() -> None:
    wrong = []
    for path in python_files("billing"):
        for line, name in imports(path):
            top = name.split(".")[0]
            if top not in KERNEL_STDLIB and top not in (*OURS, "msgspec", "pydantic", "holidays"):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_faust_is_imported_in_few_places() -> None:
    users = {
        str(path.relative_to(ROOT))
        for top in OURS
        for path in python_files(top)
        if any(name.split(".")[0] in ("faust", "mode") for _, name in imports(path))
    }
    allowed = {path for path in users if path.startswith("streams/")}
    assert users == allowed, users - allowed
    assert len(users) <= 8, users


CLOCKS = {("time", "time"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("random", "random")}


def test_the_kernel_reads_no_clock_and_draws_no_number() -> None:
    wrong = []
    for path in python_files("billing") + python_files("streams/models"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and (node.value.id, node.attr) in CLOCKS
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.value.id}.{node.attr}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "hash"):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.func.id}()")
    assert not wrong, "\n".join(wrong)
