"""`everyminute catalog status`."""

from __future__ import annotations

import asyncio
from collections import Counter

from jobs.catalog_apply import Head, read_head
from jobs.catalog_load import SECTION_OF
from jobs.catalog_standing import Standing, as_json, lines, standings
from jobs.catalog_topic import read_facts, read_log
from jobs.console import Format, hush, put, put_json, say
from streams.settings import Settings
from streams.topics import DECISIONS


async def _read(tenant: str) -> tuple[Head, list[Standing]]:
    settings = Settings()
    return read_head(await read_facts(settings, tenant)), standings(await read_log(settings, tenant, DECISIONS))


def show(tenant: str, format_: Format) -> None:
    """Print the release that holds, its objects, and the releases of closed statements."""
    hush("aiokafka")
    head, found = asyncio.run(_read(tenant))
    kinds = Counter(SECTION_OF[key.split("/", 1)[0]] for key in head.objects)
    if format_ is Format.json:
        put_json(
            {
                "release": head.number, "note": head.note, "digest": head.digest,
                "objects": dict(sorted(kinds.items())), "closed": as_json(found),
            }
        )  # fmt: skip
        return
    if not head.number:
        say(f"no release of tenant {tenant} yet: run `everyminute catalog apply DIR`")
        return
    put(f"release {head.number}" + (f" ({head.note})" if head.note else ""))
    for section, count in sorted(kinds.items()):
        put(f"  {section}: {count}")
    for line in lines(found, head.number):
        put(line)
