"""What the doctor looks for. The registry is the documentation: docs/doctor.md is made from it."""

from __future__ import annotations

from typing import NamedTuple

from streams.models.entry import Disposition


class Meaning(NamedTuple):
    meaning: str
    remedy: str


FINDINGS: dict[str, Meaning] = {
    "client_without_contract": Meaning(
        "Work for a client that has no contract at all.", "Add a contract for the client; `time_and_materials` will do."
    ),
    "service_without_contract": Meaning(
        "None of the client's contracts takes this service on that day.",
        "Widen `services` of a contract, its dates, ticket types or sites, or add a contract.",
    ),
    "excluded_without_fallback": Meaning(
        "The contract excludes the service or the tier and names nothing that takes it.",
        "Name a `fallback` contract, or take the exclusion out.",
    ),
    "fallback_broken": Meaning(
        "A chain of fallbacks ends in a contract that is over, or goes round in a circle.",
        "Correct `fallback`, or the dates of the contract it names.",
    ),
    "service_without_rate": Meaning(
        "A contract takes the work and no rate line prices the service.",
        "Add a line for the service, or for `*`, to the client's rate card or the organisation's.",
    ),
    "tier_without_price": Meaning(
        "A line prices the service, but not at this tier.", "Give the tier a multiplier, or the line a price for it."
    ),
    "currency_mixed": Meaning(
        "Cards of several currencies would hold for this work; nothing is ever converted.",
        "Give the client's cards one currency.",
    ),
    "object_missing": Meaning(
        "A calendar, rounding policy, zone or holiday set is named and does not exist.",
        "Add it, or correct the name.",
    ),
    "device_without_client": Meaning(
        "Work on a device that no client is known for.", "Give the device its `client`, or the client an alias."
    ),
    "technician_unknown": Meaning(
        "Work of somebody the catalogue does not know.", "Add the technician, or an alias of the tool's name for them."
    ),
    "ticket_unknown": Meaning(
        "Work that names a ticket nobody knows, with no client beside it.",
        "Import the tickets of that tool, or give the ticket an alias.",
    ),
    "rate_card_ended": Meaning(
        "A rate card is over and none of the same kind follows it.", "Add the next card, or take its `until` out."
    ),
    "rate_of_zero": Meaning(
        "Work is billed at a rate of zero.", "Is that meant? Else correct the line; `flat_fee` says it better."
    ),
    "technician_without_cost": Meaning(
        "Nobody knows what this technician's hour costs, so there is no margin.",
        "Add a cost card for the technician, for the role, or for all.",
    ),
    "emergency_unknown": Meaning(
        "Emergency prices depend on facts of the ticket that nobody filled in; unknown facts never raise a price.",
        "Fill in priority, who asked, whether it was scheduled, or let the connector send them.",
    ),
}

_REASONS: dict[tuple[Disposition, str], str] = {
    ("no_rate_path", "no_contract"): "client_without_contract",
    ("no_rate_path", "no_contract_fits"): "service_without_contract",
    ("no_rate_path", "excluded"): "excluded_without_fallback",
    ("no_rate_path", "fallback_ended"): "fallback_broken",
    ("no_rate_path", "fallback_cycle"): "fallback_broken",
    ("unpriced", "no_rate_line"): "service_without_rate",
    ("unpriced", "tier_without_price"): "tier_without_price",
    ("unpriced", "currency_mixed"): "currency_mixed",
    ("unpriced", "rounding_missing"): "object_missing",
    ("unpriced", "calendar_missing"): "object_missing",
    ("unpriced", "zone_missing"): "object_missing",
    ("unpriced", "holidays_missing"): "object_missing",
    ("unlinked", "client_unknown"): "device_without_client",
    ("unlinked", "technician_unknown"): "technician_unknown",
    ("unlinked", "no_technician"): "technician_unknown",
    ("unlinked", "ticket_unknown"): "ticket_unknown",
}


def code_of(disposition: Disposition, reason: str) -> str | None:
    """The finding behind what became of work; None where the catalogue is not the cause."""
    return _REASONS.get((disposition, reason.partition(":")[0]))
