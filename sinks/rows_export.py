"""Batches of usage as rows of their table."""

from __future__ import annotations

from sinks.tables import Row
from streams.models.export import decode_export
from streams.models.fact import Fact

_LAST = (1 << 64) - 1


def export_row(fact: Fact, offset: int) -> Row:
    """The row of ``sinks.tables.EXPORTS``. ``offset`` is the fact's place among those of its tenant: of two facts with
    one id the first holds, and the order of batches is that of the log. Raises ValueError for another kind of fact."""
    if fact.kind != "export":
        raise ValueError(f"a fact of kind {fact.kind} on the topic of exports")
    one = decode_export(bytes(fact.body))
    parts = one.statements
    return (
        one.schema, fact.tenant, fact.id, _LAST - offset, False, offset, one.by, one.at * 1000, one.layout,
        [part.client for part in parts], [part.period for part in parts], [part.number for part in parts],
        [part.hash for part in parts],
    )  # fmt: skip
