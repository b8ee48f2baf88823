"""schemathesis against the whole interface: a real server, a real broker and a real ledger behind it."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from jobs import tokens, users, webhooks
from jobs.access import Access
from streams.settings import Settings
from streams.topics import TOPICS
from tests.engine_fixture import READER_PASSWORD
from tests.kafka_fixture import create_topics, kafka
from tests.web.conftest import served
from tests.web.seed import entry_id

__all__ = ["kafka"]
pytestmark = pytest.mark.integration

# The signed webhook has no one header that OpenAPI could name: here it is signed by the header of the token.
# What a schema cannot say: an instant from 2000 to 2099, a type that agrees with the data, ce- headers that only one
# content type needs, a tenant and month that exist. And what rejects: 413, and 207 for a part of a batch. The live feed
# of the timers never ends by itself.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 415, 422]
[checks.negative_data_rejection]
expected-statuses = [207, 400, 401, 403, 404, 405, 408, 413, 415, 422]

[[operations]]
include-path = "/v1/webhooks/{{connector}}/{{instance}}"
parameters = {{ "path.connector" = "toggl", "path.instance" = "main" }}
checks.ignored_auth.enabled = false
checks.negative_data_rejection.enabled = false
checks.missing_required_header.enabled = false
[[operations]]
include-path = "/v1/webhooks/{{connector}}/{{instance}}/{{key}}"
parameters = {{ "path.connector" = "syncro", "path.instance" = "main", "path.key" = "{key}" }}
[[operations]]
include-path = "/v1/timers/live"
enabled = false
[[operations]]
include-path = "/api/entry/{{entry_id}}.json"
parameters = {{ "path.entry_id" = "{entry}" }}
"""


@dataclass(frozen=True)
class Site:
    address: str
    token: str
    foreign: str  # a token of the tenant "second"
    config: Path


@pytest.fixture(scope="module")
def site(kafka: str, month: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The seeded ledger with a user of its own, so that nothing is open, and topics of its own."""
    home = tmp_path_factory.mktemp("interface")
    (home / "secrets").mkdir()
    (home / "secrets" / "reader.password").write_text(READER_PASSWORD)
    changed = {"home": home, "kafka": kafka, "topic_prefix": f"s{uuid.uuid4().hex[:8]}.", "partitions": 1}
    settings = month.model_copy(update=changed)
    create_topics(kafka, [settings.topic(topic.name) for topic in TOPICS])
    access = Access(settings)
    users.add(access, "dana", "admin", "main", "dana", "correct horse battery")
    token = tokens.create(access, "schemathesis", "main", tokens.SCOPES, "dana")
    webhooks.add(access, "toggl", "main", "main", "token", token)  # signed by the header that is sent anyway
    key = webhooks.add(access, "syncro", "main", "main", "none", None)
    config = home / "schemathesis.toml"
    config.write_text(CONFIG.format(key=key, entry=entry_id("w1")))
    with served(settings) as address:
        yield Site(address, token, tokens.create(access, "foreign", "second", tokens.SCOPES, "lee"), config)


def test_schemathesis_finds_nothing(site: Site, tmp_path: Path) -> None:
    ran = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(site.config), "run",
            f"{site.address}/openapi.json", "--header", f"Authorization: Bearer {site.token}", "--seed", "7",
            "--max-examples", "12", "--request-timeout", "30", "--phases", "examples,coverage,fuzzing", "--no-color",
        ],
        cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, f"{ran.stdout[-20_000:]}\n{ran.stderr[-2000:]}"
    assert " generated" in ran.stdout


FOREIGN = [
    "/api/entry/{main}.json", "/api/entry/{main}.json?tenant=main", "/api/entry/{short}.json",
    "/api/leakage.json?tenant=main", "/leakage.csv?table=clients&tenant=main",
]  # fmt: skip


@pytest.mark.parametrize("path", FOREIGN)
def test_another_tenants_ids_are_not_there(site: Site, path: str) -> None:
    main = entry_id("w1")
    url = site.address + path.format(main=main, short=main[:13])
    theirs = {"authorization": f"Bearer {site.foreign}"}
    answer = httpx.get(url, headers=theirs, trust_env=False, timeout=60)
    assert answer.status_code == 404
    assert "EUR" not in answer.text
    assert "acme" not in answer.text
    own = httpx.get(url, headers={"authorization": f"Bearer {site.token}"}, trust_env=False, timeout=60)
    assert own.status_code in (200, 307), "there it is, for whom it belongs to"


def test_another_tenants_own_figures_hold_nothing_else(site: Site) -> None:
    theirs = {"authorization": f"Bearer {site.foreign}"}
    found = httpx.get(f"{site.address}/api/leakage.json", headers=theirs, trust_env=False, timeout=60).json()
    assert found["tenant"] == "second"
    assert {one["id"] for one in found["entries"]} <= {entry_id("other")}


def test_every_operation_says_who_may_and_what_goes_wrong(site: Site) -> None:
    found = httpx.get(f"{site.address}/openapi.json", trust_env=False).json()
    assert set(found["components"]["securitySchemes"]) == {"token", "session", "signature"}
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            errors = {status: one for status, one in operation["responses"].items() if status >= "400"}
            assert {"401", "503"} <= set(errors), (method, path)
            for one in errors.values():
                assert list(one["content"]) == ["application/problem+json"], (method, path)
            if not path.startswith("/v1/webhooks/"):
                assert operation["security"], (method, path)
