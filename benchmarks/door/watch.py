"""When the ledger first shows what was sent: asked again and again, as a page would."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import httpx

EVERY = 0.2  # seconds between two questions; what is measured is at most this much too long
BACK = 3.0  # seconds that a question looks back, so that none falls between two


@dataclass
class Ledger:
    """``seen``: when each was first visible, time.time(). ``url`` of the engine."""

    url: str
    database: str
    seen: dict[str, float] = field(default_factory=dict)

    async def watch(self, stop: asyncio.Event) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            while not stop.is_set():
                await self.look(client, BACK)
                await asyncio.sleep(EVERY)

    async def look(self, client: httpx.AsyncClient, back: float) -> None:
        sql = (
            f"SELECT DISTINCT ticket FROM {self.database}.entries WHERE NOT void AND "
            f"inserted_at > now64(3) - toIntervalMillisecond({int(back * 1000)}) FORMAT TabSeparated"
        )
        answer = await client.post(self.url, content=sql)
        answer.raise_for_status()
        now = time.time()
        for name in answer.text.split():
            self.seen.setdefault(name, now)

    async def wait_for(self, names: set[str], seconds: float) -> set[str]:
        """What is still missing after so long."""
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            while names - self.seen.keys() and time.monotonic() < deadline:
                await self.look(client, 3600.0)
                await asyncio.sleep(EVERY)
        return names - self.seen.keys()
