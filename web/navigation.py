"""Which pages there are for whom: the links at the top of every page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

from jobs.users import Role
from web.auth import User
from web.question import well_formed

READERS: tuple[Role, ...] = ("analyst", "finance")


@dataclass(frozen=True)
class Place:
    """``period``: the page is about a month, so the month goes with the reader."""

    words: str
    path: str
    period: bool = True
    below: tuple[str, ...] = ()  # other paths that belong to it


TIMERS = Place("Timers", "/timers", period=False)
PLACES = (
    Place("Overview", "/"),
    Place("Leakage", "/leakage", below=("/entry/",)),
    Place("Unlinked", "/unlinked"),
    Place("Periods", "/periods", below=("/period",)),
    Place("Parked", "/parked", period=False, below=("/parked/",)),
)  # fmt: skip


@dataclass(frozen=True)
class Link:
    words: str
    url: str
    current: bool


def links(request: Request) -> list[Link]:
    """What the reader may open; the tenant and month they look at stay."""
    user: User | None = getattr(request.state, "user", None)
    if user is None:
        return []
    places = (TIMERS, *(PLACES if user.may(*READERS) else ()))
    return [Link(place.words, _url(place, request), _is_here(place, request.url.path)) for place in places]


def _url(place: Place, request: Request) -> str:
    given = request.query_params
    kept = {"tenant": given["tenant"]} if given.get("tenant") else {}
    if place.period and well_formed(given.get("period", "")):
        kept["period"] = given["period"]
    return place.path + (f"?{urlencode(kept)}" if kept else "")


def _is_here(place: Place, path: str) -> bool:
    return path == place.path or path.startswith(place.below or ("\0",))
