"""`catalog init`: a first catalogue from exports; certain things joined, doubts written down, nothing overwritten."""

# ruff: noqa: E501 - rows of exports stay whole lines

from __future__ import annotations

import random
from pathlib import Path

import orjson
import pytest
import yaml

from jobs.catalog_people import Name, name_key, recognise
from jobs.catalog_rules import check
from tests.jobs.command import everyminute

MESH = "mesh//acmegroup"
NODE = "node//n1"
EXPORTS: dict[str, object] = {
    "nodes.json": {"action": "nodes", "nodes": {MESH: [
        {"_id": NODE, "type": "node", "name": "ACME-WS-014", "meshid": MESH}]}},
    "meshes.json": {"action": "meshes", "meshes": [{"_id": MESH, "type": "mesh", "name": "ACME dental"}]},
    "mesh-events.json": {"action": "events", "events": [
        {"etype": "relay", "action": "relaylog", "userid": f"user//{who}", "msgid": 15, "msgArgs": [f"s{n}", "a", "b"],
         "protocol": 2, "nodeid": NODE, "time": "2026-03-02T14:05:12.410Z"}
        for n, who in enumerate(("dana.ortiz", "dana.ortiz___5", "lee"))]},
    "audit.json": {"audit_logs": [
        {"id": 1, "username": "dana.ortiz", "agent": "acme-ws-014", "agent_id": "vQx", "action": "remote_session",
         "entry_time": "2026-03-02T14:05:09Z", "site": {"client": 4, "client_name": "Acme Dental"}}]},
    "timers.json": {"ticket_timers": [
        {"id": 5, "ticket_id": 7, "user_id": 3, "start_time": "2026-03-02T09:03:30-05:00", "end_time": None,
         "updated_at": "2026-03-02T10:00:00-05:00", "billable": True, "active_duration": 0}]},
    "screenconnect.csv":
        "ConnectionID,SessionSessionID,SessionName,SessionSessionType,SessionCustomProperty1,ProcessType,"
        "ParticipantName,ConnectedTime,DisconnectedTime,DurationSeconds\n"
        "c1,sess-1,ACME-WS-014,Access,Acme Dental,Host,dana.ortiz,2026-03-02T14:05:12Z,2026-03-02T14:19:58Z,886\n"
        "c2,sess-2,BLUE-SRV-01,Access,Bluebird Freight,Host,Lee Kim,2026-03-02T14:05:12Z,2026-03-02T14:19:58Z,886\n",
    "toggl.csv":
        "\ufeffUser,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,"
        "Tags,Amount (USD)\n"
        "Dana Ortiz,dana@harborit.example,Acme Dental,,,#48213,Yes,2026-03-02,09:05:12,2026-03-02,09:31:47,00:26:35,,53.17\n"
        "Dana Ortiz,dana@harborit.example,Harbor IT,,,Meeting,No,2026-03-02,13:00:00,2026-03-02,13:30:00,00:30:00,,\n",
}  # fmt: skip


@pytest.fixture
def exports(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "exports"
    folder.mkdir()
    for name, content in EXPORTS.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else orjson.dumps(content))
    return sorted(folder.iterdir())


def load(folder: Path, name: str) -> dict[str, dict[str, object]]:
    section = name.removesuffix(".yaml")
    return {item["id"]: item for item in yaml.safe_load((folder / name).read_text())[section]}


def test_from_every_tool_to_one_catalogue(tmp_path: Path, exports: list[Path]) -> None:
    out = tmp_path / "catalogue"
    ran = everyminute("catalog", "init", *exports, "-o", out, "--zone", "America/New_York")
    assert ran.code == 0, ran.err
    people = load(out, "technicians.yaml")
    assert people["dana-ortiz"]["aliases"] == {
        "meshcentral": ["user//dana.ortiz", "user//dana.ortiz___5"],
        "screenconnect": ["dana.ortiz"],
        "tacticalrmm": ["dana.ortiz"],
        "toggl": ["dana@harborit.example"],
    }
    assert sorted(people) == ["dana-ortiz", "lee", "lee-kim", "syncro-3"]
    devices = load(out, "devices.yaml")
    assert devices["acme-ws-014"]["client"] == "acme-dental"
    assert devices["acme-ws-014"]["aliases"] == {
        "meshcentral": [NODE], "screenconnect": ["sess-1"], "tacticalrmm": ["vQx"],
    }  # fmt: skip
    assert load(out, "clients.yaml")["harbor-it"]["internal"] is True
    text = (out / "technicians.yaml").read_text()
    assert "# confirm: may be lee-kim" in text
    assert "rate: 120.00  # confirm: 1 of 1 billable" in (out / "rates.yaml").read_text()
    assert check([out]).problems == []


def test_the_same_exports_in_any_order_give_the_same_bytes(tmp_path: Path, exports: list[Path]) -> None:
    random.Random(4).shuffle(exports)
    for n, files in enumerate((sorted(exports), exports)):
        assert everyminute("catalog", "init", *files, "-o", tmp_path / f"{n}").code == 0
    for file in (tmp_path / "0").iterdir():
        assert file.read_bytes() == (tmp_path / "1" / file.name).read_bytes()


def test_nothing_is_overwritten(tmp_path: Path, exports: list[Path]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "clients.yaml").write_text("clients: []\n")
    ran = everyminute("catalog", "init", *exports, "-o", tmp_path / "mine")
    assert ran.code == 2
    assert "not empty" in ran.err
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["clients.yaml"]


def test_a_price_nobody_told_is_a_placeholder_that_check_reports(tmp_path: Path, exports: list[Path]) -> None:
    out = tmp_path / "catalogue"
    ran = everyminute("catalog", "init", *(file for file in exports if file.name != "toggl.csv"), "-o", out)
    assert ran.code == 0
    assert "prices only you know" in ran.err
    assert [problem.code for problem in check([out]).problems] == ["rate_of_zero"]


def test_an_unknown_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    ran = everyminute("catalog", "init", tmp_path / "x.csv", "-o", tmp_path / "out")
    assert ran.code == 2
    assert "x.csv is no export we know" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text", ["user//dana.ortiz", "user/harbor/Dana.Ortiz", "dana.ortiz___5", "HARBOR\\Dana_Ortiz", "Ortiz, Dana",
             "dana.ortiz@harborit.example", "Dana  Ortiz"],
)  # fmt: skip
def test_spellings_of_one_name(text: str) -> None:
    assert name_key(text) == ("dana", "ortiz")


def test_two_people_of_one_name_stay_two_and_are_marked() -> None:
    people = recognise([
        Name("a", "dana.ortiz@one.example"), Name("a", "dana.ortiz@two.example"), Name("b", "dana.ortiz"),
    ])  # fmt: skip
    assert [person.id for person in people] == ["dana-ortiz", "dana-ortiz-2", "dana-ortiz-3"]
    assert all(person.doubts for person in people)


def test_initials_and_first_names_are_not_joined() -> None:
    people = recognise([Name("a", "Dana Ortiz"), Name("b", "dortiz"), Name("c", "dana"), Name("d", "sam")])
    assert {person.id: bool(person.doubts) for person in people} == {
        "dana": True, "dana-ortiz": False, "dortiz": True, "sam": True,
    }  # fmt: skip
