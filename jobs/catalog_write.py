"""The proposal as commented YAML files, byte for byte the same for the same exports."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from jobs.catalog_people import Person

if TYPE_CHECKING:
    from jobs.catalog_init import Draft, Proposal

HEAD = """# Proposed by `everyminute catalog init` from your exports. Lines marked `# confirm:` are guesses or gaps:
# correct them, then run `everyminute catalog check` on this folder. Every field: docs/catalogue.md
"""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z][A-Za-z0-9_./-]*)*")
WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


def write_files(proposal: Proposal) -> dict[str, str]:
    """File name → text."""
    return {
        "organisation.yaml": _organisation(proposal),
        "clients.yaml": _clients(proposal.clients),
        "technicians.yaml": _technicians(proposal.people),
        "devices.yaml": _devices(proposal.devices),
        "rates.yaml": _rates(proposal),
    }


def quoted(text: str) -> str:
    """A scalar that YAML reads back as exactly this text."""
    plain = PLAIN.fullmatch(text) and text.casefold() not in WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _organisation(proposal: Proposal) -> str:
    zone, currency = proposal.zone or "UTC", proposal.rates.currency or "USD"
    zone_doubt = "" if proposal.zone else "  # confirm: your time zone, such as America/New_York"
    currency_doubt = "" if proposal.rates.currency else "  # confirm: no export shows a currency"
    return f"""{HEAD}organisation:
  zone: {zone}{zone_doubt}
  currency: {currency}{currency_doubt}
  rounding: quarter_hour

rounding:
  - id: quarter_hour
    increment_minutes: 15  # confirm: how you round, and over what (entry or ticket_day)
    scope: entry

services:
  - id: remote_support
    match: ["remote.*", "timer.*"]
"""


def _clients(clients: list[Draft]) -> str:
    text = HEAD + ("clients:\n" if clients else "clients: []\n")
    for draft in clients:
        text += _begin(draft.id, draft.doubts) + f"    name: {quoted(draft.name)}\n" * bool(draft.name)
        text += "    internal: true\n" * draft.internal
        text += _aliases(draft.keys)
    return text


def _technicians(people: list[Person]) -> str:
    text = HEAD + ("technicians:\n" if people else "technicians: []\n")
    for person in people:
        text += _begin(person.id, person.doubts) + f"    name: {quoted(person.name)}\n" * bool(person.name)
        text += f"    email: {quoted(person.email)}\n" * bool(person.email)
        text += _aliases([(name.source, name.native_id) for name in person.names])
    return text


def _devices(devices: list[Draft]) -> str:
    text = HEAD + ("devices:\n" if devices else "devices: []\n")
    for draft in devices:
        text += _begin(draft.id, draft.doubts) + f"    name: {quoted(draft.name)}\n" * bool(draft.name)
        text += f"    client: {quoted(draft.client)}\n" * bool(draft.client)
        text += _aliases(draft.keys)
    return text


def _begin(id_: str, doubts: list[str]) -> str:
    """The id, and every doubt on a line of its own above the fields."""
    return f"  - id: {quoted(id_)}\n" + "".join(f"    # confirm: {doubt}\n" for doubt in doubts)


def _aliases(keys: list[tuple[str, str]]) -> str:
    """Source → ids. A name that only repeats the source's own spelling is written all the same: it is the key."""
    by_source: dict[str, set[str]] = {}
    for source, native_id in keys:
        by_source.setdefault(source, set()).add(native_id)
    lines = [
        f"      {quoted(source)}: [{', '.join(json.dumps(name, ensure_ascii=False) for name in sorted(names))}]\n"
        for source, names in sorted(by_source.items())
    ]
    return "    aliases:\n" + "".join(lines) if lines else ""


def _rates(proposal: Proposal) -> str:
    rates = proposal.rates
    text = HEAD + 'rate_cards:\n  - id: standard\n    lines:\n      - service: "*"\n'
    if rates.common is None:
        text += "        rate: 0  # confirm: no export shows a price; write your price per hour\n"
    else:
        text += f"        rate: {rates.common}  # confirm: {rates.seen}\n"
    for client, (rate, seen) in rates.own.items():
        text += f'  - id: {quoted(client)}\n    client: {quoted(client)}\n    lines:\n      - service: "*"\n'
        text += f"        rate: {rate}  # confirm: {seen}\n"
    billed = [draft for draft in proposal.clients if not draft.internal]
    text += "\n" + ("contracts:  # confirm: everything by the hour; give them the date they began\n" if billed else "")
    for draft in billed:
        text += f"  - {{id: {quoted(draft.id + '-hourly')}, client: {quoted(draft.id)}}}\n"
    return text
