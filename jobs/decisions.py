"""Decisions on their way: appended to their topic, and where they have an outcome, waited for."""

from __future__ import annotations

import time
import uuid
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from aiokafka import TopicPartition

from billing.lock import may_edit
from jobs.catalog_apply import read_head
from jobs.catalog_topic import opened_consumer, read_facts
from jobs.console import Exit, UserError
from streams.doors import Door
from streams.models.catalog import Organisation, parse_object
from streams.models.decision import Decision, encode_decision
from streams.models.fact import Fact, decode_fact
from streams.settings import Settings
from streams.topics import DECISIONS, partition_of


def decision_fact(tenant: str, decision: Decision, now: float) -> Fact:
    """A decision of its own: deciding the same twice makes two."""
    taken = msgspec.structs.replace(decision, at=int(now))
    return Fact(kind="decision", tenant=tenant, id=f"{decision.kind}-{uuid.uuid4()}", body=encode_decision(taken))


async def send(settings: Settings, fact: Fact) -> None:
    """Returns once the broker has acknowledged it."""
    async with Door(settings) as door:
        await door.send_facts(DECISIONS, [fact])


async def ask(settings: Settings, fact: Fact, timeout: float) -> Fact:
    """Append a decision and wait for its outcome. Raises UserError when none came within ``timeout`` seconds: the
    decision stands all the same."""
    place = TopicPartition(settings.topic(DECISIONS), partition_of(fact.tenant, settings.partitions))
    async with opened_consumer(settings) as consumer:
        consumer.assign([place])
        await consumer.seek_to_end(place)
        await consumer.position(place)
        await send(settings, fact)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for records in (await consumer.getmany(place, timeout_ms=500)).values():
                for record in records:
                    found = decode_fact(record.value)
                    if found.id == fact.id and found.kind in ("closed", "refused"):
                        return found
    raise UserError(
        f"No answer to {fact.id} within {timeout:g} s. It stands in the log and will be answered: see "
        "`everyminute status`, then `everyminute period status`.",
        Exit.CANNOT,
    )


async def organisation_of(settings: Settings, tenant: str) -> tuple[Organisation, int]:
    """The organisation as the release that holds has it, and the number of that release."""
    head = read_head(await read_facts(settings, tenant))
    body = head.bodies.get("organisation/organisation")
    found = parse_object("organisation/organisation", body)[1] if body is not None else Organisation()
    assert isinstance(found, Organisation)
    return found, head.number


def check_lock(organisation: Organisation, on: date, zone: str, now: float) -> None:
    """Raises UserError where a month is locked for edits by hand."""
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    if not may_edit(on, today, organisation.grace_days):
        raise UserError(
            f"{on} is locked: edits by hand are taken until day {organisation.grace_days} of the month after. What "
            "tools report still counts. Change `grace_days` of the organisation to open it.",
            Exit.NO,
        )
