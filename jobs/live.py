"""Live tools that were added: one folder each under ``home/live``, with its settings, its secret and its cursor."""

from __future__ import annotations

import fcntl
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import msgspec

from connectors.live import state as states
from connectors.live.source import Pace, Target, Tool, Trouble, is_local
from jobs.console import Exit, UserError
from streams.settings import Settings

INSTANCE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
TOOLS = ("meshcentral", "tacticalrmm")
LOCK_SECONDS = 5.0  # an owner that is about to end may take so long


@dataclass(frozen=True)
class Place:
    """The folder of one live tool."""

    folder: Path

    @property
    def name(self) -> str:
        """Of its service, its log and its run file."""
        return f"live-{self.folder.name}"

    @property
    def cursor(self) -> Path:
        return self.folder / "cursor.json"

    def target(self) -> Target:
        return msgspec.json.decode((self.folder / "settings.json").read_bytes(), type=Target)

    @property
    def added(self) -> bool:
        return (self.folder / "settings.json").exists()

    def secret(self) -> str:
        """Raises Trouble where somebody took it away."""
        try:
            return (self.folder / "secret").read_text(encoding="utf-8")
        except OSError as error:
            remedy = "Set it anew: everyminute live secret."
            raise Trouble(
                f"The secret in {self.folder} cannot be read: {error.strerror}.", remedy, refused=True
            ) from None

    def tool(self, pace: Pace | None = None) -> Tool:
        from connectors.live.meshcentral import MeshCentral  # their clients take a while to import
        from connectors.live.tacticalrmm import TacticalRmm

        target = self.target()
        return (MeshCentral if target.connector == "meshcentral" else TacticalRmm)(target, self.secret, pace)

    @contextmanager
    def owned(self) -> Iterator[None]:
        """One process at a time keeps the cursor. Raises UserError."""
        with (self.folder / "lock").open("w") as file:
            give_up = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > give_up:
                        raise UserError(
                            f"{self.folder.name} is being read already, by `everyminute up` or another poll. "
                            "`everyminute status` shows how far it is.",
                            Exit.CANNOT,
                        ) from None
                    time.sleep(0.1)
            yield


def place(settings: Settings, connector: str, instance: str) -> Place:
    return Place(settings.home.expanduser() / "live" / f"{connector}.{instance}")


def places(settings: Settings) -> list[Place]:
    """Those that were added, by name."""
    found = (settings.home.expanduser() / "live").glob("*/settings.json")
    return [Place(path.parent) for path in sorted(found)]


def find(settings: Settings, connector: str, instance: str) -> Place:
    """Raises UserError where it was not added."""
    found = place(settings, connector, instance)
    if not found.added:
        raise UserError(f"There is no live {connector} {instance}. `everyminute live list` shows them.")
    return found


def add(settings: Settings, target: Target, secret: str) -> Place:
    """Raises UserError for what cannot be or is there already."""
    if target.connector not in TOOLS:
        raise UserError(f"{target.connector!r} cannot be read live; choose one of {', '.join(TOOLS)}.")
    if not INSTANCE.fullmatch(target.instance):
        raise UserError(f"The instance {target.instance!r} cannot be used: letters, digits and . _ -, at most 60.")
    if target.connector == "meshcentral" and not target.user:
        raise UserError("MeshCentral needs --user: of the login token (~t:…), or the account of the login key.")
    if target.ca_file and not Path(target.ca_file).is_file():
        raise UserError(f"--ca-file {target.ca_file} is no file.")
    checked = msgspec.structs.replace(target, url=checked_url(target.connector, target.url))
    found = place(settings, target.connector, target.instance)
    if found.added:
        raise UserError(
            f"There is a live {target.connector} {target.instance} already. `everyminute live secret` sets another "
            "secret; to change the rest, remove it and add it again: it goes on where it was."
        )
    found.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    set_secret(found, secret)
    states.replace(found.folder / "settings.json", msgspec.json.format(msgspec.json.encode(checked), indent=1))
    return found


def set_secret(found: Place, secret: str) -> None:
    if not secret.strip():
        raise UserError("The secret is empty: its file must hold it in the first line.")
    states.replace(found.folder / "secret", secret.strip().encode())


def remove(found: Place, forget: bool) -> None:
    """Its cursor stays, so that adding it again goes on where it was; with ``forget`` nothing does."""
    if forget:
        shutil.rmtree(found.folder)
        return
    for name in ("settings.json", "secret"):
        (found.folder / name).unlink(missing_ok=True)


def checked_url(connector: str, url: str) -> str:
    """The whole address. TLS everywhere but on this machine: the secret travels in each request."""
    parts = urlsplit(url)
    secure, plain = ("wss", "ws") if connector == "meshcentral" else ("https", "http")
    scheme = {"https": secure, "http": plain}.get(parts.scheme, parts.scheme)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if scheme not in (secure, plain) or not parts.hostname or port == -1 or parts.fragment:
        raise UserError(f"--url {url!r}: write the whole address, such as {secure}://mesh.example.com.")
    if parts.username or parts.password:
        raise UserError("--url holds a password. Take it out; the secret belongs into --secret-file.")
    if scheme == plain and not is_local(url):
        raise UserError(f"--url {parts.scheme}://… would send the secret readable for everybody: use {secure}://.")
    if parts.query and (connector != "meshcentral" or {name for name, _ in parse_qsl(parts.query)} != {"key"}):
        raise UserError("--url holds a question mark. Only MeshCentral's ?key=… belongs into it.")
    path = parts.path.rstrip("/")
    if connector == "meshcentral" and not path.endswith("/control.ashx"):
        path += "/control.ashx"
    return urlunsplit((scheme, parts.netloc, path, parts.query, ""))
