"""`everyminute user` and `everyminute token`, as commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs.cli import build
from jobs.console import UserError


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("EVERYMINUTE_HOME", str(tmp_path))

    def runs(*arguments: str, stdin: str | None = None) -> Result:
        found = CliRunner().invoke(build(), arguments, input=stdin)
        if isinstance(found.exception, UserError):
            raise found.exception
        return found

    return runs


def test_users_are_added_listed_and_removed(run) -> None:  # type: ignore[no-untyped-def]
    added = run("user", "add", "dana", "--role", "technician", "--technician", "dana", "--password-file", "-",
                stdin="correct horse battery\n")  # fmt: skip
    assert added.exit_code == 0
    typed = run("user", "add", "lee", "--role", "admin", stdin="correct horse battery\ncorrect horse battery\n")
    assert typed.exit_code == 0
    found = json.loads(run("user", "list", "--format", "json").stdout)
    assert [(one["name"], one["role"], one["tenant"], one["technician"]) for one in found] == [
        ("dana", "technician", "main", "dana"), ("lee", "admin", "main", ""),
    ]  # fmt: skip
    assert "dana" in run("user", "list").stdout
    run("user", "password", "dana", "--password-file", "-", stdin="another horse battery\n")
    run("user", "remove", "dana")
    assert "No user is left" in run("user", "remove", "lee").stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("user", "add", "dana", "--role", "boss"), "choose one of technician"),
        (("user", "add", "dana", "--role", "technician"), "--technician"),
        (("user", "add", "Dana Ortiz", "--role", "admin"), "cannot be used"),
        (("user", "add", "dana", "--role", "admin", "--tenant", "a b"), "--tenant"),
        (("user", "remove", "dana"), "no user dana"),
        (("user", "password", "dana"), "no user dana"),
        (("token", "create", "x", "--scope", "everything"), "choose from events:write"),
        (("token", "create", "x", "--scope", "timers"), "--technician"),
        (("token", "create", "x", "--scope", "usage:read", "--expires", "soon"), "2026-12-31"),
        (("token", "revoke", "0"), "no token 0"),
    ],
)
def test_what_cannot_be_done_says_what_can(run, arguments: tuple[str, ...], says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=says):
        run(*arguments, stdin="correct horse battery\ncorrect horse battery\n")


def test_a_short_password_is_refused(run) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match="12 characters"):
        run("user", "add", "dana", "--role", "admin", "--password-file", "-", stdin="short\n")


def test_a_token_is_printed_once(run) -> None:  # type: ignore[no-untyped-def]
    made = run(
        "token", "create", "bridge", "--scope", "events:write", "--scope", "usage:read", "--expires", "2099-01-01"
    )
    token = made.stdout.strip()
    assert token.startswith("em_")
    listed = run("token", "list", "--format", "json").stdout
    assert token not in listed
    [found] = json.loads(listed)
    assert (found["name"], found["scopes"], found["state"]) == ("bridge", "events:write usage:read", "valid")
    run("token", "revoke", found["id"])
    assert json.loads(run("token", "list", "--format", "json").stdout)[0]["state"] == "revoked"
    assert "bridge" in run("token", "list").stdout
