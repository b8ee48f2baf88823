"""`everyminute catalog diff`: what a catalogue would change, in objects and in money, before it is applied."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.catalog_apply import Difference, Head, plan, read_head
from jobs.catalog_load import Catalogue
from jobs.catalog_topic import read_facts
from jobs.money_diff import Change, compare
from jobs.preview import Preview
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Diff:
    """What would change against the release that holds."""

    head: Head
    objects: list[Difference]
    money: list[Change]


async def diff(settings: Settings, tenant: str, catalogue: Catalogue) -> Diff:
    """Both logs are replayed in memory, once as they are and once with the new release behind them. Raises UserError
    when Kafka does not answer."""
    head = read_head(await read_facts(settings, tenant))
    differences, facts = plan(head, catalogue, tenant)
    if not facts:
        return Diff(head, [], [])
    preview = await Preview.read(settings, tenant)
    before = preview.entries()
    preview.add(facts)
    return Diff(head, differences, compare(before, preview.entries()))
