"""The broker's jars: named and hashed in a lock file, fetched once, verified at every start."""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from deploy.embedded.errors import StartError

LOCK = Path(__file__).with_name("kafka.lock.json")
MAVEN_URL = "https://repo1.maven.org/maven2"
PARALLEL = 6
TRIES = 3


@dataclass(frozen=True)
class Jar:
    """One locked file. `coordinates` are group:artifact:version, `size` is in bytes, `sha256` in hex."""

    coordinates: str
    file: str
    size: int
    sha256: str

    def url(self, base: str) -> str:
        group, artifact, version = self.coordinates.split(":")
        return f"{base.rstrip('/')}/{group.replace('.', '/')}/{artifact}/{version}/{self.file}"

    def is_at(self, path: Path) -> bool:
        """Whether `path` holds exactly this file."""
        try:
            if path.stat().st_size != self.size:
                return False
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == self.sha256
        except (FileNotFoundError, NotADirectoryError):
            return False


def locked(lock: Path = LOCK) -> list[Jar]:
    return [Jar(**row) for row in json.loads(lock.read_text())["jars"]]


def cache_dir() -> Path:
    """Per user; EVERYMINUTE_CACHE_DIR overrides."""
    if own := os.environ.get("EVERYMINUTE_CACHE_DIR"):
        return Path(own).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "everyminute"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "everyminute"


def ensure(lock: Path = LOCK) -> list[Path]:
    """Paths of all locked jars, fetched if missing or damaged. Raises StartError, leaving no partial file."""
    folder = _folder()
    jars = locked(lock)
    missing = [jar for jar in jars if not jar.is_at(folder / jar.file)]
    if missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _fetch_all(missing, folder, os.environ.get("EVERYMINUTE_MAVEN_URL") or MAVEN_URL)
        except OSError as error:
            raise StartError(
                f"Cannot write Kafka's files to {folder}: {error.strerror or error}.",
                "Free some space (60 MB are enough) or set EVERYMINUTE_CACHE_DIR to a folder you can write.",
            ) from error
    return paths(lock)


def paths(lock: Path = LOCK) -> list[Path]:
    """Where the locked jars are once fetched."""
    return [_folder() / jar.file for jar in locked(lock)]


def _folder() -> Path:
    return cache_dir() / "jars"


def _fetch_all(jars: list[Jar], folder: Path, base: str) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        httpx.Client(timeout=30, follow_redirects=True) as client,
        ThreadPoolExecutor(PARALLEL) as pool,
    ):
        task = progress.add_task("Apache Kafka (once)", total=sum(jar.size for jar in jars))
        futures = [pool.submit(_fetch, client, jar, folder, base, progress, task) for jar in jars]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _fetch(client: httpx.Client, jar: Jar, folder: Path, base: str, progress: Progress, task: TaskID) -> None:
    """Fetch one jar to a name of its own, check it, and only then give it its place."""
    url = jar.url(base)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{jar.file}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            _download(client, jar, url, out.fileno(), progress, task)
        if not jar.is_at(part):
            raise _wrong(jar, part, url)
        part.replace(folder / jar.file)
    finally:
        part.unlink(missing_ok=True)


def _download(client: httpx.Client, jar: Jar, url: str, out: int, progress: Progress, task: TaskID) -> None:
    for left in reversed(range(TRIES)):
        os.ftruncate(out, 0)
        os.lseek(out, 0, os.SEEK_SET)
        seen = 0
        try:
            with client.stream("GET", url) as response:
                response.raise_for_status()
                for block in response.iter_bytes(1 << 16):
                    _write(out, block)
                    seen += len(block)
                    progress.advance(task, len(block))
            return
        except httpx.HTTPError as error:
            progress.advance(task, -seen)
            if left == 0 or _is_final(error):
                raise _unreachable(jar, url, error) from error


def _write(out: int, block: bytes) -> None:
    while block:
        block = block[os.write(out, block) :]


def _is_final(error: httpx.HTTPError) -> bool:
    """An answer under 500 stays what it is, however often one asks."""
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500


def _unreachable(jar: Jar, url: str, error: httpx.HTTPError) -> StartError:
    if isinstance(error, httpx.HTTPStatusError):
        seen = f"the server answered {error.response.status_code}"
    else:
        seen = str(error) or type(error).__name__
    return StartError(
        f"Could not fetch {jar.file}, a part of Apache Kafka, from {url}: {seen}.",
        "The first start needs the internet once. Connect and run the command again, or set "
        "EVERYMINUTE_MAVEN_URL to a Maven mirror you can reach. To start a machine without internet, copy "
        f"{cache_dir()} from one that has started before.",
    )


def _wrong(jar: Jar, part: Path, url: str) -> StartError:
    with part.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return StartError(
        f"{jar.file} from {url} is not the file we expect: {part.stat().st_size:,} bytes with SHA-256 "
        f"{digest}, expected {jar.size:,} bytes with SHA-256 {jar.sha256}. It was not kept.",
        "Run the command again. If it stays so, a proxy or mirror changes the file: ask who runs it, or set "
        "EVERYMINUTE_MAVEN_URL to another mirror.",
    )


def classpath(paths: Iterable[Path]) -> str:
    return os.pathsep.join(str(path) for path in paths)
