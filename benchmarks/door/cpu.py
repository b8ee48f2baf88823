"""CPU seconds of each component of the stack: what the pace costs, whatever else the machine does meanwhile."""

from __future__ import annotations

import psutil

from deploy.embedded.supervisor import status
from streams.settings import Settings


def spent(settings: Settings) -> dict[str, float]:
    """User and system seconds since each component started, with its children."""
    found: dict[str, float] = {}
    for row in status(settings.home).rows:
        if not isinstance(row["pid"], int):
            continue
        try:
            process = psutil.Process(row["pid"])
            times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
        except psutil.NoSuchProcess:
            continue
        found[str(row["name"])] = sum(one.user + one.system for one in times)
    return found


def between(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before.get(name, 0.0) for name in after if after[name] - before.get(name, 0.0) >= 0.05}
