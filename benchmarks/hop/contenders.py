"""Who takes part: how each is started, how far it has come, and what its output says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import orjson

from deploy.embedded import jars

HERE = Path(__file__).parent
LOCK = HERE / "kafka-streams.lock.json"
JAVA_MAIN = "PairHop"

Pair = tuple[str, int]  # session, seconds


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run of one contender happens. Topics are full names; ``folder`` is its own and empty."""

    bootstrap: str
    events: str
    prefix: str
    folder: Path
    classes: Path  # compiled Java, shared

    @property
    def arguments(self) -> list[str]:
        return [self.bootstrap, self.events, f"{self.prefix}pairs", self.prefix + "app", str(self.folder / "state")]


@dataclass(frozen=True, slots=True)
class Contender:
    """``share`` of all events it is given: slow ones are measured on fewer. ``missing`` says why it cannot run, ""
    when it can. ``pairs`` and ``changelog`` are topics without prefix; of a contender with ``changelog`` every event
    leaves one fact there (`streams.changelog`), of the others every pair one record among ``pairs``.
    """

    name: str
    durable: bool
    share: float
    command: Callable[[Place], list[str]]
    missing: Callable[[], str]
    pair: Callable[[bytes], Pair | None]
    pairs: str = "pairs"
    changelog: str = ""
    restores: bool = False  # says "ready" when its state is there, so that this can be timed


def environment(place: Place) -> dict[str, str]:
    """For all contenders the same; only ours reads it."""
    own = {
        "EVERYMINUTE_KAFKA": place.bootstrap, "EVERYMINUTE_PARTITIONS": "1", "EVERYMINUTE_HOME": str(place.folder),
        "EVERYMINUTE_WORKER": "bench", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    return {key: value for key, value in os.environ.items() if not key.startswith("EVERYMINUTE_")} | own


def plain_pair(value: bytes) -> Pair | None:
    found = orjson.loads(value)
    return found["id"], found["end"] - found["start"]


def own_pair(value: bytes) -> Pair | None:
    """A closed interval of link-log; None for one that is still open."""
    body = orjson.loads(value)["body"]
    return (body["id"], sum(end - start for start, end in body["spans"])) if body.get("close") == "stop" else None


def _module(name: str) -> Callable[[Place], list[str]]:
    return lambda place: [sys.executable, "-m", f"benchmarks.hop.{name}", *place.arguments]


def _own(place: Place) -> list[str]:
    return [sys.executable, "-m", "benchmarks.hop.own", place.events, place.prefix]


def _streams(place: Place) -> list[str]:
    java = str(java_home() / "bin" / "java")
    return [java, "-cp", f"{place.classes}{os.pathsep}{_classpath()}", JAVA_MAIN, *place.arguments]


def java_home() -> Path:
    """Of the JDK: JAVA_HOME where it has a javac, else the javac of the path. Raises FileNotFoundError."""
    home = Path(os.environ.get("JAVA_HOME") or "/nowhere")
    if os.access(home / "bin" / "javac", os.X_OK):
        return home
    if (found := shutil.which("javac")) is None:
        raise FileNotFoundError("no javac: install a JDK (17 or newer) or set JAVA_HOME")
    return Path(found).resolve().parents[1]


def compile_java(folder: Path) -> None:
    """PairHop.java into ``folder``; its jars are fetched once."""
    jars.ensure()
    jars.ensure(LOCK)
    javac = str(java_home() / "bin" / "javac")
    subprocess.run([javac, "-cp", _classpath(), "-d", str(folder), str(HERE / f"{JAVA_MAIN}.java")], check=True)


def jars_are_here() -> bool:
    """Whether Kafka Streams runs without a download."""
    return all(path.exists() for path in jars.paths(LOCK))


def _classpath() -> str:
    return jars.classpath([*jars.paths(LOCK), *jars.paths()])


def _no_jdk() -> str:
    try:
        java_home()
    except FileNotFoundError as error:
        return str(error)
    return ""


def _no_package(*names: str) -> Callable[[], str]:
    missing = [name for name in names if find_spec(name) is None]
    return lambda: f"not installed: {', '.join(missing)} (the extra `bench`)" if missing else ""


OURS, STREAMS, FAUST = "everyminute", "Kafka Streams, RocksDB", "stock Faust, Table"

CONTENDERS: Sequence[Contender] = (
    Contender(OURS, True, 1.0, _own, lambda: "", own_pair, pairs="link-log", changelog="pair-facts", restores=True),
    Contender(STREAMS, True, 1.0, _streams, _no_jdk, plain_pair, restores=True),
    Contender("Quix Streams", True, 0.4, _module("quix"), _no_package("quixstreams"), plain_pair),
    Contender("Bytewax", False, 0.6, _module("bytewax_flow"), _no_package("bytewax", "confluent_kafka"), plain_pair),
    Contender(FAUST, True, 0.05, _module("stock_faust"), lambda: "", plain_pair),
)
