"""Loopback ports: which are free, and who holds one that is not."""

import socket
from collections.abc import Iterable
from typing import Any

import psutil

from deploy.embedded.errors import StartError

HOST = "127.0.0.1"


def is_open(port: int, timeout: float = 0.5) -> bool:
    """Whether something accepts connections on the port. `timeout` in seconds."""
    try:
        with socket.create_connection((HOST, port), timeout=timeout):
            return True
    except OSError:
        return False


def is_free(port: int) -> bool:
    """Whether we could listen on the port. A listener on all addresses counts, though BSD lets us bind beside it."""
    if is_open(port):
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free(count: int) -> list[int]:
    """`count` different ports that are free now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def require_free(port: int, name: str, remedy: str) -> None:
    """Raises StartError that names the port and, where the system tells, the process that holds it."""
    if not is_free(port):
        raise StartError(f"Port {port}, which {name} needs, is in use{_by(port)}.", remedy)


def _by(port: int) -> str:
    holder = next((pid for pid in _listeners(port) if pid), None)
    if holder is None:
        return ""
    try:
        return f" by {psutil.Process(holder).name()} (process {holder})"
    except psutil.Error:
        return f" by process {holder}"


def _listeners(port: int) -> list[int | None]:
    try:
        connections = [(c.pid, c) for c in psutil.net_connections("tcp")]
    except psutil.AccessDenied:  # macOS tells all of them only to root
        connections = [(p.pid, c) for p in psutil.process_iter() for c in _of(p)]
    return [pid for pid, c in connections if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port]


def _of(process: psutil.Process) -> Iterable[Any]:
    try:
        return process.net_connections("tcp")
    except psutil.Error:
        return []
