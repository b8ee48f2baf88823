"""/openapi.json: what FastAPI finds, and the schemas of bodies that are read as raw bytes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from streams.models.cloudevent_schema import json_schemas
from web.events import Accepted, RefusedEvent, Results
from web.problems import MEDIA, Problem

REFERENCE = "#/components/schemas/{name}"
ABOUT = """What was worked and not billed, why, and what it costs; and the ways in for events.

Programs sign in with `Authorization: Bearer` and a token from `everyminute token create`. Every error is
`application/problem+json` (RFC 9457) and says what to do. How to write a connector: docs/api.md.
"""


def described(app: FastAPI) -> dict[str, Any]:
    """The document; made once."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes, tags=TAGS)
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        schemas |= json_schemas(REFERENCE)
        models = [(model, "serialization") for model in (Accepted, RefusedEvent, Results, Problem)]
        schemas |= models_json_schema(models, ref_template="#/components/schemas/{model}")[1]["$defs"]  # type: ignore[arg-type]
        found["components"].setdefault("securitySchemes", {})["signature"] = SIGNATURE
        for path in found["paths"].values():
            for operation in path.values():
                _as_problems(operation)
        app.openapi_schema = found
    return app.openapi_schema


def _as_problems(operation: dict[str, Any]) -> None:
    """Errors have one media type and one form, whatever FastAPI assumes."""
    for status, response in operation["responses"].items():
        if status >= "400":
            content = response.setdefault("content", {})
            content.pop("application/json", None)
            content.setdefault(MEDIA, {"schema": {"$ref": "#/components/schemas/Problem"}})


SIGNATURE: dict[str, str] = {
    "type": "apiKey",
    "in": "header",
    "name": "webhook-signature",
    "description": "HMAC over the raw body; the header and what is signed are those of the tool (docs/api.md).",
}
TAGS: list[dict[str, Any]] = [
    {"name": "events", "description": "The way in for tools."},
    {"name": "webhooks", "description": "The way in for tools that call us in their own words."},
    {"name": "ledger", "description": "The figures of the pages."},
]
