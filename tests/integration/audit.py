"""Where facts got lost, when some did: what each hop could read, what it kept, and what its workers know."""

from __future__ import annotations

from streams.app import plans
from streams.changelog import SEPARATOR, unpack
from streams.hop import EVERYONE, Plan
from streams.models.cloudevent import Problem
from streams.models.event import Event, decode_event
from tests.integration.pipeline import Pipeline


def audit(pipeline: Pipeline) -> str:
    """A line a hop. What the log has and the changelog lacks was never taken; what no worker knows was forgotten."""
    lines = []
    for plan in plans(pipeline.settings):
        kept = {name for record in pipeline.records(plan.changelog) for name in kept_keys(record.key, record.value)}
        lost = sorted(readable(pipeline, plan) - kept)
        known = {
            process.name: pipeline.report(process.name).get("hops", {}).get(plan.name, {}).get("received")
            for process in pipeline.processes
            if process.role == "worker" and process.alive
        }
        lines.append(f"{plan.name}: {len(lost)} never taken {lost[:3]}; {len(kept)} kept; workers know {known}")
    return "\n".join(lines)


def kept_keys(key: bytes, value: bytes) -> set[str]:
    """Of a record of a changelog: a key for each of its facts that count."""
    found = set()
    for fact in unpack(key, value):
        if fact.unit == "":
            found.add(f"{SEPARATOR}{decode_event(fact.value).fact_key()}")
        elif fact.unit != EVERYONE and "|mark" not in fact.key:
            found.add(f"{fact.unit}{SEPARATOR}{fact.key}")
    return found


def readable(pipeline: Pipeline, plan: Plan) -> set[str]:  # type: ignore[type-arg]
    """Keys, as `kept_keys` has them, of all facts in the hop's log."""
    found = set()
    for topic in plan.sources:
        for record in pipeline.records(topic):
            decoded = plan.decode(record)
            if isinstance(decoded, Problem):
                continue
            unit, fact = decoded
            if isinstance(fact, Event):
                found.add(f"{unit}{SEPARATOR}{fact.fact_key()}")
            elif fact.counts:
                found.add(f"{unit}{SEPARATOR}{fact.key()}")
    return found
