"""Records of the fact topics (catalog, decisions, link-log, rate-log): decoded, and their bodies checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec
from pydantic import ValidationError

from streams.hop import EVERYONE, Incoming, tenant_of
from streams.models.catalog import OBJECT_TYPES, Release, parse_object
from streams.models.closing import decode_closed, decode_manifest, decode_refused
from streams.models.cloudevent import Problem
from streams.models.decision import decode_decision
from streams.models.fact import SCHEMA, Fact, FactKind, decode_fact
from streams.models.interval import decode_interval
from streams.models.seal import decode_seal
from streams.models.work import decode_work

SEPARATOR = "|"
TELL_US = "Nothing but this program writes here: report it with these bytes."
UPGRADE = "Upgrade this worker: a newer one wrote it."


def _object(fact: Fact) -> None:
    if fact.id.split("/", 1)[0] not in OBJECT_TYPES:
        raise ValueError(f"object type of {fact.id!r} is unknown")
    parse_object(fact.id, bytes(fact.body))


BODIES: dict[str, Callable[[Fact], Any]] = {
    "interval": lambda fact: decode_interval(bytes(fact.body)),
    "work": lambda fact: decode_work(bytes(fact.body)),
    "object": _object,
    "decision": lambda fact: decode_decision(bytes(fact.body)),
    "manifest": lambda fact: decode_manifest(bytes(fact.body)),
    "closed": lambda fact: decode_closed(bytes(fact.body)),
    "refused": lambda fact: decode_refused(bytes(fact.body)),
    "seal": lambda fact: decode_seal(bytes(fact.body)),
    "release": lambda fact: msgspec.json.decode(bytes(fact.body), type=Release),
}


def decode_record(record: Incoming) -> tuple[str, Fact] | Problem:
    """(tenant, fact), the tenant as key and value agree on it."""
    if record.key is None:
        return Problem("missing_key", "a record without a key", "tenant|kind|id|revision|digest", TELL_US)
    if not record.value:
        return Problem("empty_value", "a record without a value", "a fact as JSON", TELL_US)
    try:
        fact = decode_fact(record.value)
    except msgspec.ValidationError as error:
        return _misfit(error, record.value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Problem("not_json", str(error), "a fact as JSON", TELL_US)
    if fact.schema != SCHEMA:
        return Problem("unknown_schema", f"schema {fact.schema}", f"schema {SCHEMA}", UPGRADE)
    if (tenant := tenant_of(record.key, SEPARATOR)) != fact.tenant:
        return Problem("wrong_tenant", f"tenant {fact.tenant!r} under a key of {tenant!r}", "one tenant", TELL_US)
    if (fact.tenant == EVERYONE) != (fact.kind == "mark"):
        return Problem("wrong_tenant", f"{fact.kind} of tenant {fact.tenant!r}", "* for marks only", TELL_US)
    try:
        BODIES.get(fact.kind, _anything)(fact)
    except (msgspec.DecodeError, ValidationError, ValueError, KeyError, TypeError) as error:
        return Problem("wrong_shape", f"{fact.kind} {fact.id}: {error}", f"the body of a {fact.kind}")
    return fact.tenant, fact


def _anything(_: Fact) -> None:
    """Kinds without a body of their own."""


def _misfit(error: msgspec.ValidationError, value: bytes) -> Problem:
    if "$.kind" in str(error):
        return Problem("unknown_schema", str(error), f"one of {', '.join(get_args(FactKind))}", UPGRADE)
    return Problem("wrong_shape", str(error), "a fact as JSON", TELL_US)
