"""What only the embedded engine has: its directory, its lock, its death and return, planted faults."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from tests.engine_fixture import Database, EngineProcess, until

pytestmark = pytest.mark.integration
BATCH = 200
TYPES = ["UInt64", "UInt64"]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine of this test alone."""
    running = EngineProcess(tmp_path / "data").start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def call(engine: EngineProcess, path: str, body: Any = None, method: str = "GET", **headers: str) -> tuple[int, str]:
    """A bare HTTP request; returns status and body."""
    data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    url = f"http://{engine.host}:{engine.port}{path}"
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def plant(engine: EngineProcess) -> Iterator[Any]:
    """plant(action, match, …) plants a fault; the faults go after the test."""

    def planting(action: str, match: str, **details: Any) -> None:
        status, _ = call(engine, "/_fault", {"action": action, "match": match} | details, "POST")
        assert status == 200

    yield planting
    call(engine, "/_fault", method="DELETE")


def hits(engine: EngineProcess) -> int:
    return sum(fault["hits"] for fault in json.loads(call(engine, "/_fault")[1]))


def test_a_second_process_is_told_who_has_the_directory(own: EngineProcess) -> None:
    assert own.process is not None
    command = [sys.executable, "-m", "deploy.embedded.engine", "--dir", str(own.directory), "--port", "0"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert f"in use by process {own.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert own.client().query("SELECT 1").result_rows == [(1,)]


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "deploy.embedded.engine", "--dir", str(tmp_path / "d"), "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_sigterm_ends_well_and_the_data_are_there_again(own: EngineProcess) -> None:
    client = own.client()
    client.command("CREATE DATABASE kept")
    client.command("CREATE TABLE kept.t (a UInt64) ENGINE = MergeTree ORDER BY a")
    client.insert("kept.t", [[n] for n in range(1000)], ["a"])
    client.command("BACKUP DATABASE kept TO File('one')")
    with client.query_row_block_stream("SELECT number FROM numbers(100000000)") as stream:
        next(iter(stream))
        assert own.stop() == 0
    litter = own.directory / "tmp" / "insert-left-behind"
    litter.write_bytes(b"x" * 1000)
    own.start()
    assert not litter.exists()
    assert own.client().query("SELECT sum(a) FROM kept.t").result_rows == [(499_500,)]
    own.client().command("RESTORE DATABASE kept AS back FROM File('one')")
    assert own.client().query("SELECT sum(a) FROM back.t").result_rows == [(499_500,)]


def acknowledge_until_death(client: Any, start: int, acked: list[int]) -> None:
    """Insert numbered batches until the connection breaks, noting each that was acknowledged."""
    number = start
    try:
        while True:
            rows = [[number, n] for n in range(BATCH)]
            assert client.insert("k.t", rows, ["batch", "n"], column_type_names=TYPES).written_rows == BATCH
            acked.append(number)
            number += 1
    except ClickHouseError:
        return


def enough(acked: list[int], goal: int) -> bool:
    return len(acked) >= goal


def test_kill_9_loses_no_acknowledged_batch_and_leaves_none_partial(own: EngineProcess) -> None:
    own.client().command("CREATE DATABASE k")
    own.client().command("CREATE TABLE k.t (batch UInt64, n UInt64) ENGINE = ReplacingMergeTree ORDER BY (batch, n)")
    acked: list[int] = []
    for life in range(3):
        client, before = own.client(), len(acked)
        writer = threading.Thread(target=acknowledge_until_death, args=(client, life * 1_000_000, acked))
        writer.start()
        until(30, partial(enough, acked, before + 12), "a dozen batches are acknowledged")
        own.kill()
        writer.join(timeout=60)
        assert not writer.is_alive()
        own.start()
        stored = dict(own.client().query("SELECT batch, count() FROM k.t FINAL GROUP BY batch").result_rows)
        assert [number for number in acked if number not in stored] == []
        assert {number: size for number, size in stored.items() if size != BATCH} == {}
        assert len(stored) - len(acked) <= life + 1  # at most the one in flight at each death


def live_table(database: Database) -> Any:
    client = database.client()
    client.command("CREATE TABLE e (id UInt64, v UInt64, minor Int64) ENGINE = ReplacingMergeTree(v) ORDER BY id")
    return client


ENTRY = {"column_names": ["id", "v", "minor"], "column_type_names": ["UInt64", "UInt64", "Int64"]}


def test_a_lost_acknowledgement_makes_two_rows_and_one_live_row(database: Database, plant: Any) -> None:
    client = live_table(database)
    plant("reset_after", "^INSERT")
    assert client.insert("e", [[1, 1, 500]], **ENTRY).written_rows == 1
    assert hits(database.engine) == 1
    assert client.query("SELECT count() FROM e").result_rows == [(2,)]  # the driver sent it again by itself
    assert client.query("SELECT * FROM e FINAL").result_rows == [(1, 1, 500)]


def test_a_connection_cut_before_the_insert_makes_one_row(database: Database, plant: Any) -> None:
    client = live_table(database)
    plant("reset_before", "^INSERT")
    client.insert("e", [[1, 1, 500]], **ENTRY)
    assert hits(database.engine) == 1
    assert client.query("SELECT count() FROM e").result_rows == [(1,)]


def test_a_503_is_an_error_and_stores_nothing(database: Database, plant: Any) -> None:
    client = live_table(database)
    plant("status", "^INSERT", status=503)
    with pytest.raises(OperationalError):
        client.insert("e", [[1, 1, 500]], **ENTRY)
    assert client.query("SELECT count() FROM e").result_rows == [(0,)]
    client.insert("e", [[1, 1, 500]], **ENTRY)
    assert client.query("SELECT count() FROM e").result_rows == [(1,)]


def test_a_delay_holds_only_what_it_matches(database: Database, plant: Any) -> None:
    client = database.client()
    plant("delay", "SELECT 'slow'", seconds=0.4)
    began = time.monotonic()
    assert client.query("SELECT 'fast'").result_rows == [("fast",)]
    fast = time.monotonic() - began
    assert client.query("SELECT 'slow'").result_rows == [("slow",)]
    assert time.monotonic() - began >= 0.4
    assert fast < 0.4


def test_faults_cannot_be_planted_without_the_switch(tmp_path: Path) -> None:
    plain = EngineProcess(tmp_path / "data", arguments=()).start()
    try:
        status, _ = call(plain, "/_fault", {"action": "status", "match": "."}, "POST")
        assert status >= 400
        assert plain.client().query("SELECT 1").result_rows == [(1,)]
    finally:
        plain.stop()


def test_a_client_that_dies_in_the_middle_of_an_insert_stores_nothing(database: Database) -> None:
    client = live_table(database)
    engine = database.engine
    query = f"INSERT%20INTO%20{database.name}.e%20FORMAT%20CSV"
    head = f"POST /?query={query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n"
    with socket.create_connection((engine.host, engine.port)) as half:
        half.sendall(head.encode() + b"1,1,1\n" * 50_000)
    tmp = engine.directory / "tmp"
    until(20, lambda: not any(tmp.glob("insert-*")), "the data of the broken insert are thrown away")
    assert client.query("SELECT count() FROM e").result_rows == [(0,)]


def test_web_pages_and_other_host_names_are_kept_out(engine: EngineProcess) -> None:
    assert call(engine, "/ping") == (200, "Ok.\n")
    assert call(engine, "/?query=SELECT%201") == (200, "1\n")
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
        status, body = call(engine, "/", b"SELECT 1", "POST", **headers)
        assert (status, "ACCESS_DENIED" in body) == (403, True)


def test_get_only_reads(engine: EngineProcess) -> None:
    status, body = call(engine, "/?query=CREATE%20DATABASE%20by_get")
    assert (status, "READONLY" in body) == (500, True)


def test_a_session_whose_state_cannot_be_restored_is_replaced(engine: EngineProcess) -> None:
    client = engine.client(session_id="wedged", settings={"max_block_size": 9})
    client.command("SET readonly = 1")  # from here the handle refuses to take its old settings back
    assert client.query("SELECT getSetting('readonly')").result_rows == [(0,)]
    assert client.query("SELECT getSetting('max_block_size')").result_rows == [(9,)]


def test_memory_stays_low_while_much_passes_through(own: EngineProcess) -> None:
    """On an engine of its own: what other tests made of the shared one is not this test's business."""
    client = own.client()
    client.command("CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    for start in range(0, 400_000, 200_000):
        rows = [range(start, start + 200_000), ["x" * 40] * 200_000]
        client.insert("t", rows, ["a", "b"], column_oriented=True, column_type_names=["UInt64", "String"])
    total = 0
    with client.query_row_block_stream("SELECT a, b, b || b FROM t CROSS JOIN numbers(2) AS n") as stream:
        for block in stream:
            total += len(block)
    assert total == 800_000
    if Path("/proc").exists():
        assert own.rss_mib() < 600


def test_idle_memory_and_threads(own: EngineProcess) -> None:
    own.client().query("SELECT 1")
    assert own.process is not None
    if Path("/proc").exists():
        assert own.rss_mib() <= 350
        assert len(os.listdir(f"/proc/{own.process.pid}/task")) < 60  # noqa: PTH208  names only


def test_an_unwritable_temporary_directory_is_an_error_not_a_loss(own: EngineProcess) -> None:
    client = own.client()
    client.command("CREATE DATABASE d")
    client.command("CREATE TABLE d.t (a UInt64) ENGINE = MergeTree ORDER BY a")
    shutil.rmtree(own.directory / "tmp")
    with pytest.raises(DatabaseError):
        client.insert("d.t", [[1]], ["a"], column_type_names=["UInt64"])
    (own.directory / "tmp").mkdir()
    client.insert("d.t", [[1]], ["a"], column_type_names=["UInt64"])
    assert client.query("SELECT count() FROM d.t").result_rows == [(1,)]


def test_an_acknowledged_insert_is_on_the_disk(engine: EngineProcess) -> None:
    query = "SELECT name, value FROM system.merge_tree_settings WHERE name LIKE 'fsync%' ORDER BY name"
    assert dict(engine.client().query(query).result_rows)["fsync_after_insert"] == "1"
    assert engine.client().query("SELECT getSetting('async_insert')").result_rows == [(False,)]
