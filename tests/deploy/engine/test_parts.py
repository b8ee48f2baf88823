"""The parts of the engine's server that need no engine: lexing, codings, sessions, errors."""

import gzip
from typing import Any, cast

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from deploy.embedded.engine import codec, errors
from deploy.embedded.engine.errors import EngineError
from deploy.embedded.engine.sessions import Sessions
from deploy.embedded.engine.sql import (
    InsertHead,
    first_word,
    insert_head,
    names_file,
    output_format,
    quote,
    split_list,
    top_tokens,
)

HEADS = [
    (b"INSERT INTO t FORMAT CSV\n1,2", ("INSERT INTO t ", "", "CSV", b"1,2")),
    (b"INSERT INTO `a`.t (`x`, format) FORMAT Native\n\x00", ("INSERT INTO `a`.t (`x`, format) ", "", "Native", b"\0")),
    (b"INSERT INTO t /* FORMAT X */ SETTINGS a=1, b='FORMAT Y' FORMAT TSV\n;", None),
    (b"insert into format format JSONEachRow {}", ("insert into format ", "", "JSONEachRow", b"{}")),
]  # fmt: skip


@pytest.mark.parametrize(("body", "parts"), HEADS)
def test_the_data_of_an_insert_begin_after_its_format(body: bytes, parts: Any) -> None:
    head = insert_head(body, complete=True)
    assert isinstance(head, InsertHead)
    found = (head.target, head.settings, head.fmt, body[head.data :])
    assert found == (parts or ("INSERT INTO t /* FORMAT X */ ", "SETTINGS a=1, b='FORMAT Y' ", "TSV", b";"))


@pytest.mark.parametrize("body", [b"INSERT INTO t VALUES ('FORMAT CSV')", b"INSERT INTO t SELECT 1", b"SELECT 1"])
def test_other_statements_bring_no_data(body: bytes) -> None:
    assert insert_head(body, complete=True) is False


@pytest.mark.parametrize("cut", range(1, 39))
def test_a_head_cut_anywhere_is_waited_for_or_found_whole(cut: int) -> None:
    body = b"INSERT INTO t (a) FORMAT RowBinary\n\x01\x02\x03"
    head = insert_head(body[:cut], complete=False)
    assert head is None or (isinstance(head, InsertHead) and head.fmt == "RowBinary" and head.data == 35)


def test_the_file_stands_before_the_settings() -> None:
    head = insert_head(b"INSERT INTO t (a) SETTINGS x = 1 FORMAT CSV\n", complete=True)
    assert isinstance(head, InsertHead)
    assert head.from_file("/it's") == "INSERT INTO t (a)  FROM INFILE '/it\\'s' SETTINGS x = 1  FORMAT CSV"


def test_the_output_format_is_the_last_clause_only() -> None:
    assert output_format("SELECT 1 FORMAT JSON") == "JSON"
    assert output_format("SELECT 1 FORMAT CSV SETTINGS max_threads = 1") == "CSV"
    assert output_format("SELECT 1 FORMAT CSV;") == "CSV"
    assert output_format("SELECT format FROM t -- FORMAT JSON") is None
    assert output_format("SELECT 'x FORMAT JSON'") is None


def test_first_words_and_files() -> None:
    assert first_word(" /* c */ -- d\n select 1") == "SELECT"
    assert first_word("-- nothing") == ""
    assert names_file("SELECT 1 INTO /* x */ OUTFILE 'a'")
    assert not names_file("SELECT 'INTO OUTFILE'")
    assert split_list("UInt8, Decimal(18,4),Map(String, String)") == ["UInt8", "Decimal(18,4)", "Map(String, String)"]


@given(st.text())
def test_a_quoted_value_is_one_string_token(value: str) -> None:
    assert [token.kind for token in top_tokens(quote(value))] == ["string"]


@pytest.mark.parametrize("name", ["lz4", "zstd", "gzip", "deflate", "identity"])
@given(pieces=st.lists(st.binary(max_size=300), max_size=5), step=st.integers(1, 50))
def test_what_is_encoded_is_decoded(name: str, pieces: list[bytes], step: int) -> None:
    encoder = codec.encoder(None if name == "identity" else name)
    coded = b"".join([*map(encoder.compress, pieces), encoder.flush()])
    decoder = codec.Decoder(name)
    plain = b"".join(decoder.feed(coded[n : n + step]) for n in range(0, len(coded), step))
    decoder.end()
    assert plain == b"".join(pieces)


@pytest.mark.parametrize(
    ("name", "coded"),
    [("lz4", lz4.frame.compress(b"abc")), ("zstd", zstandard.compress(b"abc")), ("gzip", gzip.compress(b"abc"))],
    ids=["lz4", "zstd", "gzip"],  # the bytes of gzip hold the time
)
def test_frames_follow_one_another_and_a_cut_one_is_refused(name: str, coded: bytes) -> None:
    decoder = codec.Decoder(name)
    assert decoder.feed(coded + coded) == b"abcabc"
    decoder.end()
    decoder.feed(coded[:-3])
    with pytest.raises(EngineError, match="too early"):
        decoder.end()
    with pytest.raises(EngineError, match="decompress"):
        codec.Decoder(name).feed(b"no such coding at all")


def test_the_first_coding_we_know_is_chosen() -> None:
    assert codec.choose("br, lz4;q=1, zstd") == "lz4"
    assert codec.choose("br") is None
    with pytest.raises(EngineError):
        codec.Decoder("br")


class FakeHandle:
    wedged = False
    closed = False

    def close(self) -> None:
        self.closed = True


def test_sessions_expire_lock_and_replace_wedged_handles() -> None:
    now = 0.0
    made: list[FakeHandle] = []

    def make() -> Any:
        made.append(FakeHandle())
        return cast(Any, made[-1])

    sessions = Sessions(lambda: now)
    key = ("default", "a")
    with pytest.raises(EngineError) as missing:
        sessions.enter(key, 10, True, make)
    assert missing.value.code == 372
    sessions.enter(key, 10, False, make)
    with pytest.raises(EngineError) as locked:
        sessions.enter(key, 10, False, make)
    assert locked.value.code == 373
    sessions.leave(key, close=False)
    now = 9.9
    assert sessions.enter(key, 10, True, make).handle is cast(Any, made[0])
    sessions.leave(key, close=False)
    now = 20.0
    sessions.sweep()
    assert made[0].closed
    sessions.enter(key, 10, False, make)
    made[1].wedged = True
    sessions.leave(key, close=False)
    assert made[1].closed
    sessions.enter(key, 10, False, make)
    sessions.leave(key, close=True)
    assert [handle.closed for handle in made] == [True] * 3


def test_code_and_name_are_read_from_the_engines_text() -> None:
    nested = "Code: 164. DB::Exception: Code: 164. DB::Exception: Cannot. (READONLY) (version 26.9.2.1). (READONLY)"
    found = errors.from_engine(f"Streaming insert append failed: {nested}")
    assert (found.code, found.name, found.status) == (164, "READONLY", 500)
    assert found.body("1.2").endswith("(READONLY) (version 1.2)")
    assert errors.from_engine("something else").code == errors.UNKNOWN
