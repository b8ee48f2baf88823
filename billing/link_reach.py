"""Which intervals a directory object can concern, in any revision it ever had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from billing.aliases import claims, seconds_of
from billing.link_timeline import EVER
from streams.models.catalog import CatalogObject, Device, Ticket
from streams.models.interval import Interval

Name = tuple[str, str]  # (object type, native id or email): as sources name things; superset over sources


@dataclass(slots=True)
class Reach:
    """The union over all revisions of one object."""

    names: set[Name] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)  # of a ticket
    clients: set[str] = field(default_factory=set)  # of a ticket or a device
    technicians: set[str] = field(default_factory=set)  # of a ticket, as written
    opened: int = EVER
    closed: int = -EVER

    def learn(self, kind: str, item: CatalogObject) -> None:
        self.names.add((kind, item.id))
        self.names.update((kind, native) for _, _, native in claims(kind, item))
        if isinstance(item, Device):
            self.clients.update(filter(None, (item.client, *(move.client for move in item.moves))))
        if isinstance(item, Ticket):
            self.clients.update(filter(None, (item.client,)))
            self.devices.update(filter(None, (item.device,)))
            self.technicians.update(item.technicians)
            self.technicians.update(act.technician for act in item.activity or ())
            self.opened = min(self.opened, seconds_of(item.opened, -EVER))
            self.closed = max(self.closed, seconds_of(item.closed, EVER))


class Reaches:
    """By object, with the ways from a client to devices and from a device to tickets."""

    def __init__(self) -> None:
        self._of: dict[str, Reach] = {}
        self._through: dict[str, set[str]] = {}  # "client/acme" → devices, "device/ws1" → tickets that mention it
        self._intervals: dict[Name, set[str]] = {}

    def learn(self, key: str, item: CatalogObject) -> None:
        """Take in one revision of an object, known or not."""
        kind = key.split("/", 1)[0]
        reach = self._of.setdefault(key, Reach())
        reach.learn(kind, item)
        if kind in ("device", "ticket"):
            for client in reach.clients:
                self._through.setdefault(_place("client", client), set()).add(key)
        for device in reach.devices:
            self._through.setdefault(_place("device", device), set()).add(key)

    def concerned(self, key: str) -> list[Reach]:
        """The reach of the object and of everything that means something else when it changes."""
        keys = {key} | self._mentions(key)
        for step in sorted(keys):
            keys |= self._mentions(step)
        return [self._of[name] for name in sorted(keys) if name in self._of]

    def _mentions(self, key: str) -> set[str]:
        """Objects that name this one, by its id or by what any source ever called it."""
        found = set(self._through.get(key, ()))
        reach = self._of.get(key)
        for kind, native in reach.names if reach else ():
            found |= self._through.get(f"{kind}={native}", set())
        return found

    def clients_of(self, device: str) -> set[str]:
        reach = self._of.get(f"device/{device}")
        return reach.clients if reach else set()

    def intervals(self, reach: Reach) -> Iterator[str]:
        """Ids of intervals that name the object."""
        for name in reach.names:
            yield from self._intervals.get(name, ())

    def forget_intervals(self) -> None:
        self._intervals.clear()

    def add(self, interval: Interval) -> None:
        for name in names(interval):
            self._intervals.setdefault(name, set()).add(interval.id)

    def remove(self, interval: Interval) -> None:
        for name in names(interval):
            self._intervals[name].discard(interval.id)


def _place(kind: str, name: str) -> str:
    """Where mentions of an object are kept: "client/acme", or "client=1204" for what only a source's id names."""
    _, referred, native = name.partition("=")
    return f"{kind}={native}" if referred else f"{kind}/{name}"


def names(interval: Interval) -> Iterator[Name]:
    """What an interval names."""
    if interval.technician is not None:
        yield "technician", interval.technician.native_id
        if interval.technician.email:
            yield "technician", interval.technician.email.casefold()
    if interval.device is not None:
        yield "device", interval.device.native_id
    if interval.client is not None:
        yield "client", interval.client.native_id
    if interval.ticket is not None:
        yield "ticket", interval.ticket.native_id
