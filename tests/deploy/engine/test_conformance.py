"""What the project asks of ClickHouse, asked through clickhouse-connect; the same answers from engine and server."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from tests.deploy.engine.conftest import Server, Space
from tests.engine_fixture import until

pytestmark = pytest.mark.integration

COLUMNS = {
    "id": "UInt64",
    "money": "Decimal(18, 4)",
    "exact": "Decimal(38, 10)",
    "at": "DateTime64(3, 'UTC')",
    "day": "Date",
    "tags": "Array(String)",
    "facts": "Map(String, String)",
    "class": "LowCardinality(String)",
    "key": "UUID",
    "note": "Nullable(String)",
    "hash": "FixedString(4)",
    "big": "UInt64",
    "signed": "Int64",
    "pair": "Tuple(UInt8, String)",
    "flag": "Bool",
    "kind": "Enum8('a' = 1, 'b' = 2)",
}
TYPES = list(COLUMNS.values())
WIDE_ROW: list[Any] = [
    1,
    Decimal("-12345678901234.5678"),
    Decimal("1234567890123456789012345678.0123456789"),
    datetime(2026, 3, 29, 1, 0, 0, 123000, tzinfo=UTC),
    date(2026, 3, 29),
    ["a", "", "ü'\n"],
    {"k": "v", "": "\t"},
    "retainer",
    UUID("00000000-0000-4000-8000-0123456789ab"),
    None,
    b"\x00\x01\xfe\xff",
    2**64 - 1,
    -(2**63),
    (7, "x"),
    True,
    "b",
]


def wide_table(space: Space) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    space.client.command(f"CREATE TABLE wide ({columns}) ENGINE = MergeTree ORDER BY id")


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_every_type_comes_back_as_it_went_in(space: Space, compress: "bool | str") -> None:
    wide_table(space)
    client = space.another(compress=compress)
    summary = client.insert("wide", [WIDE_ROW], list(COLUMNS), column_type_names=TYPES)
    assert summary.written_rows == 1
    assert client.query("SELECT * FROM wide").result_rows == [tuple(WIDE_ROW)]


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_a_large_result_is_whole_in_every_coding(space: Space, compress: "bool | str") -> None:
    client = space.another(compress=compress)
    rows = client.query("SELECT number, toString(number) FROM numbers(200000)").result_rows
    assert len(rows) == 200_000
    assert rows[-1] == (199_999, "199999")


def test_insert_by_rows_by_columns_and_raw(space: Space) -> None:
    client = space.client
    client.command("CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    assert client.insert("t", [[n, str(n)] for n in range(1000)], ["a", "b"]).written_rows == 1000
    columns = [[1000, 1001], ["x", "y"]]
    assert client.insert("t", columns, ["a", "b"], column_oriented=True).written_rows == 2
    assert client.raw_insert("t", ["a", "b"], b"2000,z\n2001,z\n", fmt="CSV").written_rows == 2
    assert client.command("INSERT INTO t VALUES (3000, 'a;b'), (3001, 'c')").written_rows == 2
    assert client.command("INSERT INTO t FORMAT TSV", data="4000\tq\n").written_rows == 1
    assert client.command("INSERT INTO t SELECT number + 5000, '' FROM numbers(10)").written_rows == 10
    assert space.one("SELECT count() FROM t") == 1017
    assert space.one("SELECT b FROM t WHERE a = 3000") == "a;b"


def test_an_insert_the_driver_cannot_serialise_stores_nothing(space: Space) -> None:
    space.client.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(ClickHouseError):
        space.client.insert("t", [[1], ["no number"]], ["a"], column_type_names=["UInt8"])
    assert space.one("SELECT count() FROM t") == 0


def test_values_are_bound_by_the_server(space: Space) -> None:
    query = "SELECT {s:String}, {n:Nullable(String)}, {a:Array(UInt8)}, {d:Decimal(18,4)}, {t:DateTime64(3,'UTC')}"
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    values = {"s": 'it\'s\n\\ \t"ü"', "n": None, "a": [1, 2], "d": Decimal("1.5"), "t": at}
    (row,) = space.client.query(query, parameters=values).result_rows
    assert row == (values["s"], None, [1, 2], Decimal("1.5"), at)
    assert space.one("SELECT count() FROM system.{t:Identifier}", parameters={"t": "one"}) == 1
    assert space.one("SELECT %(x)s", parameters={"x": "';--"}) == "';--"


def test_long_parameters_travel_in_a_form(space: Space) -> None:
    client = space.another(form_encode_query_params=True)
    text = "é" * 50_000
    assert client.query("SELECT {x:String}", parameters={"x": text}).result_rows == [(text,)]
    assert client.query("SELECT {x:String} LIMIT 0", parameters={"x": text}).column_names


def test_a_replacing_table_shows_the_highest_version_once(space: Space) -> None:
    client = space.client
    client.command(
        "CREATE TABLE e (client String, month Date, id FixedString(16), v UInt64, minor Int64) "
        "ENGINE = ReplacingMergeTree(v) PARTITION BY toYYYYMM(month) ORDER BY (client, month, id)"
    )
    client.command("CREATE VIEW live AS SELECT * FROM e FINAL WHERE minor != 0")
    key, month = b"0123456789abcdef", date(2026, 1, 1)
    for version, minor in [(2, 500), (1, 100), (2**63, 700), (2, 500)]:
        client.insert("e", [["c", month, key, version, minor]], ["client", "month", "id", "v", "minor"])
    assert client.query("SELECT v, minor FROM live").result_rows == [(2**63, 700)]
    client.command("OPTIMIZE TABLE e FINAL")
    assert client.query("SELECT v, minor FROM e").result_rows == [(2**63, 700)]


def test_tables_are_exchanged_renamed_and_altered(space: Space) -> None:
    for name in ("a", "b"):
        space.client.command(f"CREATE TABLE {name} (x UInt8) ENGINE = MergeTree ORDER BY x")
        space.client.command(f"INSERT INTO {name} VALUES ({ord(name)})")
    space.client.command("EXCHANGE TABLES a AND b")
    assert space.one("SELECT x FROM a") == ord("b")
    space.client.command("ALTER TABLE a ADD COLUMN y String DEFAULT 'new'")
    space.client.command("ALTER TABLE a UPDATE y = 'old' WHERE x = 98 SETTINGS mutations_sync = 2")
    assert space.client.query("SELECT * FROM a").result_rows == [(98, "old")]
    space.client.command("ALTER TABLE a DELETE WHERE 1 SETTINGS mutations_sync = 2")
    assert space.one("SELECT count() FROM a") == 0


def test_parameterised_views_and_raw_formats(space: Space) -> None:
    space.client.command("CREATE VIEW pv AS SELECT number AS n FROM numbers(10) WHERE number >= {low:UInt8}")
    assert space.one("SELECT count() FROM pv(low = 7)") == 3
    assert space.client.raw_query("SELECT 1 AS a, 'x' AS b", fmt="CSVWithNames") == b'"a","b"\n1,"x"\n'
    assert b'"rows": 3' in space.client.raw_query("SELECT number FROM numbers(3)", fmt="JSON")
    assert space.client.raw_query("SELECT 1 FORMAT JSONEachRow") == b'{"1":1}\n'
    assert space.client.query_arrow("SELECT toInt64(5) AS x").to_pydict() == {"x": [5]}
    assert space.client.command("SHOW TABLES") == "pv"
    assert space.client.query("SELECT 1 AS a WHERE 0").result_rows == []
    assert space.client.query("SELECT toUInt8(1) AS a LIMIT 0").column_names == ("a",)


SLOW, LARGE = "SELECT sleepEachRow(1) FROM numbers(9)", "SELECT groupArray(number) FROM numbers(9000000)"
ERRORS = [
    ("SELECT * FROM no_such_table", 60, "UNKNOWN_TABLE"),
    ("SELEC 1", 62, "SYNTAX_ERROR"),
    ("SELECT no_such_column", 47, "UNKNOWN_IDENTIFIER"),
    ("SELECT no_such_function(1)", 46, "UNKNOWN_FUNCTION"),
    ("SELECT * FROM no_such_database.t", 81, "UNKNOWN_DATABASE"),
    ("SELECT throwIf(1)", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    (f"{SLOW} SETTINGS max_execution_time = 1, max_block_size = 1", 159, "TIMEOUT_EXCEEDED"),
    (f"{LARGE} SETTINGS max_memory_usage = 9000000", 241, "MEMORY_LIMIT_EXCEEDED"),
    ("SELECT 1 SETTINGS no_such_setting = 1", 115, "UNKNOWN_SETTING"),
    ("SELECT toDecimal32('99999999999', 4)", 69, "ARGUMENT_OUT_OF_BOUND"),
    ("SELECT 1; SELECT 2", 62, "SYNTAX_ERROR"),
    ("1 + 1", 62, "SYNTAX_ERROR"),
    ("exit", 62, "SYNTAX_ERROR"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "code", "name"), ERRORS, ids=[query[:40] for query, *_ in ERRORS])
def test_errors_carry_code_and_name(space: Space, query: str, code: int, name: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        space.client.command(query)
    assert (caught.value.code, caught.value.name) == (code, name)


def test_insert_errors_carry_code_and_store_nothing(space: Space) -> None:
    client = space.client
    client.command("CREATE TABLE t (a UInt8, d Date) ENGINE = MergeTree PARTITION BY d ORDER BY a")
    with pytest.raises(DatabaseError) as missing:
        client.insert("nope", [[1]], ["a"], column_type_names=["UInt8"])
    assert missing.value.code == 60
    with pytest.raises(DatabaseError) as column:
        client.insert("t", [[1]], ["zzz"], column_type_names=["UInt8"])
    assert column.value.code == 16
    with pytest.raises(DatabaseError) as parse:
        client.raw_insert("t", ["a"], b"1\nnot a number\n", fmt="CSV")
    assert parse.value.code in (6, 27, 72, 117)
    days = [[1, date.fromordinal(730_000 + n)] for n in range(101)]
    with pytest.raises(DatabaseError) as parts:
        client.insert("t", days, ["a", "d"])
    assert parts.value.code == 252
    assert space.one("SELECT count() FROM t") == 0


BROKEN_BY_A_ROW = [
    "a UInt8, CONSTRAINT small CHECK a < 3) ENGINE = MergeTree ORDER BY a",
    "a UInt8, b UInt8 MATERIALIZED throwIf(a = 3)) ENGINE = MergeTree ORDER BY a",
    "a UInt8) ENGINE = MergeTree ORDER BY throwIf(a = 3)",
]


@pytest.mark.parametrize("columns", BROKEN_BY_A_ROW)
def test_an_insert_is_acknowledged_only_when_every_row_is_stored(space: Space, columns: str) -> None:
    space.client.command(f"CREATE TABLE t ({columns}")
    assert space.client.insert("t", [[1], [2]], ["a"], column_type_names=["UInt8"]).written_rows == 2
    with pytest.raises(DatabaseError) as caught:
        space.client.insert("t", [[1], [3]], ["a"], column_type_names=["UInt8"])
    assert caught.value.code in (395, 469)
    assert space.one("SELECT count() FROM t") == 2


def test_values_with_everything_in_them(space: Space) -> None:
    space.client.command("CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    rows = ",\n".join(f"({n}, 'it\\'s; {n}\n\nü')" for n in range(20_000))
    assert space.client.command(f"INSERT INTO t VALUES {rows};").written_rows == 20_000
    assert space.client.command("INSERT INTO t VALUES ({a:UInt64}, upper('x'))", {"a": 77_777}).written_rows == 1
    assert space.one("SELECT b FROM t WHERE a = 19999") == "it's; 19999\n\nü"


def test_a_million_rows_stream_in_blocks(space: Space) -> None:
    total = rows = 0
    with space.client.query_row_block_stream("SELECT number, toString(number) FROM numbers(1500000)") as stream:
        for block in stream:
            rows += len(block)
            total += block[-1][0]
    assert rows == 1_500_000
    assert total > 0


def test_a_stream_that_fails_half_way_says_so(space: Space) -> None:
    query = "SELECT throwIf(number = 1500000, 'half-way') FROM numbers(2000000)"
    for compress in (False, "lz4", "zstd"):
        client = space.another(compress=compress)
        sizes: list[int] = []
        with client.query_row_block_stream(query) as stream:
            blocks = map(len, stream)
            with pytest.raises(StreamFailureError, match="half-way") as caught:
                sizes.extend(blocks)
        assert caught.value.code == 395
        assert 0 < sum(sizes) < 2_000_000


def test_a_stream_left_early_leaves_the_server_well(space: Space) -> None:
    with space.client.query_row_block_stream("SELECT number FROM numbers(50000000)") as stream:
        next(iter(stream))
    assert space.one("SELECT 1") == 1


WRITES = [
    "INSERT INTO t VALUES (2)",
    "INSERT INTO t FORMAT CSV\n3\n",
    "CREATE TABLE u (a UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE u (a UInt8)",
    "DROP TABLE t",
    "TRUNCATE TABLE t",
    "ALTER TABLE t DELETE WHERE 1",
    "SET max_threads = 3",
    "SET readonly = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT \"fi\\x6ce\"('/etc/passwd')",
    "SELECT arrayMap(file, ['/etc/passwd'])",
    "SHOW TABLES WHERE name = file('/etc/passwd')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/x.csv', 'CSV', 'a String')",
    "INSERT INTO FUNCTION file('/tmp/x.csv') SELECT 1",
    "SELECT 1 INTO OUTFILE '/tmp/everyminute-should-not-exist'",
    "(SELECT 1 INTO OUTFILE '/tmp/everyminute-should-not-exist')",
    "BACKUP TABLE t TO File('x')",
    "SYSTEM FLUSH LOGS",
    "SELECT 1; DROP TABLE t",
]


@pytest.mark.parametrize("statement", WRITES)
def test_the_reader_only_reads(space: Space, statement: str) -> None:
    space.client.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    space.client.command("INSERT INTO t VALUES (1)")
    reader = space.reader()
    with pytest.raises(DatabaseError) as caught:
        reader.command(statement)
    assert caught.value.code in (48, 62, 164, 497)
    assert reader.query("SELECT * FROM t").result_rows == [(1,)]
    assert space.client.command("SHOW TABLES") == "t"


def test_a_wrong_password_is_refused(server: Server) -> None:
    for user, password in (("reader", "wrong"), ("default", "wrong"), ("nobody", "")):
        with pytest.raises(DatabaseError) as caught:
            server.client(username=user, password=password)
        assert caught.value.code == 516


def test_settings_last_one_request(space: Space) -> None:
    client = space.client
    show = "SELECT toUInt64(getSetting('max_block_size'))"
    default = space.one(show)
    assert space.one(show, settings={"max_block_size": 7}) == 7
    assert space.one(show) == default
    session = space.another(session_id="s-" + space.name)
    assert session.query(show, settings={"max_block_size": 7}).result_rows == [(7,)]
    assert session.query(show).result_rows == [(default,)]
    assert client.query("SELECT count() FROM numbers(9)", settings={"max_result_rows": 9}).result_rows == [(9,)]


def test_a_session_keeps_what_was_set_in_it(space: Space) -> None:
    session, other = (space.another(session_id=f"{side}-{space.name}") for side in ("one", "two"))
    session.command("SET max_block_size = 11")
    session.command("CREATE TEMPORARY TABLE mine (a UInt8)")
    session.command("INSERT INTO mine VALUES (5)")
    assert session.query("SELECT a, getSetting('max_block_size') FROM mine").result_rows == [(5, 11)]
    with pytest.raises(DatabaseError) as caught:
        other.query("SELECT * FROM mine")
    assert caught.value.code == 60


def test_a_session_serves_one_request_at_a_time(space: Space) -> None:
    slow, fast = (space.another(session_id=f"shared-{space.name}") for _ in range(2))

    def refused(client: Any, query: str) -> bool:
        try:
            client.query(query)
        except DatabaseError as error:
            return bool(error.code == 373)
        return False

    def hold() -> None:  # may itself meet the session busy with the other's short query
        until(20, lambda: not refused(slow, "SELECT sleep(1)"), "the slow query gets the session")

    holder = threading.Thread(target=hold)
    holder.start()
    until(20, lambda: refused(fast, "SELECT 1"), "a second request in a busy session is refused with 373")
    holder.join()
    assert fast.query("SELECT 1").result_rows == [(1,)]


def test_a_session_that_must_exist(space: Space) -> None:
    with pytest.raises(DatabaseError) as caught:
        space.client.command("SELECT 1", settings={"session_id": "none-" + space.name, "session_check": 1})
    assert caught.value.code == 372


def test_external_data_is_a_table_for_one_query(space: Space) -> None:
    data = ExternalData(file_name="ids.csv", data=b"1,1.5\n3,2.5\n", fmt="CSV", types=["UInt8", "Decimal(18,4)"])
    query = "SELECT sum(_2) FROM ids WHERE _1 IN (SELECT number FROM numbers(3))"
    assert space.client.query(query, external_data=data).result_rows == [(Decimal("1.5"),)]
    named = ExternalData(file_name="ids", data=b"7\tx\n", structure="a UInt8, b String")
    assert space.client.query("SELECT a, b FROM ids", external_data=named).result_rows == [(7, "x")]
    assert space.reader().query("SELECT b FROM ids", external_data=named).result_rows == [("x",)]
    with pytest.raises(DatabaseError) as caught:
        space.client.query("SELECT * FROM ids")
    assert caught.value.code == 60


def test_clients_work_side_by_side(space: Space) -> None:
    space.client.command("CREATE TABLE t (a UInt64, who UInt8) ENGINE = MergeTree ORDER BY a")
    failed: list[BaseException] = []

    def work(who: int) -> None:
        try:
            client = space.another()
            for n in range(8):
                client.insert("t", [[n, who]], ["a", "who"], column_type_names=["UInt64", "UInt8"])
                counted = client.query("SELECT count() FROM t WHERE who = {w:UInt8}", {"w": who}).result_rows
                assert counted == [(n + 1,)]
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert space.one("SELECT count() FROM t") == 40


def test_one_client_serves_many_threads(space: Space) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(space.one(f"SELECT {n} + sleepEachRow(0.05)")))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(6))


def in_async_client(space: Space, work: Callable[[Any], Any]) -> Any:
    async def run() -> Any:
        client = await clickhouse_connect.get_async_client(**space.server.options(database=space.name))
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def test_the_async_client_does_the_same(space: Space) -> None:
    wide_table(space)

    async def work(client: Any) -> None:
        summary = await client.insert("wide", [WIDE_ROW] * 3, list(COLUMNS), column_type_names=TYPES)
        assert summary.written_rows == 3
        assert (await client.query("SELECT * FROM wide LIMIT 1")).result_rows == [tuple(WIDE_ROW)]
        rows = 0
        async with await client.query_row_block_stream("SELECT number FROM numbers(1000000)") as stream:
            async for block in stream:
                rows += len(block)
        assert rows == 1_000_000
        many = await asyncio.gather(*(client.query(f"SELECT {n}") for n in range(10)))
        assert [result.result_rows[0][0] for result in many] == list(range(10))
        with pytest.raises(DatabaseError) as caught:
            await client.query("SELECT * FROM no_such_table")
        assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")

    in_async_client(space, work)


def test_ping_and_query_ids(space: Space) -> None:
    assert space.client.ping()
    result = space.client.query("SELECT 1", settings={"query_id": "mine-" + space.name})
    assert result.summary["query_id"] == "mine-" + space.name
