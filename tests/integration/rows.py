"""Rows of the ledger side by side."""

from __future__ import annotations

from typing import Any

Rows = dict[str, dict[str, Any]]  # by id


def assert_same(found: dict[str, Rows], expected: dict[str, Rows]) -> None:
    """The same rows with the same content in each view; fails with the first few that differ."""
    for view, rows in expected.items():
        different = [id_ for id_ in rows.keys() | found[view].keys() if rows.get(id_) != found[view].get(id_)]
        shown = [_difference(id_, found[view].get(id_), rows.get(id_)) for id_ in sorted(different)[:3]]
        assert not different, f"{len(different)} of {len(rows)} rows of {view} differ:\n" + "\n".join(shown)


def _difference(id_: str, found: dict[str, Any] | None, expected: dict[str, Any] | None) -> str:
    if found is None or expected is None:
        return f"{id_}: {'is missing' if found is None else 'is too much'}: {found or expected}"
    names = [name for name in expected if expected[name] != found[name]]
    return f"{id_}: " + "; ".join(f"{name} is {found[name]!r}, not {expected[name]!r}" for name in names)
