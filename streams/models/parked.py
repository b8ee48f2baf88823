"""What could not go on: exact bytes, the reason, and what to do about it."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.models.ids import derived_id

Reason = Literal[
    "not_json", "wrong_shape", "unknown_field", "unknown_schema", "missing_key", "empty_value", "too_large",
    "not_utf8", "instant_out_of_range", "negative_duration", "wrong_tenant", "stop_before_start", "bad_row",
    "refused_by_store", "sealed",
]  # fmt: skip

MEANING: dict[Reason, tuple[str, str]] = {  # what it means, what to do; docs/reasons.md is made from it
    "not_json": ("The record is not JSON.", "Send it again as one CloudEvents JSON object."),
    "wrong_shape": ("A field has the wrong type, or a required field is missing.",
                    "Correct the field that the message names and replay the item with --file."),
    "unknown_field": ("A field that no event has.", "Remove it, or rename it to the field that the message proposes."),
    "unknown_schema": ("The schema number is not one this release knows.",
                       "Update everyminute, or write the record with the schema number that the message names."),
    "missing_key": ("The message has no key, so it belongs to no tenant and no activity.",
                    "Send it again with the key tenant/activity."),
    "empty_value": ("The message has no value. Deleting at the source is said with a `void` event, not with a "
                    "tombstone.", "Send a `void` event for the activity, or nothing."),
    "too_large": ("The record is larger than an event may be (256 KiB).",
                  "Leave out free text and raw payloads; they do not belong into an event."),
    "not_utf8": ("The bytes are not UTF-8.", "Export the file as UTF-8 and import it again."),
    "instant_out_of_range": ("An instant lies before 2000 or after 2100: a clock or a unit (seconds, milliseconds) is "
                             "wrong.", "Correct the instant and replay the item with --file."),
    "negative_duration": ("The activity ends more than two minutes before it starts.",
                          "Correct the times at the source; the next export brings them. Nothing is billed meanwhile."),
    "wrong_tenant": ("The payload names another tenant than the one it arrived for.",
                     "Remove `tenant` from the payload: the credential or the topic decides it."),
    "stop_before_start": ("A stop more than two minutes before the start of the same activity.",
                          "Nothing, if the start still comes: then the item resolves itself. Else correct the clock."),
    "bad_row": ("A row of an imported file cannot be read.",
                "Correct the row in the file that `place` names and import the file again."),
    "refused_by_store": ("ClickHouse refused this row, and only this row.",
                         "This is a defect of ours: report the message. The row is kept and can be replayed."),
    "sealed": ("It concerns work of a closed month that is sealed: its retention is over, its facts were dropped.",
               "Book it by hand in the open month if it must be billed, or make the ledger anew (`rebuild`)."),
}  # fmt: skip


class Parked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One parked item, addressed by ``id``; a versioned row, ``void`` once it is resolved.

    ``key`` and ``value`` are the original bytes. ``saw``, ``expected`` and ``remedy`` speak to the person who
    must fix it. ``place`` is where it came from ("events.session/3@1042", "mesh.json:17").
    ``attempt`` counts replays: parked again after replay n has version 2n+1, resolved by replay n is 2n.
    """

    schema: int = 1
    tenant: str
    id: str
    version: int = 1
    void: bool = False
    reason: Reason
    saw: str = ""
    expected: str = ""
    remedy: str = ""
    topic: str = ""
    place: str = ""
    connector: str = ""
    key: bytes = b""
    value: bytes = b""
    attempt: int = 0


def parked_id(tenant: str, topic: str, key: bytes, value: bytes) -> str:
    """The same bytes on the same topic are the same item, however often they come."""
    return derived_id("parked", tenant, topic, key.hex(), value.hex())


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Parked)


def encode_parked(parked: Parked) -> bytes:
    return _encoder.encode(parked)


def decode_parked(data: bytes) -> Parked:
    return _decoder.decode(data)
