"""A file that MeshCentral exported, from the command that imports it to the commands that show and explain it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.golden import EXAMPLES
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import KILLED, Pipeline, wait_for
from tests.integration.rows import assert_same
from tests.jobs.command import Ran

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

CATALOGUE = Path(__file__).parents[2] / "examples" / "catalogue"
MESH = EXAMPLES / "meshcentral"
GROUP, (NODE,) = next(iter(json.loads((MESH / "nodes_response.json").read_bytes())["nodes"].items()))
LISTED = "2026-03-03T18:00Z"  # when devices were listed
BEFORE = "2026-03-01T18:00Z"
SESSIONS = 300
FIRST = 1_772_460_000_000  # 2026-03-02T14:00Z
DEVICES = (NODE["_id"], "node//on-no-page-of-the-catalogue")


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(message: int, session: str, at: int, technician: str, device: str, *more: Any) -> dict[str, Any]:
    """A relay row as the server's history gives it; ``at`` in ms."""
    return {
        "etype": "relay", "action": "relaylog", "userid": f"user//{technician}", "username": technician,
        "msgid": message, "msgArgs": [session, "198.51.100.20", "203.0.113.7", *more], "msg": "(display text)",
        "protocol": 2, "nodeid": device, "time": iso(at),
    }  # fmt: skip


def history(path: Path) -> Path:
    """Some hundred desktop sessions; of one in twenty the end, of another the start is lost. Newest first."""
    dice, rows, at = random.Random(5), [], FIRST
    for number in range(SESSIONS):
        who, device = dice.choice(("dana.ortiz", "lee.kim")), dice.choices(DEVICES, (9, 1))[0]
        at += dice.randint(60, 5400) * 1000
        seconds = dice.randint(20, 4000)
        if number % 20 != 7:
            rows.append(row(15, f"s{number}", at, who, device))
        if number % 20 != 11:
            rows.append(row(11, f"s{number}", at + seconds * 1000, who, device, seconds))
    path.write_text(json.dumps({"action": "events", "events": rows[::-1]}))
    return path


def nodes(path: Path, group: str) -> Path:
    """A list of devices with the one that only this list knows."""
    path.write_text(json.dumps({"action": "nodes", "nodes": {group: [NODE | {"_id": DEVICES[1], "meshid": group}]}}))
    return path


def bring(pipeline: Pipeline, *files: Path, as_of: str = LISTED) -> dict[str, Any]:
    ran = pipeline.run("import", "meshcentral", *files, "--as-of", as_of, "--format", "json")
    assert ran.code == 0, ran.err
    counts: dict[str, Any] = ran.json()
    assert counts["parked"] == {}
    return counts


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("exports")
    return [MESH / "events_response.json", history(folder / "history.json"), nodes(folder / "nodes.json", GROUP)]


@pytest.fixture(scope="module")
def imported(
    kafka: str, engine: EngineProcess, files: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    """Catalogue and files are in, and the pipeline is at rest."""
    with Pipeline(kafka, engine, tmp_path_factory.mktemp("imported")) as pipeline:
        pipeline.start_all()
        assert pipeline.run("catalog", "apply", CATALOGUE).code == 0
        counts = bring(pipeline, *files)
        assert counts["accepted"] == {"remote_session": 570 + 5}
        assert counts["directory"] == {"device": 1}
        pipeline.settle()
        yield pipeline


def test_usage_adds_up_and_each_entry_explains_itself(imported: Pipeline) -> None:
    usage = imported.run("usage", "--period", "2026-03", "--format", "json").json()
    lines, totals = usage["lines"], usage["totals"]
    everything = {total["currency"]: total for total in totals if total["client"] is None and total["currency"]}
    assert everything
    for currency, total in everything.items():
        mine = [line for line in lines if line["currency"] == currency]
        assert total["lines"] == len(mine)
        assert total["worked_seconds"] == sum(line["worked_seconds"] for line in mine)
    billed = next(line for line in lines if line["disposition"] == "billed")
    explained = imported.run("explain", billed["entry"])
    assert explained.code == 0
    for part in ("Evidence", "Link", "Contract", "Rounding", "Rate", "Sum", "meshcentral:main", billed["client"]):
        assert part in explained.out, explained.out
    detail = imported.run("explain", billed["entry"][:12], "--format", "json").json()
    assert detail["id"] == billed["entry"]
    assert sum(segment["amount"] for segment in detail["segments"]) == detail["amount"]


def test_the_hash_is_that_of_the_ledger(imported: Pipeline) -> None:
    told = imported.run("ledger", "hash", "--format", "json").json()
    assert told["sha256"] == imported.ledger_hash()
    assert told["entries"] == len(imported.contents()["entries_live"]) > SESSIONS // 2


def test_the_same_files_again_and_an_older_list_change_nothing(
    imported: Pipeline, files: list[Path], tmp_path: Path
) -> None:
    before, digest = imported.contents(), imported.ledger_hash()
    bring(imported, *files)
    imported.settle()
    assert_same(imported.contents(), before)
    bring(imported, nodes(tmp_path / "nodes.json", "mesh//elsewhere"), as_of=BEFORE)
    imported.settle()
    assert_same(imported.contents(), before)
    assert imported.ledger_hash() == digest


def test_a_worker_killed_in_the_middle_leads_to_the_same_ledger(
    kafka: str, engine: EngineProcess, imported: Pipeline, files: list[Path], tmp_path: Path
) -> None:
    expected, digest = imported.contents(), imported.ledger_hash()
    with Pipeline(kafka, engine, tmp_path, batch_records=100) as pipeline:
        dying = pipeline.start("worker", crash_at="link.after_outputs:3")
        assert pipeline.run("catalog", "apply", CATALOGUE).code == 0
        bring(pipeline, *files)
        wait_for(lambda: not dying.alive, "the worker was not killed")
        assert dying.popen.returncode == KILLED
        assert pipeline.lag() > 0
        pipeline.start_all()
        pipeline.settle()
        assert_same(pipeline.contents(), expected)
        assert pipeline.ledger_hash() == digest
        told: Ran = pipeline.run("ledger", "hash")
        assert digest in told.out
