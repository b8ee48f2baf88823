"""The real broker under the real supervisor: killed, it comes back; a port in its way is named."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka.errors import TopicAlreadyExistsError

from deploy.embedded import ports, stack
from deploy.embedded.kafka import answers
from deploy.embedded.supervisor import Component, Exit, down, status, up
from streams.settings import Settings
from tests.deploy.supervisor.rig import Rig, replaced, until
from tests.kafka_fixture import create_topics

pytestmark = pytest.mark.integration


def kafka_of(settings: Settings) -> Component:
    return next(component for component in stack.components(settings) if component.name == "kafka")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    port, controller = ports.free(2)
    yield Settings(home=tmp_path / "home", kafka_port=port, kafka_controller_port=controller)
    down(tmp_path / "home", lambda text: None)


def test_a_killed_broker_comes_back_with_its_topics(settings: Settings, rig: Rig) -> None:
    bootstrap = f"127.0.0.1:{settings.kafka_port}"
    rig.run_kafka(settings.kafka_port, settings.kafka_controller_port)
    until(rig.complete)
    create_topics(bootstrap, ["everyminute.entries"])
    first = rig.pid("kafka")
    assert first is not None
    psutil.Process(first).kill()
    until(lambda: replaced(rig, "kafka", first))
    with pytest.raises(TopicAlreadyExistsError):
        create_topics(bootstrap, ["everyminute.entries"])
    assert status(settings.home).rows[0]["restarts"] == 1
    assert down(settings.home, lambda text: None) == Exit.OK
    assert not answers(bootstrap)


def test_a_controller_port_in_use_is_named(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", settings.kafka_controller_port)):
        assert up(settings.home, [kafka_of(settings)]) == Exit.FAILED
    told = capsys.readouterr().err
    assert f"Port {settings.kafka_controller_port}, which Kafka's controller needs, is in use by " in told
    assert f"(process {os.getpid()})" in told
    assert "EVERYMINUTE_KAFKA_CONTROLLER_PORT" in told
    assert status(settings.home).code == Exit.NOT_RUNNING
