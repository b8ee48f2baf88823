"""The catalogue as plain dictionaries: one kind of object a dictionary by id, every value the text that was written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import yaml

from streams.models.event import Ref
from streams.models.fact import Fact
from tests.oracle.zones import midnight

Plain = dict[str, Any]
SECTIONS = {
    "organisation": "organisation", "clients": "client", "technicians": "technician", "devices": "device",
    "tickets": "ticket", "services": "service", "calendars": "calendar", "tiers": "tier", "rounding": "rounding",
    "rate_cards": "rate_card", "contracts": "contract",
}  # fmt: skip


def read_texts(texts: Iterable[str]) -> dict[str, dict[str, Plain]]:
    """Objects by kind and id. Scalars stay text: no date, number or truth value is guessed."""
    found: dict[str, dict[str, Plain]] = {kind: {} for kind in SECTIONS.values()}
    for text in texts:
        for section, content in (yaml.load(text, Loader=yaml.BaseLoader) or {}).items():
            items = [content | {"id": "organisation"}] if section == "organisation" else content
            for item in items:
                found[SECTIONS[section]][item["id"]] = item
    return found


def read_folder(folder: Path) -> dict[str, dict[str, Plain]]:
    return read_texts(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml")))


class OpenTicket(NamedTuple):
    """Instants in seconds; -1 and 1 << 60 where the ticket does not say."""

    id: str
    technicians: frozenset[str | None]
    device: str | None
    client: str | None
    opened: int
    closed: int
    contact: str = ""
    told: bool = False  # who wrote on it
    activity: tuple[tuple[int, str | None], ...] = ()  # instant, technician


class Book:
    """What the catalogue and the directory say, and who is meant by a name."""

    def __init__(self, catalogue: dict[str, dict[str, Plain]], directory: Iterable[Fact] = ()) -> None:
        """A directory fact holds in its largest (revision, digest); what people wrote stands before it."""
        self.objects = {kind: dict(catalogue.get(kind, {})) for kind in SECTIONS.values()}
        newest: dict[str, Fact] = {}
        for fact in directory:
            held = newest.get(fact.id)
            if held is None or (fact.rev, fact.digest()) > (held.rev, held.digest()):
                newest[fact.id] = fact
        for key, fact in newest.items():
            kind, id_ = key.split("/", 1)
            self.objects[kind].setdefault(id_, orjson.loads(bytes(fact.body))["data"])
        self.named: dict[tuple[str, str, str], str] = {}
        for kind in ("client", "technician", "device", "ticket"):
            for id_ in sorted(self.objects[kind], reverse=True):  # the smaller id is written last and wins
                for source, natives in self.objects[kind][id_].get("aliases", {}).items():
                    for native in natives:
                        self.named[kind, source, native] = id_
        self._tickets: list[OpenTicket] | None = None
        organisation = self.objects["organisation"].get("organisation", {})
        self.zone: str = organisation.get("zone", "UTC")
        self.currency: str = organisation.get("currency", "USD")
        self.calendar: str | None = organisation.get("calendar")
        self.rounding: str | None = organisation.get("rounding")
        self.single = organisation.get("timers", "single") == "single"
        self.merge_gap = int(organisation.get("merge_gap_minutes", 5)) * 60
        forgotten = organisation.get("forgotten_timer", {})
        self.grace = int(forgotten.get("grace_minutes", 5)) * 60
        self.cap = int(forgotten.get("cap_hours", 8)) * 3600

    def resolve(self, kind: str, source: str, ref: Ref | None) -> str | None:
        """An event's reference: this instance's alias, its connector's, everybody's; an e-mail; the id itself."""
        if ref is None:
            return None
        for where in (source, source.split(":")[0], "*"):
            if (kind, where, ref.native_id) in self.named:
                return self.named[kind, where, ref.native_id]
        if kind == "technician" and ref.email:
            for id_ in sorted(self.objects[kind]):
                email = self.objects[kind][id_].get("email")
                if email and email.casefold() == ref.email.casefold():
                    return id_
        return ref.native_id if ref.native_id in self.objects[kind] else None

    def referenced(self, kind: str, text: str | None) -> str | None:
        """An object's reference to another: an id, or "source=native id"."""
        if text is None:
            return None
        if text in self.objects[kind]:
            return text
        if "=" not in text:
            return None
        source, native = text.split("=", 1)
        return self.resolve(kind, source, Ref(native))

    def tickets(self) -> list[OpenTicket]:
        """Every ticket, by id."""
        if self._tickets is None:
            self._tickets = [
                OpenTicket(
                    id_,
                    frozenset(self.referenced("technician", name) for name in item.get("technicians", [])),
                    self.referenced("device", item.get("device")),
                    self.referenced("client", item.get("client")),
                    _moment(item.get("opened"), -1),
                    _moment(item.get("closed"), 1 << 60),
                    str(item.get("contact", "")).casefold(),
                    item.get("activity") is not None,
                    tuple(
                        (_moment(act["at"], 0), self.referenced("technician", act["technician"]))
                        for act in item.get("activity") or ()
                    ),
                )
                for id_, item in sorted(self.objects["ticket"].items())
            ]
        return self._tickets

    def device_client(self, device: str | None, at: int) -> str | None:
        """Whose the device is at an instant: the newest move that has happened, else the first owner."""
        if device is None:
            return None
        item = self.objects["device"][device]
        owner, since = self.referenced("client", item.get("client")), -1
        for move in item.get("moves", []):
            moved = midnight(move["from"], self.zone_of(move["client"]))
            if since < moved <= at:
                owner, since = self.referenced("client", move["client"]), moved
        return owner

    def zone_of(self, client: str | None) -> str:
        item = self.objects["client"].get(client or "", {})
        return str(item.get("zone") or self.zone)

    def holds(self, item: Plain, at: int, zone: str) -> bool:
        """Whether ``[from, until)`` contains the instant; dates are midnights in ``zone``."""
        after = item.get("from") is None or midnight(item["from"], zone) <= at
        return after and (item.get("until") is None or at < midnight(item["until"], zone))

    def service_of(self, text: str) -> str:
        """The organisation's service of an event's: the longest match, then the smaller id; "" where none fits."""
        best: tuple[int, str] | None = None
        for id_ in sorted(self.objects["service"]):
            for pattern in self.objects["service"][id_].get("match", []):
                stem = pattern[:-1] if pattern.endswith("*") else pattern
                fits = text.startswith(stem) if pattern.endswith("*") else text == pattern
                length = 2 * len(stem) + (not pattern.endswith("*"))
                if fits and (best is None or length > best[0]):
                    best = (length, id_)
        return best[1] if best else ""


def _moment(text: str | None, default: int) -> int:
    return default if text is None else int(datetime.fromisoformat(text).timestamp() // 1)
