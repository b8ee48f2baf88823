"""How `POST /v1/events` is described at /openapi.json: three forms of a body, and every answer."""

from __future__ import annotations

from typing import Any

from web.problems import MEDIA, Problem

SCHEMAS = "#/components/schemas/"
DATA: dict[str, Any] = {
    "source": "ourdesk:main",
    "source_event_id": "timer-4711/3",
    "activity_id": "timer-4711",
    "kind": "ticket_timer",
    "phase": "interval",
    "revision": 1772462406000,
    "started_at": "2026-03-02T14:03:30Z",
    "ended_at": "2026-03-02T14:40:00Z",
    "technician": {"native_id": "dana.ortiz"},
    "client": {"native_id": "250"},
    "ticket": {"native_id": "48213"},
    "service": "timer.ticket",
    "billable": True,
}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "ourdesk:main/timer-4711/3",
    "source": "/connectors/ourdesk/main",
    "type": "everyminute.ticket_timer.interval.v1",
    "datacontenttype": "application/json",
    "data": DATA,
}
FAULT: dict[str, Any] = {
    "type": "about:blank",
    "title": "A field has the wrong type, or a required field is missing.",
    "status": 422,
    "detail": "Saw Object missing required field `kind` - at `$.data`; expected a CloudEvent 1.0 with the canonical "
    "event in data.",
    "remedy": "Correct it at the source and send the event again.",
}
ACCEPTED: dict[str, Any] = {"status": "accepted", "id": "8f0c6c1e-9f5e-5d0c-8a5e-3a1d3c2b1a00",
                            "activity_id": "timer-4711"}  # fmt: skip


def failed(description: str, **headers: str) -> dict[str, Any]:
    """An error of the interface. ``headers``: name (with _ for -) and what it says."""
    found: dict[str, Any] = {
        "description": description,
        "content": {MEDIA: {"schema": {"$ref": f"{SCHEMAS}{Problem.__name__}"}}},
    }
    if headers:
        found["headers"] = {
            name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
            for name, text in headers.items()
        }
    return found


WAIT = "Seconds to wait."
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: failed("No token, or one that is not valid.", WWW_Authenticate="Bearer"),
    403: failed("The token lacks the scope."),
    408: failed("The body did not come in time."),
    413: failed("Too large. Nothing of it is stored."),
    415: failed("Another content type, or a packed body."),
    429: failed("Too much at once, or too many wrong tokens.", Retry_After=WAIT),
    503: failed("Kafka did not acknowledge. Some may be stored; sending the same again does no harm.",
                Retry_After=WAIT),
}  # fmt: skip
RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Stored: Kafka has acknowledged with acks=all.",
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"$ref": f"{SCHEMAS}Accepted"}, {"$ref": f"{SCHEMAS}Results"}]},
                "examples": {
                    "one": {"summary": "One event", "value": ACCEPTED},
                    "batch": {"summary": "A batch", "value": {"accepted": 1, "refused": 0, "results": [ACCEPTED]}},
                },
            }
        },
    },
    207: {
        "description": "A batch of which some events are refused; the others are stored.",
        "content": {
            "application/json": {
                "schema": {"$ref": f"{SCHEMAS}Results"},
                "example": {
                    "accepted": 1, "refused": 1, "results": [ACCEPTED, {"status": "refused", "problem": FAULT}],
                },
            }
        },
    },
    400: failed("No JSON, or not UTF-8."),
    422: failed("JSON, but no event of ours: the detail names the field."),
    **REFUSALS,
}  # fmt: skip
RESPONSES[422]["content"][MEDIA]["example"] = FAULT

HEADERS = ("specversion", "id", "source", "type")
BODY: dict[str, Any] = {
    "parameters": [
        {
            "name": f"ce-{name}", "in": "header", "required": False, "schema": {"type": "string"},
            "description": "Attribute of the binary mode (`application/json`), percent-encoded; not read otherwise.",
        }
        for name in HEADERS
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {
                "schema": {"$ref": f"{SCHEMAS}CloudEvent"},
                "examples": {"timer": {"summary": "A timer that ran", "value": EVENT}},
            },
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "items": {"$ref": f"{SCHEMAS}CloudEvent"}, "maxItems": 1000},
                "examples": {"one": {"summary": "A batch of one", "value": [EVENT]}},
            },
            "application/json": {
                "schema": {"$ref": f"{SCHEMAS}Event"},
                "examples": {"timer": {"summary": "Binary mode: the data alone", "value": DATA}},
            },
        },
    },
}  # fmt: skip
