"""What a tool tells us when it calls: one delivery → outcomes, by the mapping of its connector.

    mapping(body, instance, options) -> Iterator[Outcome]

The bytes were verified before. What nobody authenticated is kept and marked, and brings no directory objects: those
would decide at once whose money it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from connectors import connectwise_psa, standardwebhooks, syncro, toggl, zammad
from connectors.base import Bad, BadRow, DirectoryObject, Options, Outcome, Skipped
from connectors.signatures import NONE
from streams.models.event import Event


class Hook(NamedTuple):
    """An entry of the registry. ``scheme`` is how the tool signs, unless it is told otherwise. ``answer``: what the
    tool wants to read, where it wants anything."""

    read: Callable[[bytes, str, Options], Iterator[Outcome]]
    scheme: str
    about: str
    answer: Callable[[bytes], dict[str, str] | None] = lambda body: None


HOOKS: dict[str, Hook] = {
    "connectwise_psa": Hook(connectwise_psa.receive, "connectwise", "ConnectWise PSA callbacks: tickets, time entries"),
    "standardwebhooks": Hook(standardwebhooks.receive, "standard", "Standard Webhooks with our CloudEvents in them"),
    "syncro": Hook(syncro.receive, NONE, "Syncro notifications; nothing signs them"),
    "toggl": Hook(toggl.receive, "toggl", "Toggl Track time entries", toggl.handshake),
    "zammad": Hook(zammad.receive, "zammad", "Zammad triggers with their time accounting"),
}
REMEDY = (
    "Look at it with `everyminute parked show`. If the tool changed its format, report it; if not, look at its webhook."
)


def receive(hook: Hook, instance: str, body: bytes, options: Options, authenticated: bool) -> list[Outcome]:
    """The outcomes of a delivery; one that cannot be read at all is a BadRow with all its bytes."""
    try:
        _one_reading(body)
        found = list(hook.read(body, instance, options))
    except Bad as bad:
        return [BadRow(1, body, bad.reason, bad.saw, bad.expected, REMEDY)]
    return found if authenticated else [_doubted(one) for one in found]


def _doubted(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Event):
        return msgspec.structs.replace(outcome, authenticated=False)
    if isinstance(outcome, DirectoryObject):
        return Skipped(1, "unsigned_directory")
    return outcome


def _one_reading(body: bytes) -> None:
    """Refuses what two readers could read differently: a name twice in one object, and what is not quite JSON."""
    try:
        json.loads(body.decode(), object_pairs_hook=_no_twins, parse_constant=_no_constant, parse_int=len,
                   parse_float=Decimal)  # fmt: skip
    except UnicodeDecodeError as error:
        raise Bad("not_utf8", str(error), "text in UTF-8") from None
    except RecursionError:
        raise Bad("not_json", "brackets nested too deeply", "a flat object") from None
    except ValueError as error:
        raise Bad("not_json", str(error)[:200], "one JSON value") from None


def _no_twins(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Bad("wrong_shape", f"{twice[:60]!r} twice in one object", "each name once")


def _no_constant(text: str) -> None:
    raise Bad("not_json", text, "a number")
