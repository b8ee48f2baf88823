"""One part cut into pieces: what becomes of its first seconds, of the next, and of the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from billing.rate_cut import Part
from billing.rates import Price
from streams.models.entry import Disposition
from streams.models.work import Step, Work


@dataclass(slots=True)
class Pieces:
    """``made`` so far, and the ``rest`` of the quantity. Rounding stands at the end of a part, so the first pieces are
    worked seconds as far as there are any; the last piece has all that remain."""

    part: Part
    work: Work
    made: list[Part] = field(default_factory=list)
    rest: int = -1

    def __post_init__(self) -> None:
        self.rest = self.part.billed

    def cut(
        self,
        quantity: int,
        disposition: Disposition,
        reason: str,
        *,
        price: Price | None = None,
        drawn: int = 0,
        lot: str = "",
        steps: tuple[Step, ...] = (),
    ) -> Part:
        """Add the next piece of ``quantity`` seconds."""
        part, last = self.part, self.rest == quantity
        if last and not self.made:
            part.disposition, part.reason, part.price, part.drawn = disposition, reason, price, drawn
            part.lot, part.steps = lot, steps
            self.made.append(part)
            self.rest = 0
            return part
        done = sum([piece.seconds for piece in self.made])
        start = self.made[-1].end if self.made else part.start
        seconds = part.seconds - done if last else min(quantity, part.seconds - done)
        piece = replace(
            part,
            start=start,
            end=part.end if last else self.after(start, seconds),
            seconds=seconds,
            billed=quantity,
            topped=part.topped if last else 0,
            disposition=disposition,
            reason=reason,
            price=price,
            drawn=drawn,
            lot=lot,
            steps=steps,
        )
        self.made.append(piece)
        self.rest -= quantity
        return piece

    def after(self, start: int, seconds: int) -> int:
        """The instant at which so many seconds were worked after ``start``."""
        at = start
        for begins, ends in self.work.spans:
            if ends <= start:
                continue
            at = max(begins, start)
            if at + seconds <= ends:
                return at + seconds
            seconds -= ends - at
            at = ends
        return at
