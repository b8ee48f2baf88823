"""`simulate --what-if`: the difference in money that another catalogue makes, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import orjson

from tests.jobs.command import everyminute

STORY = """
catalogue:
  organisation: {zone: UTC}
  clients: [{id: acme}, {id: beta}]
  technicians: [{id: dana}]
  rate_cards: [{id: standard, lines: [{service: "*", rate: 100}]}]
  contracts: [{id: a, client: acme}, {id: b, client: beta}]
events:
  - {timer: t, technician: dana, client: acme, start: 2026-03-03 10:00, stop: "11:30"}
  - {timer: u, technician: dana, client: beta, start: 2026-03-04 10:00, stop: "11:00"}
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_another_rate_for_one_client(tmp_path: Path) -> None:
    story = write(tmp_path, "story.yaml", STORY)
    lines = STORY.split("events:")[0].split("catalogue:\n")[1]
    own = 'rate_cards: [{id: own, client: acme, lines: [{service: "*", rate: 120}]}, '
    dearer = lines.replace("rate_cards: [", own)
    other = write(tmp_path, "catalogue.yaml", dearer)
    ran = everyminute("simulate", story, "--what-if", other, "--format", "json")
    assert ran.code == 0, ran.err
    (change,) = orjson.loads(ran.out)["what_if"]
    assert (change["client"], change["period"], change["currency"]) == ("acme", "2026-03", "USD")
    assert (change["before"]["amount"], change["after"]["amount"]) == ("150.00", "180.00")
    assert (change["difference"], change["rows"]) == ("30.00", 1)


def test_without_a_contract_the_money_is_at_risk(tmp_path: Path) -> None:
    story = write(tmp_path, "story.yaml", STORY)
    other = write(tmp_path, "other.yaml", STORY.replace(", {id: b, client: beta}", ""))
    ran = everyminute("simulate", story, "--what-if", other, "--format", "json")
    (change,) = orjson.loads(ran.out)["what_if"]
    assert (change["client"], change["difference"]) == ("beta", "-100.00")
    assert (change["before"]["risk_amount"], change["after"]["risk_amount"]) == ("0.00", "100.00")


def test_the_same_catalogue_changes_nothing(tmp_path: Path) -> None:
    story = write(tmp_path, "story.yaml", STORY)
    ran = everyminute("simulate", story, "--what-if", story)
    assert (ran.code, ran.out) == (0, "")
    assert "no amount changes" in ran.err


def test_a_catalogue_with_errors_is_refused_with_their_places(tmp_path: Path) -> None:
    story = write(tmp_path, "story.yaml", STORY)
    other = write(tmp_path, "other.yaml", "clients:\n  - {id: acme, zone: Mars/Base}\n")
    ran = everyminute("simulate", story, "--what-if", other)
    assert ran.code == 2
    assert "other.yaml:2:" in ran.err
