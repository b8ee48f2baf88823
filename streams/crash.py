"""Test-only crash points: ``EVERYMINUTE_CRASH_AT=<point>:<n>`` ends the process the n-th time it gets to the point.

A point is named "<hop>.<point>" ("rate.after_outputs"), or by its last part to mean any hop. It is a kill, not an
exit: nothing is flushed, closed or committed. Refused unless ``EVERYMINUTE_TEST=1``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

KILLED = 137

Reached = Callable[[str], None]


def crash_points(environ: Mapping[str, str], kill: Callable[[int], object] = os._exit) -> Callable[[str], Reached]:
    """Gives, for a hop, the function to call at each of its points. Raises ValueError on a setting not understood."""
    wanted = environ.get("EVERYMINUTE_CRASH_AT", "")
    if not wanted:
        return lambda hop: lambda point: None
    if environ.get("EVERYMINUTE_TEST") != "1":
        raise ValueError("EVERYMINUTE_CRASH_AT is for tests only: unset it, or set EVERYMINUTE_TEST=1")
    name, _, number = wanted.partition(":")
    if not number.isdigit() or int(number) < 1:
        raise ValueError(f"EVERYMINUTE_CRASH_AT={wanted}: expected <point>:<n> with n from 1")
    left = [int(number)]

    def points(hop: str) -> Reached:
        def reached(point: str) -> None:
            if name in (point, f"{hop}.{point}"):
                left[0] -= 1
                if left[0] == 0:
                    kill(KILLED)

        return reached

    return points
