"""Which project takes a piece of work on a date, and what the work then costs the client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from billing.ratecard import outside
from streams.models.catalog import Contract, Project
from streams.models.entry import Disposition
from streams.models.work import Step


class ProjectChoice(NamedTuple):
    """``name`` is the project's id, or project/change order."""

    project: Project
    name: str
    taken: Disposition
    step: Step


def tickets_of(projects: Sequence[Project]) -> frozenset[str]:
    """All tickets that some project names."""
    named = [one.tickets for one in projects] + [order.tickets for one in projects for order in one.change_orders]
    return frozenset(ticket for tickets in named for ticket in tickets)


def choose_project(projects: Sequence[Project], ticket: str, service: str, day: int) -> ProjectChoice | None:
    """The project that names the ticket, else the service; then the later ``from``, the smaller id. What a change order
    names is its own, whatever the project names."""
    found: list[tuple[bool, int, str, Project, str]] = []
    for project in projects:
        if outside(project, day):
            continue
        order = next((one.id for one in project.change_orders if ticket and ticket in one.tickets), "")
        order = order or next((one.id for one in project.change_orders if service and service in one.services), "")
        by_ticket = bool(ticket) and (
            ticket in project.tickets or any(ticket in one.tickets for one in project.change_orders)
        )
        if by_ticket or order or (service and service in project.services):
            later = -(project.from_ or date.min).toordinal()
            found.append((not by_ticket, later, project.id, project, order))
    if not found:
        return None
    by_service, _, _, project, order = min(found, key=lambda one: one[:3])
    taken: Disposition = "covered" if project.kind == "fixed_price" and not order else "billed"
    why = "names the service" if by_service else "names the ticket"
    why += f"; change order {order}: every hour at its rate" if order else ""
    name = f"{project.id}/{order}" if order else project.id
    return ProjectChoice(project, name, taken, Step("project", after=name, rule=project.kind, why=why))


def payer(choice: ProjectChoice | None, chosen: Contract | None, contracts: Sequence[Contract]) -> Contract | None:
    """The contract that takes the work; of a project the one that it names."""
    if choice is None:
        return chosen
    return next((one for one in contracts if one.id == choice.project.contract), None)
