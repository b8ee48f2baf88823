"""Run one statement on a handle: prepare its state, refuse what a server refuses, start it. All of it blocks."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field

from deploy.embedded.engine.access import User, check_reader, make_read_only
from deploy.embedded.engine.errors import NOT_IMPLEMENTED, READONLY, SYNTAX_ERROR, EngineError
from deploy.embedded.engine.native import Blocks, Counts, Handle
from deploy.embedded.engine.request import Ask, External
from deploy.embedded.engine.sql import InsertHead, first_word, identifier, names_file, output_format, quote

# Formats whose blocks can be sent one after the other. Any other (JSON, Parquet, Arrow …) has a frame around
# the whole result and is made in memory.
_CHUNKED = {
    "Native", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "RowBinary", "JSONEachRow",
    "JSONLines", "NDJSON", "JSONCompactEachRow",
}  # fmt: skip
_SELECTS = {"SELECT", "WITH", "FROM", "("}


@dataclass
class Outcome:
    """What a statement gives back: blocks in a format (None: the statement has no result), and its counts."""

    fmt: str | None
    blocks: Blocks
    counts: Counts = field(default_factory=Counts)


@dataclass
class Before:
    """State of a session's handle to return to once a request is done."""

    database: str
    settings: dict[str, tuple[str, bool]]


def remember(handle: Handle, ask: Ask) -> Before:
    """Note the values of the settings this request changes, and the current database."""
    names = ", ".join(quote(name) for name in ask.settings) or "''"
    rows, _ = handle.run(
        f"SELECT name, value, changed FROM system.settings WHERE name IN ({names}) "  # noqa: S608  quoted
        "UNION ALL SELECT '', currentDatabase(), 0",
        "JSONCompactEachRow",
    )
    found = {name: (value, bool(changed)) for name, value, changed in map(json.loads, rows.splitlines())}
    return Before(found.pop("")[0], found)


def restore(handle: Handle, before: Before, externals: Iterable[str]) -> None:
    """Undo what a request changed; a handle that cannot be restored counts as wedged and is dropped."""
    try:
        for name in externals:
            handle.run(f"DROP TEMPORARY TABLE IF EXISTS {identifier(name)}")
        for name, (value, changed) in before.settings.items():
            handle.run(f"SET {name} = {quote(value) if changed else 'DEFAULT'}")
        handle.run(f"USE {identifier(before.database)}")
    except EngineError:
        handle.wedged = True


def prepare(handle: Handle, ask: Ask, user: User) -> None:
    """Give the handle this request's database, external tables and settings, and the user's rights."""
    if ask.database:
        handle.run(f"USE {identifier(ask.database)}")
    for table in ask.externals.values():
        _load(handle, table)
    if user.read_only:
        make_read_only(handle)
    if clause := ask.settings_clause():
        handle.run(clause)


def _load(handle: Handle, table: External) -> None:
    name = identifier(table.name)
    handle.run(f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory")
    with tempfile.NamedTemporaryFile(prefix="external-") as file:
        file.write(table.data)
        file.flush()
        handle.run(InsertHead(f"INSERT INTO {name}", "", table.fmt, 0).from_file(file.name))


def _read_only(ask: Ask, user: User) -> bool:
    return user.read_only or ask.read_only_method or ask.settings.get("readonly", "0") != "0"


def check_insert(ask: Ask, user: User) -> None:
    """Refuse an INSERT of a user or a request that may only read, before its data are taken."""
    if _read_only(ask, user):
        raise EngineError(READONLY, f"{user.name}: Cannot execute query in readonly mode.")


def insert(handle: Handle, ask: Ask, user: User, head: InsertHead, path: str) -> Outcome:
    """Store the data that the request's body brought, now in a file.

    By way of a file, because the engine's streaming insert reports success for rows it did not store when a
    block fails as it is written (constraint, too many partitions, materialized view).
    """
    prepare(handle, ask, user)
    _, counts = handle.run(head.from_file(path), params=ask.params)
    return Outcome(None, single(b""), counts)


def start(handle: Handle, ask: Ask, user: User, body: bytes) -> Outcome:
    """Start any other statement; a SELECT has given its first block, so its early errors are raised here."""
    statement = body.decode("utf-8")
    word = first_word(statement)
    if not word or word == ";":
        raise EngineError(SYNTAX_ERROR, "Syntax error: empty query")
    if word == "?":
        raise EngineError(SYNTAX_ERROR, "Syntax error: failed at position 1 (?)")
    kind = handle.classify(statement)
    if kind.statements > 1:
        raise EngineError(SYNTAX_ERROR, "Syntax error (Multi-statements are not allowed)")
    if names_file(statement):
        raise EngineError(NOT_IMPLEMENTED, "INTO OUTFILE and FROM INFILE are features of a client, not of a server")
    if _read_only(ask, user):
        check_reader(handle, statement, ask.params)
    prepare(handle, ask, user)
    fmt = output_format(statement) or ask.default_format
    if kind.read_only and word in _SELECTS and fmt in _CHUNKED:
        counts = Counts()
        blocks = handle.stream(statement, fmt, ask.params, counts)
        if blocks is not None:
            return Outcome(fmt, _started(blocks), counts)
    data, counts = handle.run(statement, fmt, ask.params)
    if not kind.known:  # the engine ran nothing and said nothing: `exit` and the like
        raise EngineError(SYNTAX_ERROR, f"Syntax error: failed at position 1 ({word})")
    return Outcome(fmt if kind.read_only or data else None, single(data), counts)


def single(data: bytes) -> Blocks:
    """A result in one block."""
    yield data


def _started(blocks: Blocks) -> Blocks:
    """The same blocks, the first of them made already."""
    first = next(blocks, b"")
    return _chained(first, blocks)


def _chained(first: bytes, blocks: Blocks) -> Blocks:
    try:
        yield first
        yield from blocks
    finally:
        blocks.close()
