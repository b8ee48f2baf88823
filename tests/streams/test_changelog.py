"""Records of a changelog: bounded, in order, never rewritten; what earlier releases wrote is read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.changelog import BYTES, FACTS, KeptFact, pack, unpack

KEPT = st.lists(st.tuples(st.text("a|/é\n#", max_size=6), st.binary(max_size=40)), max_size=20)


@given(st.sampled_from(["", "main", "*"]), KEPT)
def test_what_was_packed_comes_back_in_its_order(unit: str, kept: list[tuple[str, bytes]]) -> None:
    found = [fact for record in pack(unit, kept) for fact in unpack(record.key, record.value)]
    assert found == [KeptFact(unit, key, value) for key, value in kept]


@given(KEPT, KEPT)
def test_one_key_has_one_content(some: list[tuple[str, bytes]], others: list[tuple[str, bytes]]) -> None:
    written: dict[bytes, bytes] = {}
    for record in (*pack("", some), *pack("", others)):
        assert written.setdefault(record.key, record.value) == record.value


@pytest.mark.parametrize(("count", "size"), [(5000, 10), (5000, 1000), (3, BYTES), (1, 2 * BYTES)])
def test_a_record_is_bounded_unless_one_fact_is_larger(count: int, size: int) -> None:
    kept = [(str(number), number.to_bytes(4, "big") * (size // 4)) for number in range(count)]
    records = list(pack("main", kept))
    parts = [list(unpack(record.key, record.value)) for record in records]
    assert [(fact.key, fact.value) for part in parts for fact in part] == kept
    assert all(len(part) == 1 or len(record.value) <= BYTES for part, record in zip(parts, records, strict=True))
    assert all(len(part) <= FACTS for part in parts)
    assert len(records) <= 2 * max(count / FACTS + 1, count * size / BYTES + 1)


def test_a_single_fact_of_an_earlier_release_is_read() -> None:
    assert list(unpack(b"main\x1fmain|mark", b"{}")) == [KeptFact("main", "main|mark", b"{}")]


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"main", b""), (b"main\x1f#0", b"{"), (b"main\x1f#0", msgspec.msgpack.encode([2, []]))],
    ids=["no unit", "not packed", "a later schema"],
)
def test_what_nobody_wrote_is_not_restored(key: bytes, value: bytes) -> None:
    with pytest.raises((ValueError, msgspec.DecodeError)):
        list(unpack(key, value))
