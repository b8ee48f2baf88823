"""Our own events and directory objects as CloudEvents in JSON, one a line (or any other JSON form).

An event is taken as it stands: its ``source`` is its own, not the instance of the import. A directory object has
type ``everyminute.directory.v1`` and ``data`` = {"kind", "rev", "object"}: kind of object, updated-at, content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pydantic import ValidationError

from connectors.base import Bad, DirectoryObject, Options, Outcome, Row, outcomes
from connectors.fields import Fields, json_fields, kind_of, shown
from connectors.files import json_rows
from streams.models.catalog import DIRECTORY_TYPES, OBJECT_TYPES
from streams.models.cloudevent import Problem, decode_cloudevent

DIRECTORY = "everyminute.directory.v1"


def read(stream: BinaryIO, instance: str, options: Options) -> Iterator[Outcome]:
    def mapping(row: Row) -> Outcome:
        fields = json_fields(row)
        if fields.get("type") == DIRECTORY:
            return directory(fields)
        event = decode_cloudevent(options.tenant, row.data)
        if isinstance(event, Problem):
            raise Bad(event.reason, event.saw, event.expected, event.remedy)
        return event

    yield from outcomes(json_rows(stream, ()), mapping)


def directory(fields: Fields) -> DirectoryObject:
    if fields.get("specversion") != "1.0":
        raise Bad("wrong_shape", f"specversion {shown(fields.get('specversion'))}", "specversion 1.0")
    data, kind = fields.get("data"), None
    if isinstance(data, dict):
        kind = Fields(data).id("kind")
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        raise Bad("wrong_shape", f"data is {kind_of(data)}", "kind, rev and object in data")
    if kind not in DIRECTORY_TYPES:
        raise Bad("wrong_shape", f"kind {shown(kind)}", f"one of {', '.join(DIRECTORY_TYPES)}")
    try:
        item = OBJECT_TYPES[kind].model_validate(data["object"])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Bad("wrong_shape", f"{place}: {first['msg']}", f"the fields of a {kind} in the catalogue") from None
    return DirectoryObject(kind, item, Fields(data).instant("rev"))
