"""Small files, short functions. An exception stands in one of these lists with its reason."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("streams", "billing", "connectors", "sinks", "jobs", "web", "deploy")
FILE_LINES, KERNEL_LINES, FUNCTION_LINES = 300, 200, 40

LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


def files() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {}
    for path in files():
        name = str(path.relative_to(ROOT))
        lines = len(path.read_text().splitlines())
        if lines > (KERNEL_LINES if name.startswith("billing/") else FILE_LINES):
            long[name] = lines
    assert set(long) == set(LONG_FILES), long


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path in files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                length = node.end_lineno - node.lineno + 1
                if length > FUNCTION_LINES:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = length
    assert set(long) == set(LONG_FUNCTIONS), long
