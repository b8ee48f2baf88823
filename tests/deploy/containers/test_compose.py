"""The compose file and the image, read and not run: there is no Docker on every machine that runs the tests.

`compose_spec.json` is the JSON Schema of the Compose Specification, as docker-compose 1.29.2 ships it (Apache-2.0).
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy import healthy, readers
from streams.settings import Settings
from tests import containers

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("everyminute:")}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
ONCE = ("topics", "migrate")
BESIDE_SETTINGS = {"EVERYMINUTE_READER_PASSWORD_FILE"}  # of deploy/readers.py


def test_it_obeys_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "compose_spec.json").read_text())
    jsonschema.validate({name: part for name, part in COMPOSE.items() if name != "name"}, schema)  # younger than it


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    command = OURS[name]["command"]
    text = " ".join(command) if command[0] != "sh" else command[2]
    modules = re.findall(r"python -m ([\w.]+)", text)
    modules += re.findall(r"python -m ([\w.]+)", " ".join(OURS[name].get("healthcheck", {}).get("test", [])))
    assert modules or text == "everyminute topics"
    assert [one for one in modules if importlib.util.find_spec(one) is None] == []
    if text.startswith("everyminute"):
        ran = subprocess.run([sys.executable, "-m", "jobs", "topics", "-h"], cwd=ROOT, capture_output=True, check=False)
        assert ran.returncode == 0


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    known = {f"EVERYMINUTE_{field.upper()}" for field in Settings.model_fields}
    asked = set(OURS[name]["environment"]) - BESIDE_SETTINGS
    assert {one.removesuffix("_FILE") for one in asked} <= known
    secret = [one for one in asked if "PASSWORD" in one and not one.endswith("_FILE")]
    assert not secret, "secrets come by file"


def test_settings_read_what_the_compose_file_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, service in OURS.items():
        for variable, text in service["environment"].items():
            if variable.endswith("_FILE"):
                file = tmp_path / Path(text).name
                file.write_text("s3cret\n")
                monkeypatch.setenv(variable, str(file))
            else:
                monkeypatch.setenv(variable, re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text))
        settings = Settings()
        assert settings.clickhouse_password.get_secret_value() == "s3cret", name
        assert (settings.kafka, settings.partitions) == ("kafka:9092", 12)


def test_every_referenced_file_volume_and_secret_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
            assert there, source
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        named = re.findall(r"/run/secrets/(\w+)", json.dumps(service))
        assert set(named) <= set(service.get("secrets", []))
    provisioned = (ROOT / "deploy/grafana/provisioning/datasources/everyminute.yaml").read_text()
    assert set(re.findall(r"/run/secrets/(\w+)", provisioned)) <= set(SERVICES["grafana"]["secrets"])
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_images_are_pinned() -> None:
    images = [one["image"] for one in SERVICES.values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(re.fullmatch(r"[\w./-]+:\d[\w.-]*(@sha256:[0-9a-f]{64})?", one) for one in images), images


def test_kafka_is_the_version_that_is_tested() -> None:
    lock = json.loads((ROOT / "deploy/embedded/kafka.lock.json").read_text())
    assert SERVICES["kafka"]["image"].split(":")[1] in json.dumps(lock)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_limited_and_watched_and_comes_back(name: str) -> None:
    one = SERVICES[name]
    assert one["deploy"]["resources"]["limits"]["memory"]
    assert one["restart"] == ("no" if name in ONCE else "unless-stopped")
    assert "healthcheck" in one or name in ONCE
    assert "no-new-privileges:true" in one["security_opt"]
    assert "container_name" not in one, "so that it scales"
    for published in one.get("ports", []):
        assert published.startswith("127.0.0.1:"), "a proxy speaks TLS in front of it"


def test_whoever_needs_tables_or_topics_waits_for_them() -> None:
    for name, one in OURS.items():
        if name not in ONCE:
            assert set(one["depends_on"]) == set(ONCE)
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}


def test_the_image_holds_every_package_and_runs_as_nobody_special() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    copied = set(re.findall(r"^COPY (\w+) \./\1$", DOCKERFILE, re.MULTILINE))
    assert copied == set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    last = DOCKERFILE.split("FROM ")[-1]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert DOCKERFILE.count("\nFROM ") == 2 - DOCKERFILE.startswith("FROM ")
    assert f"uv=={re.search(r'UV_VERSION := (.*)', (ROOT / 'Makefile').read_text())[1]}" in DOCKERFILE  # type: ignore[index]


def test_a_secret_comes_from_its_file_and_a_variable_goes_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("by file\n")
    monkeypatch.setenv("EVERYMINUTE_CLICKHOUSE_PASSWORD_FILE", str(file))
    assert Settings().clickhouse_password.get_secret_value() == "by file"
    monkeypatch.setenv("EVERYMINUTE_CLICKHOUSE_PASSWORD", "by variable")
    assert Settings().clickhouse_password.get_secret_value() == "by variable"
    monkeypatch.delenv("EVERYMINUTE_CLICKHOUSE_PASSWORD")
    monkeypatch.setenv("EVERYMINUTE_CLICKHOUSE_PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        Settings()


def test_the_read_only_user_is_made_without_its_password_in_sql() -> None:
    create, alter, grant = readers.statements("everyminute", "s3cret'")
    assert "s3cret" not in create + alter + grant
    assert "readonly = 2" in alter
    assert grant == "GRANT SELECT ON `everyminute`.* TO reader"


def test_a_container_is_healthy_while_its_process_reports(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, web_port=1)
    assert healthy.unhealthy("worker", settings, 100.0) == "no report yet"
    (tmp_path / "run").mkdir()
    report = tmp_path / "run" / "worker-7.json"
    report.write_text(json.dumps({"at": 90.0, "ready": False}))
    assert healthy.unhealthy("worker", settings, 100.0) == "not ready yet"
    report.write_text(json.dumps({"at": 90.0, "ready": True}))
    assert healthy.unhealthy("worker", settings, 100.0) is None
    assert healthy.unhealthy("worker", settings, 200.0) == "no report for 110 s"
    (tmp_path / "run" / "writer.json").write_text(json.dumps({"updated": 99.0}))
    assert healthy.unhealthy("writer", settings, 100.0) is None
    assert "/healthz" in str(healthy.unhealthy("web", settings, 100.0))


def test_without_docker_the_container_tests_say_so(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.containers"], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr.strip()) == (3, containers.NO_DOCKER)


def test_containers_are_the_images_of_the_compose_file() -> None:
    assert containers.image("kafka") == SERVICES["kafka"]["image"]
    told = {name: text for name, text in containers.kafka_environment(1).items() if "LISTENER" not in name}
    same = {name: text for name, text in told.items() if name in SERVICES["kafka"]["environment"]}
    assert {name: SERVICES["kafka"]["environment"][name] for name in same} | {
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093"
    } == same
    assert all((ROOT / suite).exists() for suite in containers.SUITES)


@pytest.mark.containers
@pytest.mark.skipif(not containers.WANTED, reason="make test-containers runs it")
def test_docker_itself_reads_the_compose_file() -> None:
    for command in (["config", "--quiet"], ["build", "web"]):
        subprocess.run(["docker", "compose", *command], cwd=ROOT, check=True, timeout=280)
