"""The headers of the timesheet exports we read. First whose ``known_by`` columns are all there wins."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of columns, "" where the tool has none. Case and a currency in brackets do not matter."""

    day: str
    technician: str = ""
    last_name: str = ""
    email: str = ""
    client: str = ""
    ticket: str = ""
    link: str = ""
    start: str = ""
    end: str = ""
    end_day: str = ""
    duration: str = ""
    billed: str = ""
    billable: str = ""
    rate: str = ""
    amount: str = ""
    currency: str = ""
    invoice: str = ""
    notes: str = ""

    def names(self) -> list[str]:
        return [name for name in astuple(self) if name]


@dataclass(frozen=True, slots=True)
class Tool:
    """``known_by`` in lower case. ``unit`` of the duration where it is a bare number."""

    name: str
    known_by: tuple[str, ...]
    columns: Columns
    unit: Literal["hours", "seconds"] = "hours"


TOOLS: tuple[Tool, ...] = (
    Tool("generic", ("entry_id", "technician", "client", "started_at", "ended_at", "seconds"), Columns(
        day="started_at", technician="technician", client="client", ticket="ticket", start="started_at",
        end="ended_at", duration="seconds", billed="hours_billed", billable="billable", amount="amount",
        currency="currency", invoice="invoice", notes="notes"), "seconds"),
    Tool("solidtime", ("description", "project", "client", "user", "start", "end", "duration"), Columns(
        day="Start", technician="User", client="Client", start="Start", end="End", duration="Duration",
        billable="Billable", notes="Description")),
    Tool("solidtime", ("description", "client", "start", "end", "user_name", "user_email"), Columns(
        day="start", technician="user_name", email="user_email", client="client", start="start", end="end",
        billable="billable", notes="description")),
    Tool("clockify", ("project", "user", "start date", "start time", "end date", "duration (h)"), Columns(
        day="Start Date", technician="User", email="Email", client="Client", start="Start Time", end="End Time",
        end_day="End Date", duration="Duration (h)", billable="Billable", rate="Billable Rate",
        amount="Billable Amount", notes="Description")),
    Tool("toggl", ("user", "email", "project", "start date", "start time", "end date", "duration"), Columns(
        day="Start date", technician="User", email="Email", client="Client", start="Start time", end="End time",
        end_day="End date", duration="Duration", billable="Billable", amount="Amount", notes="Description")),
    Tool("harvest", ("date", "client", "project", "task", "notes", "hours", "first name", "last name"), Columns(
        day="Date", technician="First Name", last_name="Last Name", client="Client", duration="Hours",
        billed="Hours Rounded", billable="Billable?", rate="Billable Rate", amount="Billable Amount",
        currency="Currency", link="External Reference URL", notes="Notes")),
    Tool("kimai", ("date", "from", "to", "duration", "user", "customer", "activity"), Columns(
        day="Date", technician="Name", email="E-mail", client="Customer", start="From", end="To",
        duration="Duration", billable="Billable", rate="Hourly price", amount="Price", currency="Currency",
        notes="Description")),
    Tool("kimai", ("datum", "von", "bis", "dauer", "benutzer", "kunde", "tätigkeit"), Columns(
        day="Datum", technician="Name", email="E-Mail", client="Kunde", start="Von", end="Bis", duration="Dauer",
        billable="Abrechenbar", rate="Preis pro Stunde", amount="Preis", currency="Währung", notes="Beschreibung")),
)  # fmt: skip
