"""Mutants that cannot change an amount, each with the reason: `equivalent.yaml`, by module and function."""

from __future__ import annotations

from pathlib import Path

import yaml

FILE = Path(__file__).with_name("equivalent.yaml")


def equivalents() -> dict[str, str]:
    """The reason by the mutant's name. The file: module → function → change → reason."""
    listed: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(FILE.read_text()) or {}
    return {
        f"{module} {function}: {change}": reason
        for module, functions in listed.items()
        for function, changes in functions.items()
        for change, reason in changes.items()
    }
