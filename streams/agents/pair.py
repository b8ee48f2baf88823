"""pair: events of one activity → its interval, a fact of link-log. One kernel a partition."""

from __future__ import annotations

import msgspec

from billing.pair import PairState
from streams.hop import Incoming, Output, Plan, Record, is_tenant
from streams.models.cloudevent import Problem, decode_cloudevent
from streams.models.event import TOPIC_OF_KIND, Event
from streams.models.fact import Fact, encode_fact, fact_key
from streams.models.ids import Content, digest
from streams.models.interval import Interval, encode_interval

KEY = "tenant/activity in UTF-8"
SET_KEY = "Send the event again under the key tenant/activity, or replay the item with --key tenant/activity."
LEAVE_OUT = "Leave out free text and raw payloads, and send the event again."
LARGEST = 256 * 1024  # bytes of an event


def pair_plan(epoch: int) -> Plan[Event, Interval]:
    return Plan(
        name="pair",
        sources=tuple(TOPIC_OF_KIND.values()),
        changelog="pair-facts",
        log="",  # derives nothing it must read again
        separator="/",
        decode=decode_record,
        begin=lambda _: PairState(epoch),
        emit=emit,
        emit_content=emit_content,
        one_unit=True,
    )


def decode_record(record: Incoming) -> tuple[str, Event] | Problem:
    """The event under the unit "": all activities of a partition share a kernel."""
    if record.key is None:
        return Problem("missing_key", "a record without a key", KEY, SET_KEY)
    if not record.value:
        return Problem("empty_value", "a record without a value", "a CloudEvent 1.0 as JSON")
    if len(record.value) > LARGEST:
        return Problem("too_large", f"{len(record.value)} bytes", f"at most {LARGEST}", LEAVE_OUT)
    try:
        entity = record.key.decode()
    except UnicodeDecodeError:
        return Problem("not_utf8", f"key {record.key[:60]!r}", KEY, SET_KEY)
    tenant, found, activity = entity.partition("/")
    if not found or not is_tenant(tenant):
        return Problem("wrong_shape", f"key {entity[:80]!r}", KEY, SET_KEY)
    event = decode_cloudevent(tenant, record.value, record.headers)
    if isinstance(event, Problem):
        return event
    if event.activity_id != activity:
        return Problem("wrong_shape", f"activity {event.activity_id} under the key {entity[:80]!r}", KEY, SET_KEY)
    return "", event


def emit(version: int, interval: Interval) -> Output:
    content = encode_interval(interval)
    return emit_content(version, interval, Content(content, digest(content)))


def emit_content(version: int, interval: Interval, content: Content) -> Output:
    """`emit` with the interval's bytes at hand."""
    tenant, id_ = interval.tenant, interval.id
    fact = Fact(kind="interval", tenant=tenant, id=id_, rev=version, body=msgspec.Raw(content.data))
    key = fact_key(tenant, "interval", id_, version, content.digest)
    return Output("link-log", tenant, Record(key.encode(), encode_fact(fact)))
