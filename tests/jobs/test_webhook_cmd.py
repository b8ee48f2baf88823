"""`everyminute webhook`, as a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs.cli import build
from jobs.console import UserError


def run(*arguments: str, stdin: str | None = None) -> Result:
    found = CliRunner().invoke(build(), ["webhook", *arguments], input=stdin)
    if isinstance(found.exception, UserError):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERYMINUTE_HOME", str(tmp_path))


def listed() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(run("list", "--format", "json").stdout)
    return found


def test_a_webhook_is_added_listed_rotated_and_removed() -> None:
    drawn = run("add", "standardwebhooks", "bridge")
    assert drawn.stdout.startswith("whsec_")
    assert "/v1/webhooks/standardwebhooks/bridge" in drawn.stderr
    given = run("add", "toggl", "main", "--secret-file", "-", stdin="toggl-secret\n")
    assert given.stdout == "", "a secret of the tool's own is not printed"
    path = run("add", "syncro", "main").stdout.strip()
    assert path.startswith("/v1/webhooks/syncro/main/")
    assert len(path) > 80
    assert [one["scheme"] for one in listed()] == ["standard", "none", "toggl"]
    assert "whsec_" not in run("list").stdout
    run("rotate", "standardwebhooks", "bridge")
    assert listed()[0]["secrets"] == "2"
    run("rotate", "standardwebhooks", "bridge", "--finish")
    assert listed()[0]["secrets"] == "1"
    run("remove", "syncro", "main")
    assert len(listed()) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "nothing", "main"), "choose one of connectwise_psa"),
        (("add", "toggl", "a b"), "letters, digits"),
        (("add", "toggl", "main", "--scheme", "rot13"), "choose one of standard"),
        (("add", "zammad", "main", "--time-unit", "days"), "minutes or hours"),
        (("add", "toggl", "main", "--key-url", "https://x"), "connectwise_psa alone"),
        (("add", "connectwise_psa", "main", "--key-url", "http://10.0.0.1/k"), "whole address"),
        (("add", "standardwebhooks", "x", "--secret-file", "-"), "24 to 64 bytes"),
        (("rotate", "toggl", "main"), "no webhook toggl/main"),
        (("remove", "toggl", "main"), "no webhook toggl/main"),
    ],
)
def test_what_cannot_be_done_says_what_can(arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(UserError, match=says):
        run(*arguments, stdin="whsec_QUJD\n")


def test_a_name_is_taken_once() -> None:
    run("add", "toggl", "main")
    with pytest.raises(UserError, match="already"):
        run("add", "toggl", "main", "--tenant", "second")
