"""How late work was known: when the last of its evidence came in, less when the work ended."""

from __future__ import annotations

from collections.abc import Mapping

from billing.kpi import LATENESS
from billing.kpi import lateness as bucket_of
from jobs.simulate import Result
from streams.models.entry import Entry

AFTER, UNKNOWN = "after close", "unknown"
BUCKETS = (*[name for _, name in LATENESS], "later", AFTER, UNKNOWN)


def lateness(result: Result, entries: list[Entry], received: Mapping[str, int]) -> list[dict[str, object]]:
    """Pieces of work and their seconds by bucket; nothing where nobody says when anything came.

    ``received``: instants in seconds by event id. What its statement was closed without is "after close", whatever the
    hours between; where it is not told when the evidence came, "unknown".
    """
    classes: dict[str, set[str]] = {}
    for entry in entries:
        classes.setdefault(entry.identity.work, set()).add(entry.identity.row_class)
    found: dict[str, list[int]] = {}
    for work, seen in classes.items():
        if work not in result.work or result.work[work].state != "done":
            continue
        mine = result.work[work]
        evidence = [id_ for p in mine.proof if p.interval in result.intervals
                    for id_ in result.intervals[p.interval].evidence]  # fmt: skip
        came = [received[id_] for id_ in evidence if id_ in received]
        late = "regular" not in seen
        ended = mine.spans[-1][1] if mine.spans else mine.start
        bucket = bucket_of(ended, max(came, default=ended), late) if came or late else UNKNOWN
        sums = found.setdefault(bucket, [0, 0])
        sums[0] += 1
        sums[1] += mine.seconds
    if not found.keys() - {UNKNOWN}:
        return []
    return [{"bucket": one, "entries": found[one][0], "worked": found[one][1]} for one in BUCKETS if one in found]
