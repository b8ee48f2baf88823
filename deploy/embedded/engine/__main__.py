"""Command line: `python -m deploy.embedded.engine --dir DIRECTORY --port PORT`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from aiohttp import web

from deploy.embedded.engine.access import Accounts
from deploy.embedded.engine.config import MIB, Layout
from deploy.embedded.engine.errors import EngineError
from deploy.embedded.engine.faults import Faults
from deploy.embedded.engine.lock import DirectoryInUseError, DirectoryLock
from deploy.embedded.engine.native import Engine
from deploy.embedded.engine.server import Server

_HOST = "127.0.0.1"
_GRACE_S = 10.0
_KEEP_ALIVE_S = 600.0
_LONGEST_URL = 1024 * 1024


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded.engine", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="directory of the data; made if missing")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--password-file", type=Path, help="password of the user default (otherwise empty)")
    parser.add_argument("--readonly-password-file", type=Path, help="password of the user reader (otherwise off)")
    parser.add_argument("--memory-limit-mb", type=int, default=1024, help="memory of the engine, in MiB")
    parser.add_argument("--no-fsync", action="store_true", help="acknowledge inserts before they are on disk")
    parser.add_argument("--test-faults", action="store_true", help="accept planted faults; for tests only")
    return parser.parse_args(argv)


async def _serve(options: argparse.Namespace, engine: Engine) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    accounts = Accounts(options.password_file, options.readonly_password_file)
    server = Server(engine, accounts, Faults() if options.test_faults else None)
    runner = web.AppRunner(
        server.application(),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=_KEEP_ALIVE_S,
        max_line_size=_LONGEST_URL,
        max_field_size=_LONGEST_URL,
        shutdown_timeout=_GRACE_S,
    )
    await runner.setup()
    site = web.TCPSite(runner, _HOST, options.port)
    await site.start()
    port = runner.addresses[0][1]
    print(f"listening on {_HOST}:{port}", flush=True)
    await stop.wait()
    server.cut_streams()
    await runner.cleanup()
    await server.close()


def main(argv: list[str] | None = None) -> int:
    """Run the engine until SIGTERM; returns the exit code (1: the directory or the port cannot be had)."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    options = _arguments(argv)
    options.dir.mkdir(parents=True, exist_ok=True)
    layout = Layout(options.dir.resolve())
    lock = DirectoryLock(layout.root)
    try:
        lock.acquire()
        layout.prepare(options.memory_limit_mb * MIB, fsync=not options.no_fsync)
        os.environ.update(TZ="UTC", TMPDIR=str(layout.tmp))
        time.tzset()
        tempfile.tempdir = str(layout.tmp)
        engine = Engine(layout.data, layout.config)
        asyncio.run(_serve(options, engine))
        engine.close()
    except (DirectoryInUseError, OSError, EngineError) as error:
        print(f"The engine cannot run: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        lock.release()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a statement that outlived the grace period must not hold the process
