"""Crash points kill where they are told, and only in tests."""

import pytest

from streams.crash import KILLED, crash_points


def test_without_the_setting_nothing_happens() -> None:
    killed: list[int] = []
    crash_points({}, killed.append)("rate")("after_outputs")
    assert killed == []


@pytest.mark.parametrize(
    ("setting", "hops"), [("after_outputs:2", ["pair", "rate"]), ("rate.after_outputs:2", ["rate", "rate"])]
)
def test_the_nth_pass_kills(setting: str, hops: list[str]) -> None:
    killed: list[int] = []
    points = crash_points({"EVERYMINUTE_TEST": "1", "EVERYMINUTE_CRASH_AT": setting}, killed.append)
    points("rate")("after_appends")
    points(hops[0])("after_outputs")
    assert killed == []
    points(hops[1])("after_outputs")
    assert killed == [KILLED]


def test_outside_tests_it_is_refused() -> None:
    with pytest.raises(ValueError, match="for tests only"):
        crash_points({"EVERYMINUTE_CRASH_AT": "before_ack:1"})


@pytest.mark.parametrize("setting", ["before_ack", "before_ack:0", "before_ack:x"])
def test_a_setting_not_understood_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="expected <point>:<n>"):
        crash_points({"EVERYMINUTE_TEST": "1", "EVERYMINUTE_CRASH_AT": setting})
