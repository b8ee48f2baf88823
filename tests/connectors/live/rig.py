"""A live tool under test: a home of its own, a destination that keeps what it gets, and no waiting."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors import CONNECTORS
from connectors.base import Options
from connectors.live.source import Pace, Target
from jobs.import_ import Destination, Report, import_file
from jobs.live import Place, add
from jobs.live_run import Runner
from streams.models.event import Event
from streams.settings import Settings
from tests.connectors.test_import import Kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

QUICK = Pace(first=0.01, longest=0.05, refused=300.0, answer=2.0, ping=0.2, healthy=60.0, jitter=lambda: 1.0)
SECONDS = 20.0  # a deadline, on a machine that does much else


class Rig:
    """``waits`` are the seconds it would have waited; each real wait ends at once, unless it is as long as ``most``:
    then it does not end."""

    def __init__(self, home: Path, pace: Pace = QUICK, most: float = 100.0, **target: Any) -> None:
        self.settings = Settings(home=home, tenant="t")
        secret = target.pop("secret")
        self.place: Place = add(self.settings, Target(**({"tenant": "t", "instance": "one"} | target)), secret)
        self.kept, self.waits, self.pace, self.most = Kept(), list[float](), pace, most
        self.fail: Callable[[], None] = lambda: None

    def runner(self) -> Runner:
        """A process that starts: state from the disk."""
        return Runner(self.place, self.place.tool(self.pace), self._open, self.pace, self._wait)

    async def _open(self, stack: AsyncExitStack) -> Destination:
        self.fail()
        return self.kept

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if seconds >= self.most:
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    def look(self) -> Runner:
        """One look by a new process."""
        runner = self.runner()
        asyncio.run(runner.look(once=True))
        return runner

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Runner]:
        """The service, running; it is cut off at the end."""
        runner = self.runner()
        task = asyncio.create_task(runner.serve())
        try:
            yield runner
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not task.cancelled() and task.exception() is not None:
                raise task.exception() or AssertionError

    @property
    def keys(self) -> list[str]:
        return [event.fact_key() for event in self.kept.events]


async def until(condition: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {SECONDS} s: {what}") from None


def imported(connector: str, *files: Path, as_of: int | None = None) -> Kept:
    """What the file import of the same data sends."""
    kept = Kept()
    options = Options(tenant="t", as_of=as_of)
    for file in files:
        reading = import_file(file, CONNECTORS[connector], f"{connector}:one", options, Report(), kept)
        with pytest.raises(StopIteration):  # it waits for nothing, so it needs no loop of its own
            reading.send(None)
    return kept


def facts(events: Iterable[Event]) -> set[str]:
    return {event.fact_key() for event in events}


def certificate(folder: Path) -> Path:
    """Key and certificate of 127.0.0.1 that nobody vouches for, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    began = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(began).not_valid_after(began + timedelta(days=9)).add_extension(alternatives, False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path
