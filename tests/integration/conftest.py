"""One broker, one engine, and one reference run of the demo month for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.engine_fixture import EngineProcess, engine
from tests.integration.month import TENANT, Month, load
from tests.integration.pipeline import Pipeline
from tests.integration.rows import Rows
from tests.kafka_fixture import kafka

__all__ = ["engine", "kafka"]


@dataclass(frozen=True)
class Reference:
    """The demo month, loaded once, in order, by one worker that nobody disturbed. Its processes have stopped."""

    pipeline: Pipeline
    month: Month
    hash: str
    contents: dict[str, Rows]  # by view
    hops: dict[str, Any]  # the counters at rest, by hop


@pytest.fixture(scope="session")
def reference(kafka: str, engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    home = tmp_path_factory.mktemp("reference")
    with Pipeline(kafka, engine, home, TENANT) as pipeline:
        worker, *_ = pipeline.start_all()
        month = load(pipeline, home / "demo")
        pipeline.settle()
        hops = pipeline.counters(worker)
        pipeline.stop_all()
        yield Reference(pipeline, month, pipeline.ledger_hash(), pipeline.contents(), hops)
