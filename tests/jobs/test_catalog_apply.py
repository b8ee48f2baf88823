"""`catalog apply`: what changed becomes the next release, once, and never over somebody else's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from billing.book import CatalogState
from jobs.catalog_apply import plan, read_head, say_difference
from jobs.catalog_load import Catalogue
from jobs.catalog_rules import check
from streams.models.catalog import Release
from streams.models.fact import Fact
from streams.settings import Settings
from streams.topics import provision
from tests.jobs.command import everyminute
from tests.kafka_fixture import kafka, topic_prefix

__all__ = ["kafka", "topic_prefix"]

TEXT = """
organisation: {currency: USD}
clients: [{id: acme}, {id: blue}]
rate_cards: [{id: standard, lines: [{service: "*", rate: 100}]}]
contracts: [{id: a, client: acme}, {id: b, client: blue}]
"""


def catalogue(folder: Path, text: str = TEXT) -> Catalogue:
    (folder / "catalogue.yaml").write_text(text)
    return check([folder])


def applied(log: list[Fact], whole: Catalogue) -> list[Fact]:
    return [*log, *plan(read_head(log), whole, "main")[1]]


def test_the_first_release_holds_everything(tmp_path: Path) -> None:
    differences, facts = plan(read_head([]), catalogue(tmp_path), "main", note="first")
    assert {difference.change for difference in differences} == {"added"}
    assert [fact.kind for fact in facts] == ["object"] * 6 + ["release"]
    release = msgspec.json.decode(facts[-1].body, type=Release)
    assert (release.number, release.predecessor, release.note, len(release.objects)) == (1, "", "first", 6)


def test_nothing_changed_appends_nothing(tmp_path: Path) -> None:
    log = applied([], catalogue(tmp_path))
    assert plan(read_head(log), catalogue(tmp_path), "main") == ([], [])


def test_only_what_changed_is_appended_and_said(tmp_path: Path) -> None:
    log = applied([], catalogue(tmp_path))
    changed = TEXT.replace("rate: 100", "rate: 130").replace(", {id: b, client: blue}", "").replace(", {id: blue}", "")
    differences, facts = plan(read_head(log), catalogue(tmp_path, changed), "main")
    assert [(d.change, d.key) for d in differences] == [
        ("changed", "rate_card/standard"), ("removed", "client/blue"), ("removed", "contract/b"),
    ]  # fmt: skip
    assert "100" in say_difference(differences[0])
    assert "130" in say_difference(differences[0])
    assert [(fact.kind, fact.rev) for fact in facts] == [("object", 2), ("release", 2)]
    head = read_head([*log, *facts])
    assert head.number == 2
    assert sorted(head.objects) == ["client/acme", "contract/a", "organisation/organisation", "rate_card/standard"]


def test_an_apply_that_died_before_its_release_is_done_again(tmp_path: Path) -> None:
    whole = catalogue(tmp_path)
    half = plan(read_head([]), whole, "main")[1][:-1]
    log = applied(half, whole)
    assert read_head(log).number == 1


def test_of_two_that_saw_the_same_head_the_first_in_the_log_holds(tmp_path: Path) -> None:
    log = applied([], catalogue(tmp_path))
    mine = plan(read_head(log), catalogue(tmp_path, TEXT.replace("100", "110")), "main")[1]
    yours = plan(read_head(log), catalogue(tmp_path, TEXT.replace("100", "120")), "main")[1]
    head = read_head([*log, *yours, *mine])
    assert (head.number, head.digest) == (2, yours[-1].digest())
    assert mine[-1].digest() not in head.accepted
    state = CatalogState()  # the kernel reads the same
    for fact in (*log, *yours, *mine):
        state.fold(fact)
    assert state.head == head.digest


@pytest.mark.integration
def test_on_a_real_broker(tmp_path: Path, kafka: str, topic_prefix: str) -> None:
    env = {"kafka": kafka, "topic_prefix": topic_prefix, "partitions": "2"}
    asyncio.run(provision(Settings(kafka=kafka, topic_prefix=topic_prefix, partitions=2)))
    folder = tmp_path / "catalogue"
    folder.mkdir()
    catalogue(folder)
    first = everyminute("catalog", "apply", folder, "--note", "first", **env)
    assert (first.code, first.err.strip()) == (0, "applied as release 1: 6 changes")
    again = everyminute("catalog", "apply", folder, **env)
    assert (again.code, again.out, again.err.strip()) == (0, "", "nothing changed since release 1")
    catalogue(folder, TEXT.replace("rate: 100", "rate: 130"))
    second = everyminute("catalog", "apply", folder, "--format", "json", **env)
    assert second.json()["release"] == 2
    assert [change["object"] for change in second.json()["changes"]] == ["rate_card/standard"]
    other = everyminute("catalog", "apply", folder, "--tenant", "other", **env)
    assert other.err.strip() == "applied as release 1: 6 changes"
    status = everyminute("catalog", "status", "--format", "json", **env)
    assert (status.json()["release"], status.json()["objects"]["clients"]) == (2, 2)
    catalogue(folder, TEXT.replace("rate: 100", "rate: 0"))
    refused = everyminute("catalog", "apply", folder, **env)
    assert refused.code == 1
    assert "bills service `*` at 0" in refused.err
    elsewhere = everyminute("catalog", "status", **(env | {"partitions": "3"}))
    assert (elsewhere.code, "EVERYMINUTE_PARTITIONS=2" in elsewhere.err) == (3, True)
    nowhere = everyminute("catalog", "status", **(env | {"topic_prefix": "absent."}))
    assert (nowhere.code, "everyminute topics" in nowhere.err) == (3, True)
