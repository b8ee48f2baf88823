"""Cards and contracts that hold at the same time for the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from jobs.catalog_lines import is_base
from jobs.catalog_load import Catalogue, kind_of
from streams.models.catalog import Contract, Dated, RateCard, ScriptPolicy

Named = tuple[str, ...]


def check_overlaps(catalogue: Catalogue, items: Sequence[RateCard | Contract | ScriptPolicy]) -> None:
    for n, one in enumerate(items):
        for other in items[:n]:
            common = _scope(one) & _scope(other)
            if _owner(one) != _owner(other) or not common or not _meet(one, other):
                continue
            level = "error" if one.from_ == other.from_ else "warning"
            winner = max(one, other, key=lambda item: item.from_ or date.min)
            why = "which one holds is not said" if level == "error" else f"`{winner.id}` holds, it begins later"
            catalogue.report(
                level,
                "overlapping_dates",
                catalogue.place(one, "id"),
                f"{kind_of(one)} `{one.id}` and `{other.id}` overlap for {_listed(common)}: {why}",
                "give the older one `until:` or name its services",
            )


def _scope(item: RateCard | Contract | ScriptPolicy) -> set[Named]:
    """What both would have to name to be rivals, as written ("*" only meets "*"); bases and changes are no rivals."""
    if isinstance(item, Contract):
        order = f"order {item.order}" if item.order else ""
        places = [(kind, site) for kind in item.ticket_types or [""] for site in item.sites or [""]]
        return {(service, kind, site, order) for service in item.services for kind, site in places}
    if isinstance(item, ScriptPolicy):
        return {(pattern,) for pattern in item.match}
    return {
        (line.service, line.role or "", line.technician or "", line.tier or "", "" if is_base(line) else "change")
        for line in item.lines
    }


def _owner(item: RateCard | Contract | ScriptPolicy) -> tuple[str | None, ...]:
    return (item.client, item.contract, item.project) if isinstance(item, RateCard) else (item.client,)


def _listed(common: set[Named]) -> str:
    return ", ".join(sorted(" ".join(part for part in named if part and part != "change") for named in common))


def _meet(one: Dated, other: Dated) -> bool:
    return (one.from_ or date.min) < (other.until or date.max) and (other.from_ or date.min) < (one.until or date.max)
