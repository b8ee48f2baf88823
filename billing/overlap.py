"""One minute, counted once: what timers and sessions of one person do to each other inside an island.

A piece is one interval with the stretches known of it. Pieces that compete for minutes share an account: the
client, or the ticket of a client nobody knows; what is known of neither competes with nothing. Evidence that no
source has authenticated takes what authenticated evidence leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from billing.link_resolve import Evidence
from billing.spans import Spans, apart, contains, intersect, subtract, union
from streams.models.work import Path, Step, Suggestion


@dataclass(slots=True, eq=False)
class Piece:
    """``spans`` are worked, ``cover`` is what a timer claims of other evidence; both before anything is taken away.
    ``rest`` is what is left of a session beside the timers. ``taken_by`` names the interval that has all of it."""

    evidence: Evidence
    spans: Spans
    cover: Spans = ()
    running: bool = False
    flags: list[str] = field(default_factory=list)
    why: str = ""  # how an open interval got its end
    client: str | None = None
    ticket: str | None = None
    path: Path = "none"
    reason: str = ""
    confidence: int = 0  # per mille
    grounds: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    refused: list[str] = field(default_factory=list)  # timers nobody stopped that it speaks against
    rest: Spans = ()
    taken_by: str = ""
    origin: str = ""  # of a part that people cut: the interval it is of
    confirmed: bool = False
    steps: list[Step] = field(default_factory=list)  # of decisions

    @property
    def id(self) -> str:
        return self.evidence.id

    @property
    def whole(self) -> str:
        """The interval it is, or is a part of."""
        return self.origin or self.id

    @property
    def timer(self) -> bool:
        return self.evidence.interval.kind == "ticket_timer"

    @property
    def candidates(self) -> tuple[str, ...]:
        return tuple(sorted({one.ticket for one in self.suggestions}))

    @property
    def trusted(self) -> bool:
        return self.evidence.interval.authenticated or self.confirmed

    @property
    def account(self) -> str:
        if self.client is not None:
            return f"c/{self.client}"
        return f"t/{self.ticket}" if self.ticket is not None else f"i/{self.id}"

    @property
    def hull(self) -> tuple[int, int]:
        """What is known of its bounds."""
        start, end = self.evidence.start, self.evidence.interval.end
        return start, max(start if end is None else end, self.spans[-1][1] if self.spans else start)


@dataclass(slots=True, eq=False)
class Group:
    """A piece of work in the making: a timer, or joined sessions. ``own`` are the minutes it counts."""

    members: list[Piece]
    lead: Piece
    claim: Spans
    own: Spans = ()
    shared: Spans = ()
    parallel: tuple[tuple[int, int, int], ...] = ()
    clipped_by: str = ""
    clip_rule: str = "one_minute_once"

    @property
    def place(self) -> tuple[bool, int, str]:
        """Whose minute it is: authenticated, earlier, smaller id."""
        start = self.claim[0][0] if self.claim else min(piece.evidence.start for piece in self.members)
        return not self.lead.trusted, start, self.lead.id


class Minutes:
    """Who has which minutes of an account."""

    def __init__(self) -> None:
        self._claims: dict[str, list[tuple[str, Spans]]] = {}

    def claim(self, account: str, id_: str, spans: Spans) -> tuple[Spans, str]:
        """What is left of ``spans`` for this work, and who has the first of the others ("" if all are free)."""
        claims = self._claims.setdefault(account, [])
        free, first = spans, ""
        for owner, held in claims:
            if apart(free, held):
                continue
            left = subtract(free, held)
            if left != free:
                free, first = left, first or owner
        claims.append((id_, free))
        return free, first


def count_once(timers: Sequence[Piece], sessions: Sequence[Piece], gap: int) -> list[Group]:
    """All work of an island, each minute of an account in one. Pieces that lost everything have ``taken_by``."""
    minutes = Minutes()
    groups: list[Group] = []
    for trusted in (True, False):
        mine = sorted((piece for piece in timers if piece.trusted is trusted), key=lambda piece: piece.evidence.place)
        groups += [group for piece in mine if (group := _timed(piece, minutes)) is not None]
        covers = [piece for piece in timers if piece.trusted or not trusted]
        rests = [piece for piece in sessions if piece.trusted is trusted]
        for piece in rests:
            _cover(piece, covers)
        joined = [group for chain in _chains(rests, gap) if (group := _joined(chain)) is not None]
        for group in sorted(joined, key=lambda group: group.place):
            _clip(group, minutes)
            if not group.lead.taken_by:
                groups.append(group)
    return groups


def _timed(piece: Piece, minutes: Minutes) -> Group | None:
    group = Group([piece], piece, piece.spans)
    _clip(group, minutes)
    return None if piece.taken_by else group


def _clip(group: Group, minutes: Minutes) -> None:
    group.own, group.clipped_by = minutes.claim(group.lead.account, group.lead.id, group.claim)
    if group.claim and not group.own and not any(piece.running for piece in group.members):
        for piece in group.members:
            piece.taken_by = piece.taken_by or group.clipped_by


def _cover(piece: Piece, timers: Sequence[Piece]) -> None:
    """Take from a session what lies under timers of its account."""
    over = [timer for timer in timers if touches(piece, timer.cover) and timer.account == piece.account]
    piece.rest = subtract(piece.spans, [span for timer in over for span in timer.cover])
    if over and not piece.rest:
        first = min(over, key=lambda timer: (timer.ticket != piece.ticket, timer.evidence.place))
        if not piece.running or any(contains(timer.cover, piece.hull[1]) for timer in over):
            piece.taken_by = first.id


def touches(piece: Piece, cover: Spans) -> bool:
    """Whether part of the piece lies in the cover; without a second of its own, whether it begins there."""
    if piece.spans:
        return not apart(piece.spans, cover) and bool(intersect(piece.spans, cover))
    return contains(cover, piece.evidence.start)


def _chains(sessions: Sequence[Piece], gap: int) -> list[list[Piece]]:
    """Sessions of one account and ticket, else device, joined over gaps between their original hulls."""
    chains: dict[tuple[object, ...], list[tuple[int, list[Piece]]]] = {}
    for piece in sorted(sessions, key=lambda piece: piece.evidence.place):
        start, end = piece.hull
        rows = chains.setdefault(_key(piece), [])
        if rows and start - rows[-1][0] <= gap:
            rows[-1][1].append(piece)
            rows[-1] = (max(rows[-1][0], end), rows[-1][1])
        else:
            rows.append((end, [piece]))
    return [chain for rows in chains.values() for _, chain in rows]


def _key(piece: Piece) -> tuple[object, ...]:
    interval = piece.evidence.interval
    account: str | None = piece.account
    if piece.ticket is not None:
        where: str | None = f"t/{piece.ticket}"
    elif interval.device is not None:
        where = f"d/{piece.evidence.device or (interval.source, interval.device.native_id)}"
        account = None if piece.client is None else account
    else:
        where = None
    return account, where, piece.evidence.service, interval.billable is False


def _joined(chain: list[Piece]) -> Group | None:
    """The chain as one work, led by the smallest id among those that are not under a timer."""
    free = [piece for piece in chain if not piece.taken_by]
    if not free:
        return None
    lead = min(free, key=lambda piece: piece.id)
    return Group(free, lead, union(span for piece in free for span in piece.rest))
