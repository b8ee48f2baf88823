"""Kafka's files are fetched once and are the locked ones, or nothing is kept and the reader is told why."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded import jars, ports
from deploy.embedded.errors import StartError

CONTENT = {"broker-1.jar": b"broker" * 50_000, "clients-1.jar": b"clients" * 20_000}


class Mirror(http.server.ThreadingHTTPServer):
    """A Maven mirror whose files the test may change. `answers` holds what to do next, first to last."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(CONTENT)
        self.faults: list[str] = []
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/maven2"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        fault = self.server.faults.pop() if self.server.faults else ""
        content = self.server.files.get(self.path.rsplit("/", 1)[1])
        if fault == "overloaded" or content is None:
            self.send_error(503 if fault else 404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what was asked is in `asked`."""


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mirror]:
    with Mirror() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("EVERYMINUTE_MAVEN_URL", server.url)
        monkeypatch.setenv("EVERYMINUTE_CACHE_DIR", str(tmp_path / "cache"))
        yield server
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    rows = [
        {
            "coordinates": f"org.example.parts:{name.split('-')[0]}:1",
            "file": name,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in CONTENT.items()
    ]
    path = tmp_path / "lock.json"
    path.write_text(json.dumps({"jars": rows}))
    return path


def kept(tmp_path: Path) -> set[str]:
    folder = tmp_path / "cache" / "jars"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_files_are_fetched_once(mirror: Mirror, lock: Path, tmp_path: Path) -> None:
    paths = jars.ensure(lock)
    assert {path.name: path.read_bytes() for path in paths} == CONTENT
    assert sorted(mirror.asked) == [
        "/maven2/org/example/parts/broker/1/broker-1.jar",
        "/maven2/org/example/parts/clients/1/clients-1.jar",
    ]
    assert jars.ensure(lock) == paths
    assert len(mirror.asked) == 2
    assert kept(tmp_path) == set(CONTENT)


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * len(CONTENT["broker-1.jar"])])
def test_a_damaged_file_is_fetched_again(mirror: Mirror, lock: Path, damage: bytes) -> None:
    broken = jars.ensure(lock)[0]
    broken.write_bytes(damage)
    jars.ensure(lock)
    assert broken.read_bytes() == CONTENT["broker-1.jar"]
    assert len(mirror.asked) == 3


def test_another_file_under_the_same_name_is_refused(mirror: Mirror, lock: Path, tmp_path: Path) -> None:
    forged = b"X" + CONTENT["broker-1.jar"][1:]
    mirror.files["broker-1.jar"] = forged
    with pytest.raises(StartError) as told:
        jars.ensure(lock)
    assert "broker-1.jar" in told.value.problem
    assert hashlib.sha256(forged).hexdigest() in told.value.problem
    assert hashlib.sha256(CONTENT["broker-1.jar"]).hexdigest() in told.value.problem
    assert "EVERYMINUTE_MAVEN_URL" in told.value.remedy
    assert told.value.code == 1
    assert kept(tmp_path) <= {"clients-1.jar"}


def test_a_file_the_mirror_lacks_is_named(mirror: Mirror, lock: Path, tmp_path: Path) -> None:
    del mirror.files["clients-1.jar"]
    with pytest.raises(StartError, match=r"clients-1.jar.* answered 404"):
        jars.ensure(lock)
    assert kept(tmp_path) <= {"broker-1.jar"}


@pytest.mark.parametrize("fault", ["overloaded", "cut"])
def test_a_passing_fault_is_tried_again(mirror: Mirror, lock: Path, tmp_path: Path, fault: str) -> None:
    mirror.faults = [fault, fault]
    jars.ensure(lock)
    assert kept(tmp_path) == set(CONTENT)
    assert len(mirror.asked) == 4


def test_a_connection_that_always_breaks_leaves_nothing(mirror: Mirror, lock: Path, tmp_path: Path) -> None:
    mirror.faults = ["cut"] * 20
    with pytest.raises(StartError, match="Could not fetch"):
        jars.ensure(lock)
    assert kept(tmp_path) == set()


def test_offline_says_what_to_do(lock: Path, tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERYMINUTE_MAVEN_URL", f"http://127.0.0.1:{ports.free(1)[0]}")
    with pytest.raises(StartError, match="Could not fetch") as told:
        jars.ensure(lock)
    assert "internet once" in told.value.remedy
    assert kept(tmp_path) == set()


def test_a_cache_that_cannot_be_written_is_named(
    mirror: Mirror, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EVERYMINUTE_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(StartError, match="Cannot write Kafka's files") as told:
        jars.ensure(lock)
    assert "EVERYMINUTE_CACHE_DIR" in told.value.remedy
    assert mirror.asked == []


def test_every_locked_jar_is_pinned() -> None:
    locked = jars.locked()
    assert len({jar.file for jar in locked}) == len(locked) > 20
    for jar in locked:
        assert len(bytes.fromhex(jar.sha256)) == 32
        _, artifact, version = jar.coordinates.split(":")
        assert jar.file == f"{artifact}-{version}.jar"
