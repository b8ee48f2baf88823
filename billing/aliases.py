"""What a directory object answers to: its aliases, by source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from streams.models.catalog import CatalogObject, Client, Device, Technician, Ticket

Claim = tuple[str, str, str]  # (object type, scope, native id)
REPORTED = "~"  # how ids of objects begin that connectors report
EMAIL = "@"  # the scope of email addresses; no source is called so
TYPES: dict[str, type[CatalogObject]] = {"client": Client, "technician": Technician, "device": Device, "ticket": Ticket}


def claims(kind: str, item: CatalogObject) -> Iterator[Claim]:
    """What an object answers to, its own id apart."""
    aliases: dict[str, list[str]] = getattr(item, "aliases", {})
    for scope, natives in aliases.items():
        for native in natives:
            yield kind, scope, native
    if isinstance(item, Technician) and item.email:
        yield kind, EMAIL, item.email.casefold()


def seconds_of(at: datetime | None, absent: int) -> int:
    """Whole seconds since 1970, floored; a time without zone is UTC."""
    if at is None:
        return absent
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400 + since.seconds
