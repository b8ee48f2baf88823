"""Rows carry their records whole: what goes into a table comes out again."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from sinks.rows import entry_of, entry_row, interval_row, parked_of, parked_row, work_row
from sinks.tables import ENTRIES, INTERVALS, PARKED, WORK
from streams.models.entry import Entry, Identity, Segment
from streams.models.event import Ref, TicketRef
from streams.models.work import Proof, Step
from tests.sinks import builders

instants = st.integers(0, 4_102_444_800)
seconds = st.integers(-(10**7), 10**7)
money = st.integers(-(2**62), 2**62)
text = st.text(max_size=8)
outcomes = st.sampled_from(["", "billed", "unpriced"])
segments = st.builds(
    Segment, text, instants, instants, seconds, seconds, text, money, text, text,
    outcomes, text, money, seconds, text, text,
)  # fmt: skip
entries = st.builds(
    Entry,
    tenant=text,
    identity=st.builds(Identity, text, text, text, st.sampled_from(["regular", "reversal"]), text),
    version=st.integers(0, 2**64 - 1),
    void=st.booleans(),
    local_date=st.one_of(st.just(""), st.dates(datetime.date(1971, 1, 1), datetime.date(2100, 1, 1)).map(str)),
    start=instants,
    end=instants,
    amount=money,
    risk_amount=money,
    worked_seconds=seconds,
    candidates=st.lists(text, max_size=2).map(tuple),
    flags=st.lists(text, max_size=2).map(tuple),
    proof=st.lists(st.builds(Proof, text, text, st.just("remote_session"), seconds), max_size=2).map(tuple),
    segments=st.lists(segments, max_size=3).map(tuple),
    charge=st.sampled_from(["", "fee", "true_up"]),
    project=text,
    cost=st.one_of(st.none(), money),
    cost_currency=text,
    cost_reason=text,
    trail=st.lists(st.builds(Step, text, text, text, text, text, st.just(("a",))), max_size=2).map(tuple),
)


@given(entries)
def test_an_entry_comes_back_as_it_went_in(entry: Entry) -> None:
    assert entry_of(ENTRIES.named(entry_row(entry))) == entry


def test_every_field_of_an_entry_has_a_column() -> None:
    row = ENTRIES.named(entry_row(builders.entry()))
    own = {"identity", "start", "end", "proof", "segments"}  # spread over columns of other names
    assert set(Entry.__struct_fields__) - own <= set(row)
    for nested, model in (("proof", Proof), ("segments", Segment)):
        columns = {name.split(".")[1] for name in row if name.startswith(nested + ".")}
        renamed = {"start": "started_at", "end": "ended_at"}
        assert columns == {renamed.get(field, field) for field in model.__struct_fields__}


def test_a_parked_item_keeps_its_exact_bytes() -> None:
    item = builders.parked(bytes(range(256)))
    assert parked_of(PARKED.named(parked_row(item))) == item


def test_an_interval_row_shows_the_source_s_own_names_and_an_open_end() -> None:
    open_one = builders.interval(
        end=None, open_from=builders.MARCH, spans=(), close="open", billable=False,
        technician=Ref("a.smith", "Ann Smith"), ticket=TicketRef("T-1", "note"), native={"port": 3389},
    )  # fmt: skip
    row = INTERVALS.named(interval_row(open_one, 9))
    assert (row["technician"], row["ticket"], row["ticket_evidence"]) == ("a.smith", "T-1", "note")
    assert (row["ended_at"], row["open_from"], row["seconds"]) == (None, builders.MARCH * 1000, 0)
    assert (row["version"], row["void"], row["billable"]) == (9, False, False)
    assert "3389" in str(row["detail"])
    assert "Ann Smith" in str(row["detail"])


def test_work_without_seconds_has_no_bounds_and_void_work_is_void() -> None:
    row = WORK.named(work_row(builders.work(proof=(), state="void", client=None), 9))
    assert (row["started_at"], row["ended_at"], row["seconds"], row["client"], row["void"]) == (0, 0, 0, "", True)
