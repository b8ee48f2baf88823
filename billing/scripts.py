"""Which policy prices a run of a script: one for the client before a general one, the longest match, the later date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billing.book import CatalogState
from billing.calendar import Zone, zone_of
from billing.ratecard import outside
from billing.services import fits_service
from streams.models.catalog import Client
from streams.models.event import Plain
from streams.models.interval import Interval
from streams.models.script import ScriptPolicy


def names_of(interval: Interval) -> tuple[str, ...]:
    """What policies may call a script: its name, its number at the source ("41", "tacticalrmm=41"), its service."""
    source, native = interval.source, interval.native
    known = [str(native[key]) for key in ("script_name", "script") if native.get(key) not in (None, "")]
    exact = [f"{scope}={name}" for name in known for scope in (source, source.split(":", 1)[0])]
    return tuple(dict.fromkeys([*known, *exact, *([interval.service] if interval.service else [])]))


def fan_out_of(native: Mapping[str, Plain]) -> str:
    """The run over many devices that this one belongs to; "" where the source names none."""
    return str(native["run"]) if native.get("run") not in (None, "") else ""


def choose_policy(
    policies: Iterable[ScriptPolicy], client: str | None, names: Iterable[str], day: int
) -> ScriptPolicy | None:
    """The policy for a run on a local day; None if none fits."""
    known = tuple(names)
    return min(
        (one for one in policies if _fits(one, client, known) and not outside(one, day)),
        key=lambda one: _order(one, known),
        default=None,
    )


def lost_policies(
    policies: Iterable[ScriptPolicy], client: str | None, names: Iterable[str], day: int, won: ScriptPolicy
) -> tuple[str, ...]:
    """The others that match the script, in order, and why each lost."""
    known = tuple(names)
    others = sorted(
        (one for one in policies if one is not won and _fits(one, client, known)), key=lambda one: _order(one, known)
    )
    return tuple(f"{one.id}: {outside(one, day) or _behind(won, one, known)}" for one in others)


_FIRST = ("one for the client goes first", "the longer match goes first", "the later date goes first",
          "the smaller id goes first")  # fmt: skip


def _fits(one: ScriptPolicy, client: str | None, names: tuple[str, ...]) -> bool:
    return one.client in (None, client) and _precision(one, names) >= 0


def _order(one: ScriptPolicy, names: tuple[str, ...]) -> tuple[bool, int, int, str]:
    return one.client is None, -_precision(one, names), -(one.from_.toordinal() if one.from_ else 0), one.id


def _behind(won: ScriptPolicy, one: ScriptPolicy, names: tuple[str, ...]) -> str:
    pairs = zip(_order(won, names), _order(one, names), strict=True)
    return f"{won.id}: {next(why for why, (a, b) in zip(_FIRST, pairs, strict=True) if a != b)}"


def _precision(policy: ScriptPolicy, names: tuple[str, ...]) -> int:
    """The longest pattern that fits; an exact match beats a pattern of the same length. -1: none fits."""
    return max(
        (2 * len(p) - p.endswith("*") for p in policy.match for name in names if fits_service(p, name)), default=-1
    )


class Policies:
    """The script policies of one reading of the catalogue."""

    def __init__(self, book: CatalogState) -> None:
        self._book = book
        self._all = list(book.all(ScriptPolicy).values())
        self.any = any(one.bill != "none" for one in self._all)

    def of(self, interval: Interval, client: str | None) -> ScriptPolicy | None:
        """What holds for a run on the local day of its start."""
        if not self._all or interval.kind != "script_run":
            return None
        names = names_of(interval)
        return choose_policy(self._all, client, names, self._zone(client).day(interval.start).ordinal)

    def _zone(self, client: str | None) -> Zone:
        owner = self._book.get(Client, client)
        for name in ((owner.zone if owner else None), self._book.organisation.zone, "UTC"):
            if name and (found := zone_of(name)):
                return found
        raise AssertionError("UTC is a zone")
