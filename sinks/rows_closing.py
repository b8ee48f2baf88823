"""Decisions and their outcomes as rows of their tables."""

from __future__ import annotations

import msgspec

from sinks.tables import Row
from streams.models.closing import Closed, Refused, decode_closed, decode_refused
from streams.models.decision import decode_decision
from streams.models.fact import Fact

_encode = msgspec.json.Encoder().encode


def decision_row(fact: Fact) -> Row:
    """The row of ``sinks.tables.DECISIONS``."""
    one = decode_decision(bytes(fact.body))
    return (
        one.schema, fact.tenant, fact.id, 0, False, one.kind, one.by, one.at * 1000, one.reason, one.client, one.period,
        one.evidence, bytes(fact.body).decode(),
    )  # fmt: skip


def closing_row(fact: Fact) -> Row:
    """The row of ``sinks.tables.CLOSINGS``, of a ``closed`` or ``refused`` fact."""
    one: Closed | Refused
    if fact.kind == "closed":
        one = decode_closed(bytes(fact.body))
        reason, saw, earliest, release, until = "", one.hash, "", one.release, one.until
    else:
        one = decode_refused(bytes(fact.body))
        reason, saw, earliest, release, until = one.reason, one.saw, one.earliest, 0, 0
    return (
        one.schema, fact.tenant, fact.id, 0, False, fact.kind, reason, one.client, one.period, one.number, one.hash,
        saw, earliest, release, until * 1000, one.rows, one.worked_seconds, one.quantity_seconds,
        _encode(one.amounts).decode(),
    )  # fmt: skip
