"""What the contenders in Python share: the event as they need it, and the pair as they write it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson


def read(value: bytes) -> tuple[str, str, int]:
    """(session, phase, second) of an event."""
    data: dict[str, Any] = orjson.loads(value)["data"]
    return data["activity_id"], data["phase"], int(datetime.fromisoformat(data["at"]).timestamp())


def write(session: str, start: int, end: int) -> bytes:
    return orjson.dumps({"id": session, "start": start, "end": end})
