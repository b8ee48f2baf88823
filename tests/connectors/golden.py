"""Golden files: what each example file becomes, readable, beside it. ``python -m tests.connectors.golden`` rewrites."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors import CONNECTORS
from connectors.base import BadRow, DirectoryObject, Options, Outcome, Skipped
from connectors.instants import iso, parse_instant
from streams.models.catalog import object_body
from streams.models.event import Event

EXAMPLES = Path(__file__).parent / "examples"
INSTANTS = ("at", "started_at", "ended_at")


def instant(text: str) -> int:
    return parse_instant(text).readings(None)[0]


AS_OF = instant("2026-03-02T18:00:00Z")
OPTIONS = {
    "meshcentral/nodes_response.json": Options(as_of=AS_OF),
    "meshcentral/meshes_response.json": Options(as_of=AS_OF),
    "screenconnect/local_times.csv": Options(
        zone=ZoneInfo("America/New_York"), ticket_column="SessionCustomProperty8"
    ),
}  # fmt: skip


def examples() -> list[str]:
    files = (path for path in EXAMPLES.glob("*/*") if not path.name.endswith(".expected.json"))
    return sorted(path.relative_to(EXAMPLES).as_posix() for path in files)


def read(name: str, data: bytes | None = None, options: Options | None = None) -> list[Outcome]:
    """The outcomes of an example, or of other bytes in its place."""
    stream = BytesIO((EXAMPLES / name).read_bytes() if data is None else data)
    given = OPTIONS.get(name, Options()) if options is None else options
    return list(CONNECTORS[name.split("/")[0]].read(stream, "one", given))


def readable(outcomes: Iterable[Outcome]) -> str:
    return json.dumps([plain(outcome) for outcome in outcomes], indent=1, ensure_ascii=False) + "\n"


def plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome as people read it: instants as text, defaults left out."""
    if isinstance(outcome, Skipped):
        return {"skipped": outcome.reason, "line": outcome.line}
    if isinstance(outcome, BadRow):
        return {"parked": outcome.reason, "line": outcome.line, "saw": outcome.saw, "expected": outcome.expected}
    if isinstance(outcome, DirectoryObject):
        body = json.loads(bytes(object_body("directory", outcome.item)))
        return {outcome.kind: body["data"], "rev": iso(outcome.rev)}
    assert isinstance(outcome, Event)
    data = msgspec.to_builtins(outcome)
    if data.get("revision", 0) > AS_OF // 2:
        data["revision"] = iso(data["revision"])
    return {key: iso(value) if key in INSTANTS and value is not None else value for key, value in data.items()}


def expected(name: str) -> Path:
    return EXAMPLES / f"{name}.expected.json"


if __name__ == "__main__":
    for example in examples():
        expected(example).write_text(readable(read(example)), encoding="utf-8")
