"""Codes of the ledger in plain words: what they mean, and what to do about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from jobs.leakage import REMEDIES
from streams.models.entry import OUTSIDE_SUMS, Disposition

BROUGHT: tuple[Disposition, ...] = ("billed", "covered", "no_charge")  # earned, or paid for by a contract
DECIDED: tuple[Disposition, ...] = ("non_billable", "written_off")  # not billed on purpose
LEAKS: tuple[Disposition, ...] = tuple(
    one for one in get_args(Disposition) if one not in (*BROUGHT, *DECIDED, *OUTSIDE_SUMS)
)

TITLES: dict[str, str] = {
    "billed": "Billed",
    "covered": "Covered by a contract",
    "no_charge": "No charge",
    "non_billable": "Not billable",
    "written_off": "Written off",
    "capped": "Beyond a cap",
    "concurrency_cap": "Too many at once",
    "unlinked": "Not linked",
    "unpriced": "No price",
    "no_rate_path": "No contract",
    "orphan_stop": "Stop without a start",
    "unconfirmed": "Not confirmed",
    "absorbed": "Part of other work",
    "void": "No longer holds",
}


@dataclass(frozen=True)
class Reason:
    """``meaning``: why it is so. ``remedy``: what to do. ``command``: where that begins. ``page``: where to read."""

    meaning: str
    remedy: str
    command: str = ""
    page: str = ""


_CHECK = "everyminute catalog check CATALOGUE"
_DIFF = "everyminute catalog apply CATALOGUE"

REASONS: dict[str, Reason] = {
    "client_unknown": Reason(
        "Nobody knows which client this is: no ticket, device or account of it is in the catalogue.",
        "Add the device, or an alias of the client, to the catalogue.", _DIFF, "docs/catalogue.md, clients"),
    "technician_unknown": Reason(
        "The tool names a technician whom the catalogue does not know.",
        "Add the login as an alias of the technician.", _DIFF, "docs/catalogue.md, technicians"),
    "no_technician": Reason(
        "The tool does not say who worked.",
        "Turn on named accounts in that tool: shared logins cannot be billed to anybody.", "",
        "docs/connectors.md"),
    "ticket_unknown": Reason(
        "The event names a ticket that is not in the catalogue, and no client either.",
        "Import the tickets of your service desk; the work then links itself.",
        "everyminute import syncro tickets.json", "docs/connectors.md, Syncro"),
    "no_contract": Reason(
        "The client has no contract at all.",
        "Add a contract for the client.", _DIFF, "docs/catalogue.md, contracts"),
    "no_contract_fits": Reason(
        "The client has contracts, but none takes this service on this date.",
        "Add a contract for this service and date, or widen one.", _DIFF, "docs/catalogue.md, contracts"),
    "no_rate_line": Reason(
        "A contract takes the work, but no rate line prices the service on this date.",
        "Add a rate line for the service to the client's rate card, or to the organisation's.", _DIFF,
        "docs/catalogue.md, rate_cards"),
    "tier_without_price": Reason(
        "The hours lie in a tier that has no price.",
        "Give the tier a rate or a multiplier.", _DIFF, "docs/catalogue.md, calendars and tiers"),
    "currency_mixed": Reason(
        "The client's rate cards are in several currencies at once, and nothing is ever converted.",
        "Keep one currency a client and date.", _CHECK, "docs/catalogue.md, rate_cards"),
    "rounding_missing": Reason(
        "The contract names a rounding policy that does not exist.",
        "Add the policy, or name another.", _CHECK, "docs/catalogue.md, rounding"),
    "calendar_missing": Reason(
        "The contract names a calendar that does not exist.",
        "Add the calendar, or name another.", _CHECK, "docs/catalogue.md, calendars and tiers"),
    "zone_missing": Reason(
        "The calendar names a time zone that does not exist.",
        "Write the zone as Europe/Berlin or America/New_York.", _CHECK, "docs/catalogue.md, calendars and tiers"),
    "orphan_stop": Reason(
        "A stop came, its start never did. Its length is not known, so it counts no time.",
        "Import the missing start; the entry then corrects itself.",
        "everyminute import CONNECTOR FILE", "docs/connectors.md"),
    "not_authenticated": Reason(
        "The source cannot prove who it is, so its word alone is not billed.",
        "Import the same work from a source that can.", "everyminute import CONNECTOR FILE", "docs/connectors.md"),
    "marked_non_billable": Reason(
        "The technician or the tool marked it as not billable.",
        "Meant so. Look whether it still is.", "", "docs/catalogue.md, services"),
    "service_not_billable": Reason(
        "The catalogue says this service is not billed.",
        "Meant so. Look whether it still is.", "", "docs/catalogue.md, services"),
    "not_to_exceed": Reason(
        "The contract promises not to exceed an amount, and it was reached.",
        "Agree on more with the client before the work, or raise the limit.", _DIFF, "docs/catalogue.md, contracts"),
    "concurrency_cap": Reason(
        "More technicians worked at once than the contract pays for.",
        "Meant so. Look whether all of them were needed.", "", "docs/catalogue.md, contracts"),
    "free_first": Reason(
        "The contract gives the first minutes free.", "Meant so.", "", "docs/catalogue.md, contracts"),
    "fan_out_cap": Reason(
        "One run over many devices reached the cap of its script policy.",
        "Meant so. Look whether the cap still fits.", "", "docs/catalogue.md, script_policies"),
    "device_counted": Reason(
        "The run counts once for each device, and this device had it already.",
        "Nothing to do.", "", "docs/catalogue.md, script_policies"),
    "fee_in_other_currency": Reason(
        "The script policy's fee is in a currency in which the client does not pay; nothing is converted.",
        "Add a policy for this client in its own currency.", _DIFF, "docs/catalogue.md, script_policies"),
    "internal_client": Reason(
        "Your own work: the client is marked internal.",
        "Nothing to do.", "", "docs/catalogue.md, clients"),
}  # fmt: skip

PATHS: dict[str, str] = {
    "ticket": "Number on the event itself",
    "timer": "The technician's running timer",
    "device_ticket": "The one open ticket of the device",
    "client_ticket": "The one open ticket of the client",
    "alias": "Client known, ticket not",
    "none": "Not linked",
}

FLAGS: dict[str, str] = {
    "skew": "The clocks of two machines disagreed by up to two minutes; it counts no negative time.",
    "duration_differs": "The length the tool reports differs from its own start and end; start and end count.",
    "pauses_unplaced": "The tool says how long the pauses were, not when.",
    "automatic": "Nobody clicked: it started when the ticket was opened. A click at the same time would have counted.",
    "gave_way": "It had started by itself; the minutes of a timer that was clicked are counted there.",
    "corrected": "Somebody changed it afterwards and said why; what was first recorded is kept.",
    "superseded": "Nobody stopped the timer; it ended when the technician started the next one.",
    "forgotten_timer": "Nobody stopped the timer; it ended at the last sign of activity.",
    "estimated_end": "No stop came; the end is inferred from the last sign of activity.",
    "capped_end": "No stop came and no other activity; the end is the longest time allowed.",
    "clipped": "Another timer of the technician at this client ran at the same time; each minute counts once.",
    "client_conflict": "Ticket and device belong to different clients; the ticket decided.",
    "ticket_unknown": "The ticket number is not in the catalogue; it is kept as the tool wrote it.",
    "client_unknown": "Somebody put it at a client that is not in the catalogue; it stays where it was until then.",
    "decision_outdated": "Somebody decided about it when its hours or client were others; the decision still holds.",
    "several_clients": "The technician worked for another client at the same time; both are billed in full.",
    "emergency_unknown": "Facts that may make it an emergency were never filled in; unknown facts never raise a price.",
    "suspect_timer": "It is longer than the most a piece of work may have; the timer may have been forgotten.",
    "zone_unknown": "The client's time zone does not exist; UTC was used.",
}

KINDS: dict[str, str] = {
    "ticket_timer": "Timer", "remote_session": "Remote session", "script_run": "Script run",
}  # fmt: skip


CHARGES: dict[str, str] = {
    "fee": "Fee", "overage": "Overage", "breakage": "Expired balance", "true_up": "True-up to the minimum",
    "discount": "Discount", "milestone": "Milestone", "trip": "Trip", "call_out": "Call-out",
    "script_fee": "Script fee",
}  # fmt: skip
CLASSES: dict[str, str] = {"regular": "As booked", "reversal": "Taken back", "replacement": "Booked instead"}


def title(disposition: str) -> str:
    return TITLES.get(disposition, disposition.replace("_", " ").capitalize())


def reason(disposition: str, code: str) -> Reason:
    """The words of a reason code; what follows a colon is detail and is shown. An unknown code is shown as it is."""
    head, _, detail = code.partition(":")
    known = REASONS.get(head) or Reason(
        code.replace("_", " ").capitalize() or "No reason was recorded.", REMEDIES.get(disposition, "")
    )
    if not detail or head not in REASONS:
        return known
    return Reason(f"{known.meaning} ({detail.strip()})", known.remedy, known.command, known.page)
