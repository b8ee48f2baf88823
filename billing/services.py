"""Which service of the catalogue an event's text means."""

from __future__ import annotations

from collections.abc import Mapping

from streams.models.catalog import Service


def fits_service(pattern: str, service: str) -> bool:
    """Exact, or with one trailing ``*``."""
    return service.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == service


def service_of(services: Mapping[str, Service], text: str) -> Service | None:
    """The longest match, an exact one before a pattern of the same length, then the smaller id; None if none fits."""
    best: tuple[int, str] | None = None
    for service in services.values():
        for pattern in service.match or [service.id]:
            if fits_service(pattern, text):
                rank = (-2 * len(pattern) + pattern.endswith("*"), service.id)
                best = rank if best is None else min(best, rank)
    return services[best[1]] if best else None
