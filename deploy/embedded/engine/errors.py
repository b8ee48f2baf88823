"""ClickHouse errors: a code, a name, a message, and the HTTP status a server answers with."""

import re

SYNTAX_ERROR, NOT_IMPLEMENTED, READONLY = 62, 48, 164
CANNOT_READ_ALL_DATA, QUERY_IS_TOO_LARGE = 33, 298
QUERY_WITH_SAME_ID, SESSION_NOT_FOUND, SESSION_LOCKED = 216, 372, 373
ACCESS_DENIED, AUTHENTICATION_FAILED, BAD_ARGUMENTS, UNKNOWN, ABORTED = 497, 516, 36, 1002, 236

_NAMES = {
    33: "CANNOT_READ_ALL_DATA",
    36: "BAD_ARGUMENTS",
    48: "NOT_IMPLEMENTED",
    62: "SYNTAX_ERROR",
    164: "READONLY",
    298: "QUERY_IS_TOO_LARGE",
    372: "SESSION_NOT_FOUND",
    373: "SESSION_IS_LOCKED",
    497: "ACCESS_DENIED",
    516: "AUTHENTICATION_FAILED",
}

# The table of a ClickHouse server (exceptionCodeToHTTPStatus); every other code is 500.
_STATUS = {
    **dict.fromkeys((192, 193, 497, 516), 403),
    **dict.fromkeys((6, 26, 27, 33, 36, 38, 41, 42, 43, 53, 62, 69, 70, 72, 117, 131, 321, 349, 407, 457), 400),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 81, 115, 372), 404),
    48: 501,
    159: 408,
    194: 401,
    203: 503,
    209: 503,
    298: 413,
    439: 503,
}
_ENGINE_MESSAGE = re.compile(r"Code: (\d+)\. ")
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)$")
_VERSION = re.compile(r" \(version [^)]*\)\.?")
_NESTED = re.compile(r"Code: \d+\. DB::Exception: (Code: .*) \([A-Z0-9_]+\)$", re.DOTALL)


class EngineError(Exception):
    """An error the client sees, with ClickHouse's code and name."""

    def __init__(self, code: int, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.name = name or _NAMES.get(code, "UNKNOWN_EXCEPTION")
        self.message = message

    @property
    def status(self) -> int:
        """HTTP status of the response that carries this error."""
        return _STATUS.get(self.code, 500)

    def body(self, version: str) -> str:
        """The response body, in a server's wording: clickhouse-connect reads the name out of it."""
        if self.message.startswith("Code: "):
            return f"{self.message} (version {version})"
        return f"Code: {self.code}. DB::Exception: {self.message} ({self.name}) (version {version})"


def from_engine(text: str) -> EngineError:
    """Read code and name out of the text of an exception raised by the engine (1002 when it has none)."""
    start = text.find("Code: ")
    message = _VERSION.sub("", text[start:] if start >= 0 else text).strip()
    if nested := _NESTED.match(message):
        message = nested.group(1)
    code = _ENGINE_MESSAGE.match(message)
    name = _NAME.search(message)
    return EngineError(int(code.group(1)) if code else UNKNOWN, message, name.group(1) if name else None)
