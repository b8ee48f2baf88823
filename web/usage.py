"""`GET /v1/usage` and `/v1/batches`: what finance pulls, by page or as a file; batches of what is closed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from jobs.exports import batches
from jobs.exports.formats import MEDIA, FileFormat
from jobs.exports.make import Made, file_name, write
from jobs.exports.usage import Page, page, prepare
from jobs.ledger import PERIOD
from jobs.usage import CSV, cells, lines_of_entry, named, state_of
from web.auth import User, require
from web.ledger import Reading
from web.problems import Problem, Refused

MOST_ENTRIES = 5000
Format = Literal["json", "csv", "jsonl", "parquet", "xlsx"]
WAIT_SECONDS = 20.0
router = APIRouter(tags=["usage"])
reader = require("analyst", "finance", scope="usage:read")
maker = require("finance", scope="usage:export")
Reader = Annotated[User, Depends(reader)]
Client = Annotated[str | None, Query(max_length=200, description="Id of one client; all without it.")]
Period = Annotated[str | None, Query(pattern=PERIOD.pattern, description="Month of the client, as 2026-03.")]
Number = Annotated[int, InPath(ge=1, le=2**31, description="Number of the batch.")]
_FILE = {"schema": {"type": "string", "format": "binary"}}
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "Nobody is signed in, and there is no token."},
    403: {"model": Problem, "description": "Signed in, but not for this."},
    422: {"model": Problem, "description": "A parameter cannot be read."},
    503: {"model": Problem, "description": "The ledger does not answer; the message says what to do."},
}
FILES: dict[str, Any] = {kind.partition(";")[0]: _FILE for kind in MEDIA.values()}
FILE: dict[int | str, dict[str, Any]] = {200: {"content": FILES}}
UNREADABLE: dict[int | str, dict[str, Any]] = {400: {"model": Problem, "description": "The body is no JSON."}}
MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is no such batch."}}


class UsagePage(BaseModel):
    """Lines of whole entries, in the order of their identity. The columns: docs/finance.md."""

    tenant: str
    client: str | None
    period: str | None
    state: Literal["draft", "closed"] = Field(description="`closed`: every line of this page is of a closed month.")
    lines: list[dict[str, int | str]] = Field(description=f"Each has {', '.join(CSV)}.")
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class New(BaseModel):
    """What goes into a batch: all that is closed and in none yet."""

    client: str | None = Field(default=None, max_length=200, description="One client only.")
    through: str | None = Field(default=None, pattern=PERIOD.pattern, description="Last month.", examples=["2026-03"])


class StatementOfBatch(BaseModel):
    client: str
    period: str
    close: int = Field(description="Which close of its client it is.")
    hash: str = Field(description="Of the statement, as it was closed.")


class TotalOfLines(BaseModel):
    client: str | None = Field(description="Null: of all clients.")
    currency: str
    lines: int
    worked_seconds: int
    quantity_seconds: int
    amount: str = Field(description="Major units with all decimals, as text.")


class Manifest(BaseModel):
    """The same batch has the same manifest, always."""

    tenant: str
    batch: int
    id: str
    state: Literal["closed"]
    made_by: str
    made_at: str
    layout: int = Field(description="Which columns its files have.")
    statements: list[StatementOfBatch]
    lines: int
    lines_sha256: str = Field(description="Of the lines as JSON Lines.")
    totals: list[TotalOfLines]
    manifest_sha256: str


class Summary(BaseModel):
    batch: int
    id: str
    made_by: str
    made_at: str
    statements: int
    from_: str = Field(alias="from")
    to: str


@router.get("/v1/usage", response_model=UsagePage, responses=FILE | ERRORS)
def usage(
    request: Request, user: Reader, client: Client = None, period: Period = None,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next` of the page before; json only.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES, description="Most entries of a page; json only.")] = 1000,
    format: Annotated[Format, Query(description="`json`: a page; else all lines as a file.")] = "json",
) -> Any:  # fmt: skip
    """Rated lines. A month that is not closed may still change: it is marked `draft` in every line, in the header
    `Everyminute-State`, and in the name of the file."""
    with Reading(request.app.state.settings, user.tenant) as ledger:
        if format != "json":
            kind = FileFormat(format)
            asked = prepare(ledger, client, period)
            return _file(kind, asked.name(kind), asked.state, lambda path: asked.write(kind, path))
        states = batches.states(ledger, client, period)
        found = _page(ledger, client, period, cursor, limit)
    lines = [line for entry in found.entries for line in lines_of_entry(entry)]
    rows = [named(cells(line, state_of(line, states))) for line in lines]
    state = "closed" if rows and all(row["state"] == "closed" for row in rows) else "draft"
    answer = {"tenant": user.tenant, "client": client, "period": period, "state": state, "lines": rows}
    return JSONResponse(answer | {"next": found.next}, headers={"Everyminute-State": state})


def _page(ledger: Reading, client: str | None, period: str | None, cursor: str | None, limit: int) -> Page:
    try:
        return page(ledger, client, period, cursor, limit)
    except ValueError as error:
        raise Refused(422, "This cursor cannot be read", f"{error}.", "Begin again without a cursor.") from None


@router.get("/v1/batches", response_model=list[Summary], responses=ERRORS)
def all_batches(request: Request, user: Reader) -> list[dict[str, Any]]:
    """Every batch, the first one first."""
    with Reading(request.app.state.settings, user.tenant) as ledger:
        return [batches.summary(one) for one in batches.batches(ledger)]


@router.post(
    "/v1/batches", status_code=201, response_model=Manifest,
    responses=ERRORS | UNREADABLE | {409: {"model": Problem, "description": "All that is closed is in a batch."}},
)  # fmt: skip
async def new_batch(request: Request, wanted: New, user: Annotated[User, Depends(maker)]) -> Response:
    """Put everything closed that is in no batch yet into a new one. 201 once the ledger has it. Asked twice, the second
    time answers 409, since nothing is new: so a lost answer does no harm."""
    settings = request.app.state.settings
    fact = await run_in_threadpool(_wanted, settings, user, wanted)
    try:
        await batches.append(settings, fact)
    except (KafkaError, ExceptionGroup, TimeoutError) as error:
        raise Refused(
            503, "Kafka did not acknowledge", f"The batch may be recorded or not: {type(error).__name__}.",
            "Look at GET /v1/batches before you ask again.", headers={"Retry-After": "5"},
        ) from None  # fmt: skip
    return JSONResponse(await run_in_threadpool(_made, settings, user, fact.id), 201)


def _wanted(settings: Any, user: User, wanted: New) -> Any:
    with Reading(settings, user.tenant) as ledger:
        found = batches.unexported(ledger, wanted.client, wanted.through)
        if not found:
            raise _nothing_new()
        return batches.fact_of(ledger.tenant, found, user.name, time.time())


def _made(settings: Any, user: User, id_: str) -> dict[str, Any]:
    with Reading(settings, user.tenant) as ledger:
        one = batches.wait(ledger, id_, WAIT_SECONDS)
        if one is None:
            raise _nothing_new()
        return batches.manifest(ledger.tenant, one, batches.counted(ledger, one))


def _nothing_new() -> Refused:
    return Refused(409, "Nothing is new", "All that is closed is in a batch already.", "GET /v1/batches lists them.")


@router.get("/v1/batches/{number}", response_model=Manifest, responses=ERRORS | MISSING)
def one_batch(request: Request, user: Reader, number: Number) -> dict[str, Any]:
    """The manifest of a batch, counted from its lines anew."""
    with Reading(request.app.state.settings, user.tenant) as ledger:
        one = _batch(ledger, number)
        return batches.manifest(ledger.tenant, one, batches.counted(ledger, one))


@router.get(
    "/v1/batches/{number}/lines", response_class=FileResponse,
    responses=FILE | ERRORS | MISSING,
)  # fmt: skip
def batch_file(request: Request, user: Reader, number: Number, format: FileFormat = FileFormat.csv) -> Response:
    """The lines of a batch. The same batch is the same bytes."""
    with Reading(request.app.state.settings, user.tenant) as ledger:
        one = _batch(ledger, number)
        name = file_name("batch", (ledger.tenant, str(number)), "closed", format)
        return _file(
            format, name, "closed",
            lambda path: write(batches.read(ledger, one), one.states(), format, path, one.notes(ledger.tenant)),
        )  # fmt: skip


def _batch(ledger: Reading, number: int) -> batches.Batch:
    found = [one for one in batches.batches(ledger) if one.number == number]
    if not found:
        raise Refused(404, "No such batch", f"There is no batch {number}.", "GET /v1/batches lists them.")
    return found[0]


def _file(format_: FileFormat, name: str, state: str, make: Callable[[Path], Made]) -> Response:
    """Made whole before its first byte is sent: whoever gets it gets all of it."""
    with tempfile.NamedTemporaryFile(prefix="everyminute-", suffix=f".{format_}", delete=False) as file:
        path = Path(file.name)
    try:
        made = make(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    headers = {
        "Everyminute-State": state, "Everyminute-Sha256": made.sha256,
        "Everyminute-Lines": str(made.lines), "Everyminute-Lines-Sha256": made.lines_sha256,
    }  # fmt: skip
    return FileResponse(
        path, media_type=MEDIA[format_], filename=name, headers=headers, background=BackgroundTask(path.unlink, True)
    )
