"""Signing in, roles, sessions, form tokens and tokens of programs, on a real server. No ledger is needed: where one
is asked for, 503 says that the door was open."""

from __future__ import annotations

import re
import sqlite3
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import httpx
import pytest

from jobs import tokens, users
from jobs.access import Access
from jobs.users import Role
from streams.settings import Settings
from tests.web.conftest import served
from web.sessions import MOST_NAME_HERE

PASSWORD = "correct horse battery"
PUBLIC = "minutes.example.com"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, clickhouse_port=1)


@pytest.fixture
def access(settings: Settings) -> Access:
    return Access(settings)


@pytest.fixture
def site(settings: Settings) -> Iterator[httpx.Client]:
    with served(settings) as address, httpx.Client(base_url=address, trust_env=False, timeout=30) as client:
        yield client


def add(access: Access, name: str, role: Role = "admin", tenant: str = "main") -> None:
    users.add(access, name, role, tenant, name if role == "technician" else "", PASSWORD)


def sign_in(site: httpx.Client, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    origin = {"origin": str(site.base_url).rstrip("/")}
    return site.post("/sign-in", data={"name": name, "password": password} | more, headers=origin)


def csrf(site: httpx.Client) -> str:
    found = re.search(r'name="csrf-token" content="(\w+)"', site.get("/leakage").text)
    assert found is not None
    return found.group(1)


def test_until_there_is_a_user_the_pages_are_open_on_this_machine(site: httpx.Client, access: Access) -> None:
    open_ = site.get("/leakage")
    assert open_.status_code == 503, "let in; only the ledger is missing"
    assert "Single-user mode" in open_.text
    add(access, "dana")
    shut = site.get("/leakage?client=acme")
    assert (shut.status_code, shut.headers["location"]) == (303, "/sign-in?next=%2Fleakage%3Fclient%3Dacme")
    assert site.get("/api/leakage.json").status_code == 401
    assert site.get("/api/leakage.json").headers["www-authenticate"] == "Bearer"


def test_a_public_name_ends_single_user_mode(settings: Settings) -> None:
    public = settings.model_copy(update={"public_hosts": PUBLIC})
    with served(public) as address, httpx.Client(base_url=address, trust_env=False) as site:
        assert site.get("/leakage").status_code == 303
        assert "There is no user yet" in site.get("/sign-in").text
        answer = site.get("/sign-in", headers={"host": PUBLIC})
        assert answer.headers["strict-transport-security"]
        assert site.get("/sign-in", headers={"host": "other.example.com"}).status_code == 421


def test_listening_elsewhere_ends_single_user_mode(settings: Settings) -> None:
    with served(settings.model_copy(update={"web_host": "0.0.0.0"})) as address:
        assert httpx.get(f"{address}/leakage", trust_env=False).status_code == 303


def test_signing_in_and_out(site: httpx.Client, access: Access) -> None:
    add(access, "dana")
    answer = sign_in(site, "Dana", next="/leakage?period=all")
    assert (answer.status_code, answer.headers["location"]) == (303, "/leakage?period=all")
    set_ = answer.headers["set-cookie"].lower()
    assert "httponly" in set_
    assert "samesite=lax" in set_
    assert "secure" not in set_, "this machine's own name is not served over TLS"
    assert site.get("/leakage").status_code == 503
    out = {"origin": str(site.base_url), "x-csrf-token": csrf(site)}
    kept = dict(site.cookies)
    assert site.post("/sign-out", headers=out).status_code == 303
    site.cookies.update(kept)
    assert site.get("/leakage").status_code == 303, "the session ended here, not only in the browser"


def test_over_tls_the_cookie_is_for_this_host_and_tls_only(settings: Settings, access: Access) -> None:
    add(access, "dana")
    with served(settings.model_copy(update={"public_hosts": PUBLIC})) as address:
        headers = {"host": PUBLIC, "origin": f"https://{PUBLIC}"}
        form = {"name": "dana", "password": PASSWORD}
        answer = httpx.post(f"{address}/sign-in", data=form, headers=headers, trust_env=False)
        assert answer.headers["set-cookie"].startswith("__Host-everyminute=")
        assert "secure" in answer.headers["set-cookie"].lower()
        headers["origin"] = f"http://{PUBLIC}"
        assert httpx.post(f"{address}/sign-in", data=form, headers=headers, trust_env=False).status_code == 403


def test_a_session_id_is_drawn_at_sign_in_and_hashed_at_rest(
    site: httpx.Client, access: Access, settings: Settings
) -> None:
    add(access, "dana")
    site.cookies.set("everyminute", "chosen-by-somebody-else")
    sign_in(site, "dana")
    first = site.cookies.get("everyminute", domain="127.0.0.1")
    sign_in(site, "dana")
    second = site.cookies.get("everyminute", domain="127.0.0.1")
    assert len({first, second, "chosen-by-somebody-else"}) == 3
    assert len(access.all("SELECT 1 FROM sessions")) == 1, "the one before ended"
    assert first is not None
    held = b"".join(file.read_bytes() for file in access.path.parent.iterdir())
    assert second is not None
    assert second.encode() not in held
    assert PASSWORD.encode() not in held
    assert stat.S_IMODE(access.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("column", "age"), [("used", 12 * 3600), ("created", 168 * 3600)])
def test_a_session_ends_when_idle_and_in_any_case(site: httpx.Client, access: Access, column: str, age: int) -> None:
    add(access, "dana")
    sign_in(site, "dana")
    access.run(f"UPDATE sessions SET {column} = ?", (int(time.time()) - age + 30,))
    assert site.get("/leakage").status_code == 503
    access.run(f"UPDATE sessions SET {column} = ?", (int(time.time()) - age,))
    assert site.get("/leakage").status_code == 303


def test_a_new_password_and_a_removed_user_end_the_sessions(site: httpx.Client, access: Access) -> None:
    add(access, "dana")
    add(access, "lee")
    sign_in(site, "dana")
    users.set_password(access, "dana", PASSWORD + "!")
    assert site.get("/leakage").status_code == 303
    sign_in(site, "dana", PASSWORD + "!")
    assert site.get("/leakage").status_code == 503
    users.remove(access, "dana")
    assert site.get("/leakage").status_code == 303


def test_wrong_passwords_are_counted_before_they_are_checked(site: httpx.Client, access: Access) -> None:
    add(access, "dana")
    for name in ("dana", "nobody"):
        answers = [sign_in(site, name, "wrong password") for _ in range(MOST_NAME_HERE + 1)]
        assert [answer.status_code for answer in answers] == [401] * MOST_NAME_HERE + [429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 900
    assert sign_in(site, "dana").status_code == 429, "even the right one has to wait"
    access.run("UPDATE attempts SET since = since - 900")
    assert sign_in(site, "dana").status_code == 303


def test_an_unknown_name_costs_as_much_as_a_known_one(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    add(access, "dana")
    checked: list[str] = []
    real = users.hasher()

    class Counting:
        def hash(self, password: str) -> str:
            return real.hash(password)

        def verify(self, known: str, password: str) -> bool:
            checked.append(known)
            return real.verify(known, password)

    monkeypatch.setattr(users, "hasher", Counting)
    assert users.checked(access, "dana", "wrong") is None
    assert users.checked(access, "nobody", "wrong") is None
    assert users.checked(access, "nobody", "nobody") is None, "the hash checked instead opens nothing"
    assert len(checked) == 3
    assert checked[0].split("$")[:4] == checked[1].split("$")[:4], "the same work"


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
def test_signing_in_leads_nowhere_else(site: httpx.Client, access: Access, next_: str) -> None:
    add(access, "dana")
    assert sign_in(site, "dana", next=next_).headers["location"] == "/"


ROLES_OF_LEAKAGE: list[tuple[Role, int]] = [("technician", 403), ("analyst", 503), ("finance", 503), ("admin", 503)]


@pytest.mark.parametrize(("role", "status"), ROLES_OF_LEAKAGE)
def test_a_role_opens_what_is_its_own(site: httpx.Client, access: Access, role: Role, status: int) -> None:
    add(access, "dana", role)
    sign_in(site, "dana")
    assert site.get("/leakage").status_code == status
    assert site.get("/api/leakage.json").status_code == status


def test_what_changes_something_needs_the_sessions_own_form_token(site: httpx.Client, access: Access) -> None:
    add(access, "dana")
    sign_in(site, "dana")
    token, origin = csrf(site), str(site.base_url).rstrip("/")
    with httpx.Client(base_url=site.base_url, trust_env=False) as other:
        sign_in(other, "dana")
        foreign = csrf(other)
    assert foreign != token
    refused = [
        {},
        {"origin": origin},
        {"x-csrf-token": token},
        {"x-csrf-token": token, "origin": "https://evil.example"},
        {"x-csrf-token": token, "origin": "null"},
        {"x-csrf-token": token, "sec-fetch-site": "cross-site"},
        {"x-csrf-token": foreign, "origin": origin},
        {"x-csrf-token": "ü", "origin": origin},
    ]
    for headers in refused:
        encoded = httpx.Headers({name.encode(): value.encode() for name, value in headers.items()})
        assert site.post("/sign-out", headers=encoded).status_code == 403, headers
    assert site.post("/sign-out", data={"csrf": token}, headers={"origin": origin}).status_code == 303


def test_a_users_tenant_is_their_own(site: httpx.Client, access: Access) -> None:
    """The tenants that exist are asked of nobody: the ledger does not even answer here."""
    add(access, "dana", tenant="second")
    sign_in(site, "dana")
    assert site.get("/api/leakage.json?tenant=main").status_code in (404, 503)


def test_a_token_opens_what_its_scopes_name(site: httpx.Client, access: Access) -> None:
    reads = tokens.create(access, "reader", "main", ("ledger:read",))
    sends = tokens.create(access, "sender", "main", ("events:write",))
    old = tokens.create(access, "old", "main", ("ledger:read",), expires=int(time.time()))

    def status(token: str, path: str = "/api/leakage.json") -> int:
        return site.get(path, headers={"authorization": f"Bearer {token}"}).status_code

    assert status(reads) == 503
    assert status(reads, "/leakage") == 403, "pages are for people"
    assert status(sends) == 403
    assert status(old) == 401
    for wrong in (reads[:-1], reads[:-1] + "~", "em__", "em_", "x", "x" * 5000, reads.replace("em_", "xx_")):
        assert status(wrong) == 401, wrong
    assert site.get("/api/leakage.json", headers={"authorization": "Basic eA=="}).status_code == 401
    tokens.revoke(access, reads.split("_")[1])
    assert status(reads) == 401, "at once"


def test_a_token_is_hashed_at_rest_and_says_when_it_was_used(site: httpx.Client, access: Access) -> None:
    token = tokens.create(access, "reader", "main", ("ledger:read",))
    assert tokens.tokens(access)[0].used == 0
    site.get("/api/leakage.json", headers={"authorization": f"Bearer {token}"})
    assert abs(tokens.tokens(access)[0].used - time.time()) < 60
    held = b"".join(file.read_bytes() for file in access.path.parent.iterdir())
    assert token.split("_", 2)[2].encode() not in held


def make(home: str, number: int) -> str:
    return tokens.create(Access(Settings(home=Path(home))), f"t{number}", "main", ("ledger:read",))


def test_several_processes_share_the_file(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        made = list(pool.map(make, [str(tmp_path)] * 12, range(12)))
    access = Access(Settings(home=tmp_path))
    assert all(tokens.checked(access, token, int(time.time())) for token in made)
    assert access.one("PRAGMA journal_mode")[0] == "wal"  # type: ignore[index]
    assert access.one("PRAGMA integrity_check")[0] == "ok"  # type: ignore[index]


def test_a_change_is_whole_or_not_at_all(access: Access) -> None:
    add(access, "dana")

    def half() -> None:
        with access.change() as change:
            change.execute("UPDATE users SET tenant = 'other'")
            change.execute("INSERT INTO sessions VALUES (x'00', 'nobody', 0, 0)")

    with pytest.raises(sqlite3.IntegrityError):
        half()
    assert users.accounts(access)[0].tenant == "main"
