"""Who there is: clients in several zones, technicians, devices. Drawn from a seed, so the same for everybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from zoneinfo import ZoneInfo

ZONES = ["America/New_York"] * 5 + ["America/Chicago"] * 2 + ["America/Denver", "America/Los_Angeles", "Europe/London"]
FIRST = ["Acorn", "Bluebird", "Cedar", "Dunmore", "Eastgate", "Fairview", "Granite", "Harbour", "Ivy", "Juniper"]
TRADE = ["Dental", "Freight", "Legal", "Motors", "Bakery", "Clinic", "Builders", "Travel", "Foods", "Optics"]
PEOPLE = ["dana ortiz", "lee kim", "ravi shah", "maria silva", "tom becker", "aisha khan", "paul novak", "jo reed",
          "nina wolf", "omar aziz", "eva lind", "sam cole"]  # fmt: skip
GIVEN = ("Alex", "Bea", "Carl", "Dora", "Emil", "Fay", "Gus", "Hana", "Ian", "June", "Karl", "Lena", "Milo", "Nora")
FAMILY = ("Adler", "Brook", "Clay", "Dean", "Ellis", "Frost", "Grant", "Hale", "Ives", "Jones", "Knox", "Lane", "Moss")
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
NODE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@$"


@dataclass(frozen=True)
class Technician:
    number: int  # Syncro user id
    name: str
    zone: ZoneInfo

    @property
    def id(self) -> str:
        return self.name.split()[0]

    @property
    def login(self) -> str:
        return self.name.replace(" ", ".")


@dataclass(frozen=True)
class Device:
    id: str  # host name
    node: str
    agent: str
    session: str  # ScreenConnect session id
    user: str = ""  # whose machine it is; servers are nobody's


@dataclass(frozen=True)
class Client:
    id: str
    name: str
    number: int  # Syncro customer id
    zone: str
    tool: str  # "mesh" or "screenconnect"
    weight: int
    devices: tuple[Device, ...]
    team: tuple[Technician, ...]  # who usually works here, most often first


@dataclass(frozen=True)
class World:
    clients: tuple[Client, ...]
    technicians: tuple[Technician, ...]
    strangers: tuple[Device, ...] = field(default=())  # devices that no catalogue knows


def draw_world(random: Random) -> World:
    """40 clients, 12 technicians (the last two in London), 8 to 24 devices a client."""
    technicians = tuple(
        Technician(n + 1, name, ZoneInfo("Europe/London" if n >= 10 else "America/New_York"))
        for n, name in enumerate(PEOPLE)
    )
    clients = tuple(_client(random, n, technicians) for n in range(40))
    strangers = tuple(_device(random, "NEW", n) for n in range(1, 7))
    return World(clients, technicians, strangers)


def _client(random: Random, number: int, technicians: tuple[Technician, ...]) -> Client:
    name = f"{FIRST[number % 10]} {TRADE[(number // 10 + number * 3) % 10]}"
    zone = ZONES[(number * 7) % len(ZONES)]
    near = [t for t in technicians if (str(t.zone) == "Europe/London") == (zone == "Europe/London")]
    code = f"{name.split()[0][:2]}{name.split()[1][:1]}{number:02d}".upper()
    return Client(
        id=name.lower().replace(" ", "-"),
        name=name,
        number=1200 + number,
        zone=zone,
        tool="screenconnect" if number % 4 == 3 else "mesh",
        weight=1 + (number * 5) % 9,
        devices=tuple(_device(random, code, n) for n in range(1, random.randint(9, 25))),
        team=tuple(random.sample(near, min(3, len(near)))),
    )


def _device(random: Random, code: str, number: int) -> Device:
    kind = "SRV" if number <= 2 else "WS"
    return Device(
        id=f"{code}-{kind}-{number:03d}",
        node="node//" + text(random, NODE_ALPHABET, 64),
        agent=text(random, NODE_ALPHABET[:52], 40),
        session="-".join(text(random, "0123456789abcdef", n) for n in (8, 4, 4, 4, 12)),
        user="" if kind == "SRV" else f"{random.choice(GIVEN)} {random.choice(FAMILY)}",
    )


def text(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(length))
