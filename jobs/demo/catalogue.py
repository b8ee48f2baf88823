"""The demo shop's catalogue as YAML, with the holes a real one has: each of them shows up as leakage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from jobs.demo.files import device_aliases
from jobs.demo.truthfile import Planted
from jobs.demo.world import Client, World

RATES = ("135.00", "150.00", "165.00", "142.50", "180.00")
DEFAULT_RATE = "140.00"
NO_CONTRACT, NO_RATE, TIMERS_LEFT_OUT, INTERNAL, RATE_CHANGE = 5, 17, 26, 39, 8  # clients with something special


def write_catalogue(folder: Path, world: World) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "organisation.yaml", _organisation())
    _write(folder / "clients.yaml", {"clients": [_client(n, client) for n, client in enumerate(world.clients)]})
    _write(folder / "technicians.yaml", {"technicians": [_technician(world, n) for n in range(len(world.technicians))]})
    _write(folder / "devices.yaml", {"devices": _devices(world)})
    _write(
        folder / "rates.yaml",
        {
            "rate_cards": [card for n, client in enumerate(world.clients) for card in _cards(n, client)] + [_default()],
            "contracts": [_contract(n, client) for n, client in enumerate(world.clients) if n != NO_CONTRACT],
        },
    )


def planted(world: World) -> Planted:
    """The hole that tests look for: a client for whom nobody wrote a contract."""
    return Planted(world.clients[NO_CONTRACT].id, "no_rate_path", "no_contract", DEFAULT_RATE)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _organisation() -> dict[str, Any]:
    week = ["mon", "tue", "wed", "thu", "fri"]
    return {
        "organisation": {
            "name": "Harbor IT (demo)",
            "zone": "America/New_York",
            "currency": "USD",
            "calendar": "business",
            "rounding": "up15",
        },
        "calendars": [
            {
                "id": "business",
                "windows": [{"days": week, "from": "08:00", "until": "18:00", "tier": "standard"}],
                "otherwise": "after_hours",
            }
        ],
        "tiers": [
            {"id": "standard", "name": "Business hours", "multiplier": "1"},
            {"id": "after_hours", "name": "After hours", "multiplier": "1.5"},
        ],
        "rounding": [
            {"id": "up15", "increment_minutes": 15, "scope": "entry"},
            {"id": "up15_day", "increment_minutes": 15, "minimum_minutes": 15, "scope": "ticket_day"},
            {"id": "up6", "increment_minutes": 6, "scope": "entry"},
        ],
        "services": [
            {"id": "remote_support", "name": "Remote support", "match": ["remote.*"]},
            {"id": "helpdesk", "name": "Help desk", "match": ["timer.*"]},
            {"id": "automation", "name": "Automation", "match": ["script.*", "software.*"]},
            {"id": "onsite", "name": "On site", "match": ["onsite.*"]},
        ],
    }


def _client(number: int, client: Client) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": client.id,
        "name": client.name,
        "zone": client.zone,
        "aliases": {"syncro": [str(client.number)], "screenconnect": [client.name], "tacticalrmm": [client.name]},
    }
    return found | ({"internal": True} if number == INTERNAL else {})


def _technician(world: World, number: int) -> dict[str, Any]:
    """As of the first of the month: a login that changes later is not known."""
    technician = world.technicians[number]
    aliases = {
        "meshcentral": [f"user//{technician.login}"],
        "tacticalrmm": [technician.login],
        "syncro": [str(technician.number)],
        "desk": [technician.login],
        "screenconnect": [technician.login],
    }
    return {"id": technician.id, "name": technician.name.title(), "aliases": aliases}


def _devices(world: World) -> list[dict[str, Any]]:
    return [
        {"id": device.id, "client": client.id}
        | ({"contact": device.user} if device.user else {})
        | {"aliases": device_aliases(device)}
        for client in world.clients
        for device in client.devices
    ]


def _cards(number: int, client: Client) -> list[dict[str, Any]]:
    """Every second client has a card of its own; one changes on the 16th, one forgot the help desk."""
    rate = RATES[number % len(RATES)]
    card = {"id": f"{client.id}-2026", "client": client.id, "currency": "USD", "from": "2026-01-01"}
    if number == RATE_CHANGE:
        return [
            card | {"until": "2026-03-16", "lines": [{"service": "*", "rate": "150.00"}]},
            card | {"id": f"{client.id}-2026b", "from": "2026-03-16", "lines": [{"service": "*", "rate": "165.00"}]},
        ]
    if number == NO_RATE:
        return [card | {"currency": "EUR", "lines": [{"service": "onsite", "rate": rate}]}]
    if number % 2:
        return []
    lines: list[dict[str, Any]] = [{"service": "*", "rate": rate}]
    if number % 6 == 0:
        lines.append({"service": "remote_support", "rate": rate, "tiers": {"after_hours": {"rate": "240.00"}}})
    return [card | {"lines": lines}]


def _default() -> dict[str, Any]:
    return {
        "id": "standard-2026",
        "currency": "USD",
        "from": "2026-01-01",
        "lines": [{"service": "*", "rate": DEFAULT_RATE}],
    }


def _contract(number: int, client: Client) -> dict[str, Any]:
    contract: dict[str, Any] = {
        "id": f"{client.id}-support",
        "client": client.id,
        "kind": "time_and_materials",
        "from": "2025-07-01",
        "rounding": ("up15_day", "up6", "up15_day", "up15")[number % 4],
    }
    return contract | ({"services": ["remote_support"]} if number == TIMERS_LEFT_OUT else {})
