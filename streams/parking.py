"""Records that cannot go on become parked items; a replayed record that can settles its item."""

from __future__ import annotations

import re
from functools import lru_cache

from streams.models.cloudevent import Problem
from streams.models.parked import Parked, encode_parked, parked_id
from streams.ports import Batch, Incoming, Output, Record

TENANT = re.compile(r"[A-Za-z0-9_.-]{1,60}")
EVERYONE = "*"  # the tenant of a clock mark
PARKED = "parked"
REPLAYED_ID = "everyminute-parked"  # headers of a replayed record: the parked item's id, and which replay it is
REPLAYED_ATTEMPT = "everyminute-attempt"


def parked_output(parked: Parked) -> Output:
    return Output(PARKED, parked.tenant, Record(parked.id.encode(), encode_parked(parked)))


@lru_cache(4096)
def is_tenant(text: str) -> bool:
    """Whether this may be a tenant: it is the first part of every key, so no separator may be in it."""
    return TENANT.fullmatch(text) is not None


def tenant_of(key: bytes | None, separator: str) -> str:
    """The tenant a record's key names, "" where it names none."""
    tenant, found, _ = (key or b"").decode(errors="replace").partition(separator)
    return tenant if found and (is_tenant(tenant) or tenant == EVERYONE) else ""


def park(batch: Batch, record: Incoming, problem: Problem, tenant: str) -> Parked:
    """The exact bytes, where they stand, and what to do. A replayed record keeps its first id."""
    again = replay(record)
    attempt = again[1] if again else 0
    key, value = record.key or b"", record.value or b""
    return Parked(
        tenant=tenant,
        id=again[0] if again else parked_id(tenant, batch.topic, key, value),
        version=2 * attempt + 1,
        reason=problem.reason,
        saw=problem.saw,
        expected=problem.expected,
        remedy=problem.remedy,
        topic=batch.topic,
        place=f"{batch.topic}/{batch.partition}@{record.offset}",
        key=key,
        value=value,
        attempt=attempt,
    )


def resolve(batch: Batch, record: Incoming, separator: str) -> Parked | None:
    """The parked item that this record settles, when it is a replay."""
    again = replay(record)
    if again is None:
        return None
    return Parked(
        tenant=tenant_of(record.key, separator), id=again[0], version=2 * again[1], void=True,
        reason="wrong_shape", topic=batch.topic, attempt=again[1],
    )  # fmt: skip


def replay(record: Incoming) -> tuple[str, int] | None:
    """(parked id, attempt) of a replayed record."""
    found = dict(record.headers)
    attempt = found.get(REPLAYED_ATTEMPT, b"")
    return (found[REPLAYED_ID].decode(), int(attempt)) if attempt.isdigit() and REPLAYED_ID in found else None
