"""JSON Schema of a catalogue file, for editors: every section, every field, what it may hold.

Made from the models that read the files, so it cannot lag behind. A schema sees one file alone: what `catalog check`
finds across files (a rate card of an unknown client) it does not.
"""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from jobs.catalog_load import SECTIONS
from streams.models.catalog import OBJECT_TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Written(GenerateJsonSchema):
    """As people write YAML: a number is enough where an exact decimal is read."""

    def decimal_schema(self, schema: Any) -> dict[str, Any]:
        found = super().decimal_schema(schema)
        return next((one for one in found.get("anyOf", ()) if one.get("type") == "number"), found)


def catalogue_schema() -> dict[str, Any]:
    """The schema of one catalogue file."""
    inputs: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in OBJECT_TYPES.values()]
    references, shared = models_json_schema(inputs, schema_generator=Written)
    properties: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        one = references[OBJECT_TYPES[kind], "validation"]
        properties[section] = one if kind == "organisation" else {"type": ["array", "null"], "items": one}
    return {
        "$schema": DIALECT,
        "title": "everyminute catalogue",
        "description": "One file of a catalogue folder. Each section lists its objects; docs/catalogue.md explains.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": shared["$defs"],
    }


def schema_text() -> str:
    """As it is published: indented, with sorted keys."""
    return orjson.dumps(catalogue_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"
