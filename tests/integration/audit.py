"""Where facts got lost, when some did: what each hop could read, what it kept, and what its workers know."""

from __future__ import annotations

from streams.app import plans
from streams.hop import SEPARATOR, Plan
from streams.models.cloudevent import Problem
from streams.models.event import Event
from tests.integration.pipeline import Pipeline


def audit(pipeline: Pipeline) -> str:
    """A line a hop. What the log has and the changelog lacks was never taken; what no worker knows was forgotten."""
    lines = []
    for plan in plans(pipeline.settings):
        kept = {record.key.decode() for record in pipeline.records(plan.changelog) if b"|mark" not in record.key}
        lost = sorted(readable(pipeline, plan) - kept)
        known = {
            process.name: pipeline.report(process.name).get("hops", {}).get(plan.name, {}).get("received")
            for process in pipeline.processes
            if process.role == "worker" and process.alive
        }
        lines.append(f"{plan.name}: {len(lost)} never taken {lost[:3]}; {len(kept)} kept; workers know {known}")
    return "\n".join(lines)


def readable(pipeline: Pipeline, plan: Plan) -> set[str]:  # type: ignore[type-arg]
    """Keys, as its changelog has them, of all facts in the hop's log."""
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
