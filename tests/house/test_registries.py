"""A registry is a literal: one dict or tuple written out in one place, read by eye; no scanning, no decorators."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REGISTRIES = [
    ("connectors/__init__.py", "CONNECTORS"),
    ("billing/contracts/__init__.py", "CONTRACTS"),
    ("billing/rounding.py", "MODES"),
    ("billing/scopes.py", "SCOPES"),
    ("billing/surplus.py", "SURPLUS"),
    ("streams/models/catalog.py", "OBJECT_TYPES"),
    ("streams/models/parked.py", "MEANING"),
    ("streams/topics.py", "TOPICS"),
    ("jobs/cli.py", "COMMANDS"),
    ("jobs/reference.py", "PAGES"),
    ("jobs/doctor_findings.py", "FINDINGS"),
]


def assigned(path: Path, name: str) -> ast.expr:
    for node in ast.parse(path.read_text()).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            return node.value
    raise AssertionError(f"{path} assigns no {name}")


@pytest.mark.parametrize(("file", "name"), REGISTRIES)
def test_a_registry_is_written_out_and_changed_nowhere(file: str, name: str) -> None:
    value = assigned(ROOT / file, name)
    assert isinstance(value, ast.Dict | ast.Tuple), f"{name} is computed"
    changes = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for top in ("streams", "billing", "connectors", "sinks", "jobs", "web", "deploy")
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign)
        and any(
            isinstance(t, ast.Subscript) and isinstance(t.value, ast.Name) and t.value.id == name for t in node.targets
        )
    ]
    assert not changes, f"{name} is changed at {changes}"
