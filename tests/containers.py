"""The same tests against servers in containers: ``make test-containers``, where Docker runs.

With EVERYMINUTE_TEST_CONTAINERS=1 the fixtures of Kafka and of the engine start the images of docker-compose.yml
instead of the embedded ones. What plants faults into the embedded engine is skipped there.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
WANTED = os.environ.get("EVERYMINUTE_TEST_CONTAINERS") == "1"
START_SECONDS = 120.0
SUITES = ("tests/integration", "tests/sinks", "tests/jobs/ledger", "tests/web/test_usage.py", "tests/deploy/containers")
NO_DOCKER = (
    "make test-containers needs a running Docker: `docker info` does not answer. `make test` runs the same tests on "
    "the embedded Kafka and engine."
)


def image(service: str) -> str:
    """As docker-compose.yml has it, so that what is tested is what runs."""
    found: str = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service]["image"]
    return found


def docker_runs() -> bool:
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def started(container: Any) -> Any:
    """A container that is gone when this process ends."""
    atexit.register(container.stop)
    return container.start()


def kafka_environment(port: int) -> dict[str, str]:
    """One node; clients reach it under the port of this machine."""
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }


def kafka_bootstrap() -> str:
    """Start Kafka; gives host:port once it answers."""
    from testcontainers.core.container import DockerContainer

    from deploy.embedded import ports
    from deploy.embedded.kafka import answers

    (port,) = ports.free(1)
    made = DockerContainer(image("kafka")).with_bind_ports(9092, port)
    for name, text in kafka_environment(port).items():
        made = made.with_env(name, text)
    started(made)
    until(lambda: answers(f"127.0.0.1:{port}"), "Kafka")
    return f"127.0.0.1:{port}"


def clickhouse_port(reader_password: str) -> int:
    """Start ClickHouse with an open default user and the reader; gives its HTTP port once it answers."""
    import clickhouse_connect
    from testcontainers.core.container import DockerContainer

    from deploy.readers import statements

    made = DockerContainer(image("clickhouse")).with_exposed_ports(8123)
    made = started(
        made.with_env("CLICKHOUSE_SKIP_USER_SETUP", "1").with_env("CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT", "1")
    )
    port = int(made.get_exposed_port(8123))

    def answers() -> bool:
        try:
            client = clickhouse_connect.get_client(host="127.0.0.1", port=port)
        except Exception:
            return False
        for sql in statements("%", reader_password):
            client.command(sql.replace("`%`.*", "*.*"))
        client.close()
        return True

    until(answers, "ClickHouse")
    return port


def until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not answer within {START_SECONDS:.0f} s")
        time.sleep(0.2)


def main() -> int:
    """Exit code of pytest; 3 where Docker does not run."""
    if not docker_runs():
        print(NO_DOCKER, file=sys.stderr)
        return 3
    environment = os.environ | {"EVERYMINUTE_TEST_CONTAINERS": "1"}
    return subprocess.run([sys.executable, "-m", "pytest", *SUITES], cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
