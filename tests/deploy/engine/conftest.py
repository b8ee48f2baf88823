"""Fixtures of the engine's tests."""

from tests.engine_fixture import database, engine

__all__ = ["database", "engine"]
