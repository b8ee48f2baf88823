"""Whether the process of this container works: ``python -m deploy.healthy worker|writer|web``. Exit code 0 or 1."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request

import orjson

from streams.settings import Settings

SILENT = 30.0  # seconds without a report


def unhealthy(what: str, settings: Settings, now: float) -> str | None:
    """Why it does not work; None where it does. ``now`` in seconds since 1970."""
    if what == "web":
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.web_port}/healthz", timeout=5):
                return None
        except (urllib.error.URLError, OSError) as error:
            return f"/healthz: {error}"
    pattern = "worker-*.json" if what == "worker" else f"{what}.json"
    found = [orjson.loads(path.read_bytes()) for path in (settings.home.expanduser() / "run").glob(pattern)]
    last = max(found, key=_told, default=None)
    if last is None:
        return "no report yet"
    if now - _told(last) > SILENT:
        return f"no report for {now - _told(last):.0f} s"
    return "not ready yet" if last.get("ready") is False else None


def _told(report: dict[str, float]) -> float:
    return float(report.get("at", report.get("updated", 0)))


def main() -> int:
    why = unhealthy(sys.argv[1], Settings(), time.time())
    if why:
        print(why, file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
