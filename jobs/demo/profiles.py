"""How carelessly a service desk keeps its records: rates, each a share of one.

``UNSEEN`` was written down and committed before any linking code was fitted to traces on tickets, and is looked at
only by the command that measures. Fit linking to ``KNOWN`` alone; docs/decisions.md tells how it was kept apart.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """``began`` and ``ended``: visits at whose start or end the technician writes on the ticket; ``late``: of the
    notes at the end, those written up hours later; ``silent``: visits that leave no note at all; ``stray``: visits
    during which the technician answers on another open ticket; ``misfiled``: notes on a wrong ticket."""

    began: float = 0.80
    ended: float = 0.95
    late: float = 0.06
    silent: float = 0.015
    stray: float = 0.05
    misfiled: float = 0.003
    other_assignee: float = 0.02  # tickets that name a colleague, not who works on them
    other_device: float = 0.02  # tickets that name another device of the client
    launched: float = 0.35  # sessions started from the ticket's page: the ticket system notes it
    launched_elsewhere: float = 0.02  # quick help started from the page of some other ticket of the client
    no_contact: float = 0.10  # tickets that name nobody who asked
    other_contact: float = 0.05  # tickets that a colleague of the user asked for
    stale_number: float = 0.01  # sessions whose ticket number is left over from earlier
    forgotten: float = 0.03  # timers nobody stopped
    edited: float = 0.05  # timers whose stop was corrected two days later
    renamed: int = 9  # the technician whose ScreenConnect login changed, and was never added to the catalogue
    renamed_from: int = 26  # day of the month


KNOWN = Profile()
UNSEEN = Profile(
    began=0.74,
    ended=0.965,
    late=0.08,
    silent=0.01,
    stray=0.09,
    misfiled=0.005,
    other_assignee=0.035,
    other_device=0.035,
    launched=0.30,
    launched_elsewhere=0.03,
    no_contact=0.14,
    other_contact=0.08,
    stale_number=0.02,
    forgotten=0.02,
    edited=0.08,
    renamed=5,
    renamed_from=26,
)
PROFILES = {"known": KNOWN, "unseen": UNSEEN}
