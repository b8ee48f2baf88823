"""Which rate line prices a piece of work on a date, and why the other candidates lost.

Scope first: the project's own card, the contract's, the client's, the organisation's. Then what the line names, in this
order: a role, the exact service, a technician, a tier. Then the later date and the smaller id. A line with a price of
its own (``rate`` or ``flat``) is a base; one with ``multiplier``, ``percent`` or ``plus`` changes the base, and the
best such line applies unless the base names the same and more on a card of a narrower scope. Currencies are never
converted: a client pays in the currency of the own cards in force, else in the organisation's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from streams.models.catalog import Contract, Dated, Project, RateCard, RateLine

STANDARD = "standard"
_SCOPES = ("the project's own card", "the contract's own card", "the client's own card", "the organisation's card")
_NAMED = ("role", "exact service", "technician", "tier")


class Asked(NamedTuple):
    """What a price is wanted for. "" where it is unknown."""

    client: str
    service: str
    contract: str = ""
    role: str = ""
    technician: str = ""
    tier: str = STANDARD
    project: str = ""


class Candidate(NamedTuple):
    """A line that fits what is asked; the smallest ``order`` wins: scope, what is not named, later, id, place."""

    order: tuple[int, bool, bool, bool, bool, int, str, int]
    card: RateCard
    line: RateLine

    @property
    def name(self) -> str:
        named = (self.line.role, self.line.technician, self.line.tier)
        return "/".join((self.card.id, self.line.service, *[one for one in named if one]))

    @property
    def scope(self) -> int:
        return self.order[0]

    def covers(self, other: Candidate) -> bool:
        """Whether this line names everything that the other one does."""
        return all(theirs or not mine for mine, theirs in zip(self.order[1:5], other.order[1:5], strict=True))


@dataclass(frozen=True, slots=True)
class Choice:
    """``line`` None: nothing fits. ``change`` alters the price of ``line``. ``best`` and ``best_change`` also look
    at other currencies, for money at risk only."""

    line: Candidate | None
    best: Candidate | None
    currency: str
    reason: str = ""
    lost: tuple[str, ...] = ()
    change: Candidate | None = None
    best_change: Candidate | None = None


def holds(item: Dated, day: int) -> bool:
    """``[from, until)`` in local days."""
    return not outside(item, day)


def outside(item: Dated, day: int) -> str:
    """Why an object with dates does not hold on a local day; "" if it does."""
    on = date.fromordinal(day)
    if item.from_ is not None and on < item.from_:
        return f"from {item.from_}, later than the work"
    if item.until is not None and on >= item.until:
        return f"ended on {item.until}"
    return ""


def cards_of(cards: Iterable[RateCard], client: str, owners: Iterable[Dated]) -> list[RateCard]:
    """Of all cards those that may hold for a client with these contracts and projects."""
    found = list(owners)
    contracts = {None, *(one.id for one in found if isinstance(one, Contract))}
    projects = {None, *(one.id for one in found if isinstance(one, Project))}
    mine = (one for one in cards if one.client in (None, client))
    return [one for one in mine if one.contract in contracts and one.project in projects]


def choose(cards: Iterable[RateCard], asked: Asked, day: int, default: str) -> Choice:
    """The line for what is asked on local day ``day``; ``default`` is the organisation's currency."""
    mine = [card for card in cards if _is_for(card, asked)]
    currencies = sorted({c.currency or default for c in mine if _scope(c) < 3 and holds(c, day)})
    currency = currencies[0] if currencies else default
    ranked = sorted(_candidates(mine, asked))
    dated = [one for one in ranked if holds(one.card, day)]
    best, best_change, _ = _pick(dated)
    if len(currencies) > 1:
        lost = tuple(f"{one.name}: {one.card.currency or default}" for one in dated)
        return Choice(None, best, currency, f"currency_mixed: {', '.join(currencies)}", lost, None, best_change)
    verdicts = [(one, _why_not(one, day, currency, default)) for one in ranked]
    won, change, whys = _pick([one for one, why in verdicts if not why])
    lost = tuple(f"{one.name}: {why or whys[one.order]}" for one, why in verdicts if one not in (won, change))
    return Choice(won, best, currency, "" if won else "no_rate_line", lost, change, best_change)


def standing(one: Candidate) -> str:
    """Why a line could win: "the client's own card, exact service"."""
    named = [name for name, missing in zip(_NAMED, one.order[1:5], strict=True) if not missing]
    return ", ".join([_SCOPES[one.scope], *named])


def is_base(line: RateLine) -> bool:
    """Whether the line has a price of its own."""
    return line.rate is not None or line.flat is not None or line.pack_price is not None


def _scope(card: RateCard) -> int:
    if card.project is not None:
        return 0
    return 1 if card.contract is not None else 2 if card.client is not None else 3


def _is_for(card: RateCard, asked: Asked) -> bool:
    return (
        card.client in (None, asked.client)
        and card.contract in (None, asked.contract)
        and card.project
        in (
            None,
            asked.project,
        )
    )


def _candidates(cards: Iterable[RateCard], asked: Asked) -> Iterable[Candidate]:
    for card in cards:
        later = -(card.from_ or date.min).toordinal()
        for index, line in enumerate(card.lines):
            wanted = ((line.role, asked.role), (line.technician, asked.technician), (line.tier, asked.tier))
            if line.service in ("*", asked.service) and all(one in (None, other) for one, other in wanted):
                plain = (line.role is None, line.service == "*", line.technician is None, line.tier is None)
                yield Candidate((_scope(card), *plain, later, card.id, index), card, line)


def _pick(fitting: Sequence[Candidate]) -> tuple[Candidate | None, Candidate | None, dict[object, str]]:
    """The base, what changes it, and why each other one lost; ``fitting`` is in order."""
    bases = [one for one in fitting if is_base(one.line)]
    changes = [one for one in fitting if not is_base(one.line)]
    if not bases:
        return None, None, {one.order: "there is no price that it could change" for one in changes}
    base = bases[0]
    whys: dict[object, str] = {one.order: _why_behind(one, base) for one in bases[1:]}
    change: Candidate | None = None
    for one in changes:
        if base.scope < one.scope and base.covers(one):
            whys[one.order] = f"{base.name} names the same on a narrower card"
        elif base.line.rate is None:
            whys[one.order] = "a flat amount stays as it is"
        elif change is None:
            change = one
        else:
            whys[one.order] = _why_behind(one, change)
    return base, change, whys


def _why_not(one: Candidate, day: int, currency: str, default: str) -> str:
    own = one.card.currency or default
    if own != currency:
        return f"in {own}, the client pays in {currency}"
    return outside(one.card, day)


def _why_behind(one: Candidate, won: Candidate) -> str:
    places = [place for place, (a, b) in enumerate(zip(won.order, one.order, strict=True)) if a != b]
    if places[0] == 0:
        return f"{_SCOPES[won.scope]} goes first"
    if places[0] <= 4:
        return f"the {_NAMED[places[0] - 1]} goes first"
    return "the later date goes first" if places[0] == 5 else "the smaller id goes first"
