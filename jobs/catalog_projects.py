"""Projects: whose work they take, what their milestones add up to. Cost cards: whom they name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from jobs.catalog_balances import check_size
from jobs.catalog_load import Catalogue
from streams.models.catalog import CatalogObject, Contract, CostCard, Project, RateCard

Where = tuple[int | str, ...]


def project_references(catalogue: Catalogue) -> Iterator[tuple[CatalogObject, Where, str, str | None]]:
    """(object, where in it, kind named, id named)."""
    for card in catalogue.all(RateCard):
        yield card, ("project",), "project", card.project
    for project in catalogue.all(Project):
        yield project, ("client",), "client", project.client
        yield project, ("contract",), "contract", project.contract
        yield project, ("rounding",), "rounding", project.rounding
        for n, service in enumerate(project.services):
            yield project, ("services", n), "service", service
        for n, order in enumerate(project.change_orders):
            for m, service in enumerate(order.services):
                yield project, ("change_orders", n, "services", m), "service", service
    for costs in catalogue.all(CostCard):
        for n, line in enumerate(costs.lines):
            yield costs, ("lines", n, "technician"), "technician", line.technician


def cost_tiers(catalogue: Catalogue) -> Iterator[tuple[CatalogObject, Where, str]]:
    for card in catalogue.all(CostCard):
        for n, line in enumerate(card.lines):
            for tier in line.tiers:
                yield card, ("lines", n, "tiers", tier), tier


def check_projects(catalogue: Catalogue) -> None:
    contracts = {one.id: one for one in catalogue.all(Contract)}
    for project in catalogue.all(Project):
        _check_ids(catalogue, project)
        _check_milestones(catalogue, project)
        for name in ("price", "budget_hours", "budget_money", "done_percent"):
            check_size(catalogue, project, (name,), getattr(project, name))
        payer = contracts.get(project.contract or "")
        if payer is not None and payer.client != project.client:
            _error(catalogue, project, ("contract",), "wrong_client", f"contract `{payer.id}` is of `{payer.client}`",
                   f"name a contract of `{project.client}`")  # fmt: skip
        named = [*project.tickets, *project.services]
        if not named and not any(one.tickets or one.services for one in project.change_orders):
            catalogue.report("warning", "project_without_work", catalogue.place(project, "id"),
                             f"project `{project.id}` names no ticket and no service: it takes no work",
                             "add `tickets:` or `services:`")  # fmt: skip
    for costs in catalogue.all(CostCard):
        for n, line in enumerate(costs.lines):
            check_size(catalogue, costs, ("lines", n, "cost"), line.cost)


def _check_ids(catalogue: Catalogue, project: Project) -> None:
    milestones, orders = [one.id for one in project.milestones], [one.id for one in project.change_orders]
    for field, ids in (("milestones", milestones), ("change_orders", orders)):
        for n, id_ in enumerate(ids):
            if id_ in ids[:n]:
                _error(catalogue, project, (field, n, "id"), "duplicate_id", f"`{id_}` stands here a second time",
                       "give each an id of its own")  # fmt: skip


def _check_milestones(catalogue: Catalogue, project: Project) -> None:
    total = Decimal(0)
    for n, one in enumerate(project.milestones):
        check_size(catalogue, project, ("milestones", n, "amount"), one.amount)
        if (one.amount is None) == (one.percent is None):
            _error(catalogue, project, ("milestones", n), "milestone_unclear",
                   f"milestone `{one.id}` needs exactly one of amount and percent", "write one of them")  # fmt: skip
            return
        if one.percent is not None and project.price is None:
            _error(catalogue, project, ("milestones", n, "percent"), "milestone_unclear",
                   f"milestone `{one.id}` is a part of a price that is not said", "add `price:`")  # fmt: skip
            return
        share = (project.price or Decimal(0)) * (one.percent or Decimal(0)) / 100
        total += share if one.amount is None else one.amount
    if project.price is not None and project.milestones and total != project.price:
        _error(catalogue, project, ("price",), "milestones_differ",
               f"the milestones add up to {total}, the price is {project.price}", "correct one of them")  # fmt: skip
    if project.kind == "fixed_price" and project.price is not None and not project.milestones:
        catalogue.report("warning", "price_never_asked", catalogue.place(project, "price"),
                         f"nothing asks for the price of project `{project.id}`", "add `milestones:`")  # fmt: skip


def _error(catalogue: Catalogue, project: Project, path: Where, code: str, message: str, remedy: str) -> None:
    catalogue.report("error", code, catalogue.place(project, *path), message, remedy)
