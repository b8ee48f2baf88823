"""HTTP sessions: a handle kept between requests, used by one request at a time, closed when it is not used."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.embedded.engine.errors import SESSION_LOCKED, SESSION_NOT_FOUND, EngineError
from deploy.embedded.engine.native import Handle

_LONGEST = 3600.0


@dataclass
class Session:
    """A kept handle; timeout and expires are in seconds of the event loop's clock."""

    handle: Handle
    timeout: float
    expires: float = 0.0
    busy: bool = False


class Sessions:
    """Sessions by (user, id). Not thread-safe: used from the event loop only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_key: dict[tuple[str, str], Session] = {}

    def enter(self, key: tuple[str, str], timeout: float, must_exist: bool, make: Callable[[], Handle]) -> Session:
        """Take the session for one request, making it if needed.

        Raises EngineError 373 when another request has it, 372 when it must exist and does not.
        """
        self.sweep()
        session = self._by_key.get(key)
        if session is not None and session.busy:
            raise EngineError(SESSION_LOCKED, f"Session {key[1]} is locked by a concurrent client.")
        if session is None:
            if must_exist:
                raise EngineError(SESSION_NOT_FOUND, f"Session {key[1]} not found.")
            session = self._by_key[key] = Session(make(), 0.0)
        session.busy = True
        session.timeout = min(max(timeout, 1.0), _LONGEST)
        return session

    def leave(self, key: tuple[str, str], close: bool) -> None:
        """Give the session back; a wedged handle is dropped, so that the next request gets a fresh one."""
        session = self._by_key[key]
        session.busy = False
        session.expires = self._clock() + session.timeout
        if close or session.handle.wedged:
            del self._by_key[key]
            session.handle.close()

    def sweep(self) -> None:
        """Close the sessions whose time is over."""
        now = self._clock()
        over = [key for key, session in self._by_key.items() if not session.busy and session.expires <= now]
        for key in over:
            self._by_key.pop(key).handle.close()

    def close(self) -> None:
        """Close all of them."""
        for session in self._by_key.values():
            session.handle.close()
        self._by_key.clear()
