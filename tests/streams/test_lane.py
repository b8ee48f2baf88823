"""The books of the batch lane: whatever happens, nothing is committed past a range that is not acknowledged."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.lane import Lane


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=200)
def test_the_commit_stops_before_the_first_open_range(sizes: list[int], chance: object) -> None:
    lane = Lane(depth=len(sizes))
    begin, ranges = 0, []
    for size in sizes:
        ranges.append(lane.hand_out(begin, begin + size - 1))
        begin += size + chance.randint(0, 2)  # type: ignore[attr-defined]  # offsets may have holes
    order = list(ranges)
    chance.shuffle(order)  # type: ignore[attr-defined]
    committed = 0
    for handed in order:
        handed.acknowledged = True
        committed = lane.committable() or committed
        unacknowledged = [each.first for each in ranges if not each.acknowledged]
        assert committed <= min(unacknowledged, default=begin)
    assert committed == ranges[-1].last + 1


def test_an_open_range_pins_the_commit_for_ever() -> None:
    lane = Lane()
    lane.hand_out(0, 9)
    lane.hand_out(10, 19).acknowledged = True
    assert lane.committable() is None


def test_what_is_acknowledged_takes_no_room_before_it_is_committed() -> None:
    lane = Lane(depth=2)
    one, two = lane.hand_out(0, 9), lane.hand_out(10, 19)
    room = [lane.has_room]
    one.acknowledged = True
    room.append(lane.has_room)
    lane.hand_out(20, 29)
    room.append(lane.has_room)
    two.acknowledged = True
    room.append(lane.has_room)
    assert room == [False, True, False, True]


def test_nothing_is_committed_twice() -> None:
    lane = Lane()
    lane.hand_out(0, 9).acknowledged = True
    assert lane.committable() == 10
    assert lane.committable() is None


def test_records_a_poll_skipped_are_asked_for_once_and_then_believed_gone() -> None:
    lane = Lane(position=10)
    assert lane.missing(15) == 10
    assert lane.missing(10) is None  # the seek brought them
    lane.hand_out(10, 14)
    assert lane.missing(20) == 15
    assert lane.missing(20) is None  # still not there: deleted or compacted
    lane.hand_out(20, 24)
    assert lane.missing(30) == 25


def test_a_replay_after_a_seek_never_moves_the_commit_back() -> None:
    lane = Lane(position=100)
    lane.hand_out(100, 109).acknowledged = True
    lane.hand_out(90, 94).acknowledged = True
    assert lane.committable() == 110
