"""The form of an event on the wire as JSON Schema, for those who write connectors."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.models.cloudevent import TYPES, Envelope


def json_schemas(reference: str) -> dict[str, dict[str, Any]]:
    """JSON Schema of what `decode_cloudevent` reads, by name; ``reference`` such as "#/components/schemas/{name}"."""
    _, found = msgspec.json.schema_components([Envelope], ref_template=reference)
    text = msgspec.json.encode(found)
    for ours, theirs in (("Envelope", "CloudEvent"), ("_Data", "Event"), ("_TicketRef", "TicketRef"), ("_Ref", "Ref")):
        text = text.replace(ours.encode(), theirs.encode())
    named: dict[str, dict[str, Any]] = msgspec.json.decode(text)
    for name, schema in named.items():
        schema["title"] = name
    envelope = named["CloudEvent"]["properties"]
    envelope["specversion"] = {"type": "string", "enum": ["1.0"]}
    envelope["type"] = {"type": "string", "enum": sorted(TYPES)}
    envelope["id"] = envelope["source"] = {"type": "string", "minLength": 1}
    del named["Event"]["properties"]["tenant"]  # it comes from the credential
    return named
