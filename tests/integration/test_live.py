"""MeshCentral and Tactical RMM read live, by real processes that are killed: the ledger of the imported files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.live.mesh_server import NOW, PASSWORD, USER, MeshServer, session
from tests.connectors.live.tactical_server import KEY, TacticalServer
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import ROOT, Pipeline, wait_for
from tests.integration.rows import assert_same

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

CATALOGUE = ROOT / "examples" / "catalogue"


@contextmanager
def service(pipeline: Pipeline, connector: str) -> Iterator[subprocess.Popen[bytes]]:
    """`jobs.live_run` as `up` starts it; killed in the end, wherever it is."""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("EVERYMINUTE_")}
    environment |= {f"EVERYMINUTE_{key.upper()}": text for key, text in pipeline.environment().items()}
    with pipeline.log_file(f"live-{connector}").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs.live_run", connector, "main"],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def add(pipeline: Pipeline, connector: str, url: str, secret: str, *more: str) -> None:
    file = pipeline.settings.home / "secret.txt"
    file.write_text(secret)
    ran = pipeline.run("live", "add", connector, "main", "--url", url, "--secret-file", file, *more)
    assert ran.code == 0, ran.err


def sessions(pipeline: Pipeline) -> int:
    return sum(pipeline.ends("events.session").values())


def as_files(pipeline: Pipeline, folder: Path, mesh: MeshServer, tactical: TacticalServer) -> None:
    """What both servers know, exported and imported."""
    answers: dict[str, list[Any]] = {
        "meshcentral": [{"action": "events", "events": mesh.events[::-1]}, {"action": "nodes", "nodes": mesh.nodes}],
        "tacticalrmm": [tactical.runs, tactical.agents],
    }
    for connector, files in answers.items():
        for number, answer in enumerate(files):
            path = folder / f"{connector}{number}.json"
            path.write_text(json.dumps(answer))
            ran = pipeline.run("import", connector, path, "--as-of", "2026-03-02T18:00Z")
            assert ran.code == 0, ran.err


def test_the_ledger_of_live_tools_is_that_of_their_files(kafka: str, engine: EngineProcess, tmp_path: Path) -> None:
    with MeshServer() as mesh, TacticalServer() as tactical:
        with Pipeline(kafka, engine, tmp_path / "live") as pipeline:
            pipeline.start_all()
            assert pipeline.run("catalog", "apply", CATALOGUE).code == 0
            add(pipeline, "meshcentral", mesh.url, PASSWORD, "--user", USER)
            add(pipeline, "tacticalrmm", tactical.url, KEY)
            with service(pipeline, "meshcentral"):
                wait_for(lambda: sessions(pipeline) >= 5, "the history is in Kafka")
                mesh.happen(*session(1, NOW - 3_600_000, 900))
                wait_for(lambda: sessions(pipeline) >= 7, "what was pushed is in Kafka")
            mesh.happen(*session(2, NOW - 1_800_000, 600))
            polled = pipeline.run("poll", "tacticalrmm", "--format", "json")
            assert polled.json()["sent"] == {"events": 3, "directory": len(tactical.agents), "parked": 0}
            assert pipeline.run("poll", "tacticalrmm", "--format", "json").json()["sent"]["events"] == 0
            with service(pipeline, "meshcentral") as running:
                wait_for(lambda: status(pipeline)["state"] == "live", "what happened while it was dead is read")
                assert pipeline.run("poll", "meshcentral").code == 3, "one process at a time"
                assert status(pipeline)["pid"] == running.pid
                running.terminate()
                assert running.wait(20) == 0
            assert status(pipeline)["state"] == "stopped"
            pipeline.settle()
            found, digest = pipeline.contents(), pipeline.ledger_hash()
        with Pipeline(kafka, engine, tmp_path / "files") as pipeline:
            pipeline.start_all()
            assert pipeline.run("catalog", "apply", CATALOGUE).code == 0
            as_files(pipeline, tmp_path, mesh, tactical)
            pipeline.settle()
            assert_same(found, pipeline.contents())
            assert len(found["entries_live"]) >= 4
            assert digest == pipeline.ledger_hash()


def status(pipeline: Pipeline) -> dict[str, Any]:
    rows: list[dict[str, Any]] = pipeline.run("live", "list", "--format", "json").json()
    return next(row for row in rows if row["connector"] == "meshcentral")
