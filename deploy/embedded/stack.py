"""What `everyminute up` runs, in the order in which it starts.

order  name       argv                               ready when                      restarted
10     kafka      java … kafka.Kafka                 it answers a metadata request   yes, `probe`: it answers
10     engine     python -m deploy.embedded.engine   it answers a query              yes, `probe`: it answers
20     migrate    python -m sinks.migrate            it ended with exit code 0       `once`
20     topics     everyminute topics                 it ended with exit code 0       `once`
30     worker-1…  python -m streams.app worker       its partitions are assigned     yes, `probe`: progress
30     writer     python -m sinks.writer             it reads                        yes, `probe`: it is alive
40     clock      python -m streams.app clock        its process runs                yes
40     web        python -m web                      its port answers                yes
40     live-…     python -m jobs.live_run            its process reports             yes, `probe`: it is alive
"""

import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import psutil

from deploy.embedded import ports
from deploy.embedded.component import Component
from deploy.embedded.kafka import CHANGE_PORT, KafkaBroker, answers
from jobs.live import Place, places
from streams.settings import Settings

HANGS = 10.0  # seconds without an answer; twice in a row, and the process is killed
SILENT = 60.0  # seconds after which a run file is no longer believed
NO_PROGRESS = 90.0  # seconds with records waiting and none taken
NOT_READY = 300.0  # seconds until a worker must have its partitions; its recovery can give up silently


def components(settings: Settings) -> list[Component]:
    """The components of one machine. Raises StartError when there is no Java to run Kafka with."""
    workers = [_worker(settings, f"{number}") for number in range(1, settings.workers + 1)]
    return [
        _kafka(settings),
        _engine(settings),
        _migrate(settings),
        _topics(settings),
        *workers,
        _writer(settings),
        _clock(settings),
        _web(settings),
        *[_live(settings, place) for place in places(settings)],
    ]


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What every program of the stack is told; the rest it has from our own environment."""
    return {
        "EVERYMINUTE_HOME": str(settings.home.expanduser()),
        "EVERYMINUTE_KAFKA": settings.kafka,
        "EVERYMINUTE_CLICKHOUSE_HOST": settings.clickhouse_host,
        "EVERYMINUTE_CLICKHOUSE_PORT": str(settings.clickhouse_port),
        "MALLOC_ARENA_MAX": "2",  # fewer heaps a process: half the resident memory of an idle worker
        "MALLOC_TRIM_THRESHOLD_": "131072",  # what a large batch took goes back to the system
        "PYTHONUNBUFFERED": "1",
    } | more


def _kafka(settings: Settings) -> Component:
    home = settings.home.expanduser()
    broker = KafkaBroker(home / "kafka", settings.kafka_port, settings.kafka_controller_port, home / "logs")

    def prepare() -> None:
        ports.require_free(broker.controller_port, "Kafka's controller", CHANGE_PORT)
        broker.prepare()

    def probe() -> str | None:
        return None if answers(broker.bootstrap, HANGS) else f"no answer within {HANGS:.0f} s"

    return Component(
        name="kafka",
        argv=broker.argv(),
        order=10,
        ready=partial(answers, broker.bootstrap),
        port=broker.port,
        port_setting="EVERYMINUTE_KAFKA_PORT",
        probe=probe,
        prepare=prepare,
    )


def _engine(settings: Settings) -> Component:
    port = settings.clickhouse_port
    password = settings.reader_password_file
    url = f"http://127.0.0.1:{port}/?query=SELECT%201"

    def prepare() -> None:
        if not password.exists():
            password.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24))

    def probe() -> str | None:
        return None if _http_answers(url) else f"no answer within {HANGS:.0f} s"

    return Component(
        name="engine",
        order=10,
        port=port,
        port_setting="EVERYMINUTE_CLICKHOUSE_PORT",
        argv=_python(
            "deploy.embedded.engine",
            "--dir",
            str(settings.home.expanduser() / "clickhouse"),
            "--port",
            str(port),
            "--readonly-password-file",
            str(password),
        ),
        env=environment(settings),
        ready=partial(_http_answers, url),
        probe=probe,
        prepare=prepare,
    )


def _migrate(settings: Settings) -> Component:
    return Component(name="migrate", argv=_python("sinks.migrate"), order=20, env=environment(settings), once=True)


def _topics(settings: Settings) -> Component:
    return Component(name="topics", argv=_python("jobs", "topics"), order=20, env=environment(settings), once=True)


def _worker(settings: Settings, name: str) -> Component:
    file = settings.home.expanduser() / "run" / f"worker-{name}.json"
    return Component(
        name=f"worker-{name}",
        argv=_python("streams.app", "worker"),
        order=30,
        env=environment(settings, EVERYMINUTE_WORKER=name),
        prepare=partial(file.unlink, missing_ok=True),
        ready=lambda: bool(_run_file(file).get("ready")),
        probe=partial(_stuck, file),
    )


def _writer(settings: Settings) -> Component:
    file = settings.home.expanduser() / "run" / "writer.json"
    return Component(
        name="writer",
        argv=_python("sinks.writer"),
        order=30,
        env=environment(settings),
        prepare=partial(file.unlink, missing_ok=True),
        ready=lambda: bool(_run_file(file)),
        probe=partial(_stuck, file),
    )


def _clock(settings: Settings) -> Component:
    return Component(name="clock", argv=_python("streams.app", "clock"), order=40, env=environment(settings))


def _web(settings: Settings) -> Component:
    url = f"http://127.0.0.1:{settings.web_port}/healthz"
    return Component(
        name="web",
        argv=_python("web"),
        order=40,
        port=settings.web_port,
        port_setting="EVERYMINUTE_WEB_PORT",
        env=environment(settings),
        ready=partial(_http_answers, url),
        probe=lambda: None if _http_answers(url) else f"no answer within {HANGS:.0f} s",
    )


def _live(settings: Settings, place: Place) -> Component:
    """A tool that is read all the time. It is ready although the tool does not answer: nothing here waits for it."""
    file, target = settings.home.expanduser() / "run" / f"{place.name}.json", place.target()
    return Component(
        name=place.name,
        argv=_python("jobs.live_run", target.connector, target.instance),
        order=40,
        env=environment(settings),
        prepare=partial(file.unlink, missing_ok=True),
        ready=lambda: bool(_run_file(file)),
        probe=partial(_stuck, file),
    )


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _http_answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=HANGS) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _run_file(path: Path) -> dict[str, Any]:
    """The run file of a process that lives; else nothing."""
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return found if psutil.pid_exists(int(found["pid"])) else {}


def _stuck(path: Path) -> str | None:
    """Why a process that reports to ``path`` should be killed: it is silent, or has work and takes none."""
    found = _run_file(path)
    if not found:
        return None  # not yet written; the supervisor sees by itself when the process is gone
    now = time.time()
    last = float(found.get("at", found.get("updated", now)))
    if now - last > SILENT:
        return f"no sign of life for {now - last:.0f} s"
    if found.get("ready") is False and now - float(found["started"]) > NOT_READY:
        return f"not ready after {now - float(found['started']):.0f} s"
    for name, hop in found.get("hops", {}).items():
        if hop["lag"] and now - hop["progress"] > NO_PROGRESS:
            return f"{name}: {hop['lag']} records wait and none was taken for {now - hop['progress']:.0f} s"
    return None
