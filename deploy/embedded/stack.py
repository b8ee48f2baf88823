"""What `everyminute up` runs, in the order in which it starts.

Each entry of `components` has this shape (order: what it waits for):

    order  name       argv                               ready when                      restarted
    10     kafka      java … kafka.Kafka                 it answers a metadata request   yes
    10     engine     python -m deploy.embedded.engine   it answers /ping                yes
    20     migrate    everyminute …                      it ended with exit code 0       `once=True`
    20     topics     everyminute topics                 it ended with exit code 0       `once=True`
    30     worker-1…  everyminute worker                 its partitions are assigned     yes, `probe`: progress
    30     writer     everyminute writer                 its partitions are assigned     yes, `probe`: progress
    30     scheduler  everyminute …                      its process runs                yes
    40     web        everyminute web                    its port answers                yes
"""

from functools import partial

from deploy.embedded import ports
from deploy.embedded.component import Component
from deploy.embedded.kafka import CHANGE_PORT, KafkaBroker, answers
from streams.settings import Settings

HANGS = 10.0    # seconds without an answer; twice in a row, and the broker is killed


def components(settings: Settings) -> list[Component]:
    """The components of one machine. Raises StartError when there is no Java to run Kafka with."""
    return [_kafka(settings)]


def _kafka(settings: Settings) -> Component:
    home = settings.home.expanduser()
    broker = KafkaBroker(
        home / "kafka", settings.kafka_port, settings.kafka_controller_port, home / "logs"
    )

    def prepare() -> None:
        ports.require_free(broker.controller_port, "Kafka's controller", CHANGE_PORT)
        broker.prepare()

    def probe() -> str | None:
        return None if answers(broker.bootstrap, HANGS) else f"no answer within {HANGS:.0f} s"

    return Component(
        name="kafka", argv=broker.argv(), order=10, ready=partial(answers, broker.bootstrap),
        port=broker.port, port_setting="EVERYMINUTE_KAFKA_PORT", probe=probe, prepare=prepare,
    )
