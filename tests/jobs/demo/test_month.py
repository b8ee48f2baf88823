"""The demo month as files: the same for everybody, of a believable size, readable by the connectors, and ambiguous."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from connectors import CONNECTORS
from jobs.catalog_rules import check
from jobs.demo.files import Export
from jobs.demo.load import generate, options, source_of
from jobs.demo.measured import measured
from jobs.demo.profiles import PROFILES, UNSEEN
from jobs.demo.truthfile import read_truth
from jobs.demo.world import draw_world
from jobs.import_ import Report, import_file
from tests.jobs.command import everyminute

BROKEN = {
    ("meshcentral-2.json", "bad_row"): 1,
    ("meshcentral-2.json", "instant_out_of_range"): 1,
    ("meshcentral-2.json", "wrong_shape"): 1,
    ("screenconnect-2.csv", "wrong_shape"): 1,
    ("desk.jsonl", "not_json"): 1,
}


@dataclass(frozen=True)
class Month:
    folder: Path
    exports: list[Export]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    folder = tmp_path_factory.mktemp("month")
    return Month(folder, generate(folder, "demo"))


@pytest.fixture(scope="module")
def report(month: Month) -> Report:
    """What the connectors make of every file; nothing is sent."""
    found = Report()
    for export in month.exports:
        source, connector = source_of(export, "demo"), CONNECTORS[export.connector]
        asyncio.run(import_file(month.folder / export.file, connector, source, options(export), found, None))
    return found


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(month: Month, tmp_path: Path) -> None:
    assert everyminute("demo", "files", tmp_path / "again").code == 0
    assert digests(tmp_path / "again") == digests(month.folder)
    generate(tmp_path / "other", "demo", seed=1, tickets=300)
    generate(tmp_path / "third", "demo", seed=2, tickets=300)
    other, third = digests(tmp_path / "other"), digests(tmp_path / "third")
    assert [name for name in other if name.endswith(("json", "csv", "jsonl")) and other[name] == third[name]] == []


def test_a_shop_of_twelve_people_forty_clients_and_three_thousand_tickets(report: Report) -> None:
    world = draw_world(Random(0))
    assert (len(world.technicians), len(world.clients)) == (12, 40)
    assert len({client.id for client in world.clients}) == 40
    assert report.directory == {"ticket": 3000}
    assert 14_000 < report.accepted.total() < 17_000
    assert set(report.accepted) == {"remote_session", "ticket_timer", "script_run"}


def test_every_row_is_read_except_the_five_that_are_broken_on_purpose(report: Report) -> None:
    counted = (report.accepted, report.directory, report.skipped, report.parked)
    assert report.read == sum(counts.total() for counts in counted)
    assert Counter((item.place.split(":")[0], item.reason) for item in report.examples) == BROKEN
    assert report.parked.total() == 5
    assert set(report.skipped) == {"guest", "start_only"}


def test_its_catalogue_holds_and_warns_of_the_client_without_a_contract_alone(month: Month) -> None:
    (warning,) = check([month.folder / "catalogue"]).problems
    assert warning.level == "warning"
    assert "fairview-clinic" in warning.message


@pytest.mark.parametrize("profile", PROFILES)
def test_sessions_find_their_tickets_and_wrong_links_are_rare(profile: str) -> None:
    """A small month; `everyminute demo accuracy` measures whole ones."""
    (found,) = measured(profile, [1], tickets=700)
    accuracy = found.accuracy
    assert accuracy.total.precision > 0.985
    assert accuracy.recall > 0.95


def test_a_quarter_of_the_sessions_and_more_could_mean_two_tickets(month: Month, tmp_path: Path) -> None:
    """Else linking would be shown on cases that anybody could link."""
    sessions = read_truth(month.folder / "truth.json").sessions
    assert len(sessions) > 3500
    assert sum(session.plausible >= 2 for session in sessions) >= len(sessions) / 4
    generate(tmp_path, "demo", seed=1, profile=UNSEEN)
    others = read_truth(tmp_path / "truth.json").sessions
    assert sum(session.plausible >= 2 for session in others) >= len(others) / 4
    assert 0.05 < sum(session.ticket is None for session in sessions) / len(sessions) < 0.20
