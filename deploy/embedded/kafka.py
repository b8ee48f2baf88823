"""Apache Kafka on one machine: one KRaft node, broker and controller in one process, loopback only."""

import asyncio
import base64
import errno
import fcntl
import signal
import subprocess
import time
import uuid
from itertools import pairwise
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.embedded import jars, java, ports
from deploy.embedded.errors import StartError

CHANGE_PORT = (
    "Stop that process, or choose other ports with EVERYMINUTE_KAFKA_PORT and EVERYMINUTE_KAFKA_CONTROLLER_PORT."
)

# Sources of truth are kept: nothing is deleted by age or size unless a topic asks for it. A topic is created
# by `everyminute topics` alone, so that none ever has the wrong number of partitions. A broker back from a crash
# waits until the session of the one before is over: 3 s instead of 9, which nobody else is there to need.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=BROKER://127.0.0.1:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={log_dirs}
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
offsets.retention.minutes=52560000
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.ms=-1
log.retention.bytes=-1
log.segment.bytes=268435456
log.index.size.max.bytes=1048576
message.max.bytes=4194304
replica.fetch.max.bytes=4194304
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
metadata.max.idle.interval.ms=5000
"""

LOG4J = """\
<Configuration status="ERROR" shutdownHook="disable">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
    <Logger name="org.apache.kafka.common.utils.AppInfoParser" level="INFO"/>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
  </Loggers>
</Configuration>
"""


def answers(bootstrap: str, timeout: float = 2.0) -> bool:
    """Whether a broker answers a metadata request within `timeout` seconds."""
    if not ports.is_open(int(bootstrap.rsplit(":", 1)[1])):  # spares aiokafka's log an error for each try
        return False

    async def ask() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(timeout * 1000))
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        finally:
            await admin.close()

    try:
        return asyncio.run(asyncio.wait_for(ask(), timeout))
    except (KafkaError, OSError, TimeoutError):
        return False


class KafkaBroker:
    """One broker with a durable data directory. Killed or stopped, it comes back on the same data."""

    def __init__(self, data_dir: Path, port: int, controller_port: int, log_dir: Path, heap_mb: int = 256) -> None:
        self.data_dir = data_dir
        self.port = port
        self.controller_port = controller_port
        self.log_file = log_dir / "kafka.log"
        self.heap_mb = heap_mb
        self.bootstrap = f"{ports.HOST}:{port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._log_began = 0  # bytes in the log file before this start
        self._config = data_dir / "config"
        self._log_dirs = data_dir / "log"

    @property
    def pid(self) -> int | None:
        """Process id of the running broker."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def prepare(self) -> None:
        """Everything before the process: jars, configuration, formatted storage. Raises StartError."""
        jars.ensure()
        try:
            self._config.mkdir(parents=True, exist_ok=True)
            self._log_dirs.mkdir(exist_ok=True)
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            self._require_unused()
            self._write("log4j2.xml", LOG4J)
            self._write(
                "server.properties",
                PROPERTIES.format(
                    port=self.port,
                    controller_port=self.controller_port,
                    log_dirs=self._log_dirs.absolute(),
                ),
            )
        except OSError as error:
            raise StartError(
                f"Cannot write Kafka's data to {self.data_dir}: {error.strerror or error}.",
                "Free some space there, or choose a folder you can write.",
            ) from error
        if not (self._log_dirs / "meta.properties").exists():
            self._format()

    def argv(self) -> list[str]:
        """The command that runs the broker in the foreground, after `prepare`."""
        return [*self._java(self.heap_mb), "kafka.Kafka", str(self._config / "server.properties")]

    def start(self) -> None:
        """Start the process; does not wait. Raises StartError when it cannot be started."""
        for port in (self.port, self.controller_port):
            ports.require_free(port, "Kafka", CHANGE_PORT)
        self.prepare()
        with self.log_file.open("ab") as log:
            self._log_began = log.tell()
            self._process = subprocess.Popen(
                self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Return once the broker answers. Raises StartError after `timeout` seconds or when it has ended."""
        deadline = time.monotonic() + timeout
        while not answers(self.bootstrap):
            if self.pid is None:
                raise StartError(f"Kafka ended while starting. {self._last_words()}", self._see_log())
            if time.monotonic() > deadline:
                raise StartError(f"Kafka has not answered on {self.bootstrap} in {timeout:.0f} s.", self._see_log())
            time.sleep(0.05)

    def stop(self, timeout: float = 15.0) -> None:
        """Ask the broker to end, wait up to `timeout` seconds, then kill it."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _write(self, name: str, text: str) -> None:
        (self._config / name).write_text(text)

    def _java(self, heap_mb: int) -> list[str]:
        runtime = java.find()
        quiet = ["--sun-misc-unsafe-memory-access=allow"] if runtime.feature >= 23 else []
        return [
            str(runtime.binary),
            "-Xms32m",
            f"-Xmx{heap_mb}m",
            "-Xss512k",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:MinHeapFreeRatio=10",
            "-XX:MaxHeapFreeRatio=30",
            "-Djava.net.preferIPv4Stack=true",
            "-Djdk.nio.maxCachedBufferSize=262144",
            f"-Dlog4j2.configurationFile={self._config / 'log4j2.xml'}",
            "--enable-native-access=ALL-UNNAMED",
            *quiet,
            "-cp",
            jars.classpath(jars.paths()),
        ]

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
        options = ["-t", cluster, "-c", str(self._config / "server.properties")]
        done = subprocess.run(
            [*self._java(64), "kafka.tools.StorageTool", "format", "--ignore-formatted", *options],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StartError(
                f"Kafka could not prepare its storage in {self._log_dirs}: {(done.stderr or done.stdout)[-500:]}",
                f"If {self.data_dir} holds nothing you need, delete it and start again.",
            )

    def _require_unused(self) -> None:
        """Kafka locks its directory only after its controller has written there, which is too late for us."""
        with (self._log_dirs / ".lock").open("ab") as lock:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
                raise StartError(
                    f"Another Kafka runs on the data in {self.data_dir}.",
                    "Stop it first (`everyminute down`), or choose another home with EVERYMINUTE_HOME.",
                ) from error

    def _last_words(self) -> str:
        """The first error since the start: what follows it is its consequence."""
        with self.log_file.open("rb") as log:
            log.seek(self._log_began)
            lines = log.read().decode(errors="replace").splitlines()
        for line, following in pairwise([*lines, ""]):
            if "ERROR" in line or "Error" in line or "Exception" in line:
                return following if "Exception" in following else line
        return lines[-1] if lines else "It wrote nothing."

    def _see_log(self) -> str:
        return f"Its log is {self.log_file}."
