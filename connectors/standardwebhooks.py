"""Standard Webhooks 1.0 as a way in for our own CloudEvents: ``data`` is one, or a list of them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import msgspec

from connectors import cloudevents
from connectors.base import Bad, Options, Outcome, Refused


class _Envelope(msgspec.Struct):
    data: msgspec.Raw


def receive(body: bytes, instance: str, options: Options) -> Iterator[Outcome]:
    """``source`` is that of the events: a bridge may speak for several tools."""
    try:
        data = bytes(msgspec.json.decode(body, type=_Envelope).data)
        yield from cloudevents.read(BytesIO(data), instance, options)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Bad("wrong_shape", str(error), "type, timestamp and data") from None
    except Refused:
        raise Bad("wrong_shape", f"data that begins {data[:40]!r}", "a CloudEvent in data, or a list of them") from None
