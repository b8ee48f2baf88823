"""The benchmark of the kernel runs, and its bars that do not depend on the machine hold with room."""

from __future__ import annotations

from benchmarks.kernel.measure import Found, Ledger, measure, verdicts


def test_every_bar_is_judged() -> None:
    found = measure(300, 1)
    assert len(verdicts(found)) == 5
    fine = Found(10_000, 20_000, 1.5, 0.5, 1.0, 0.001, 0.0012, 0.2, 1.2)
    poor = Found(10_000, 9_000, 2.5, 0.5, 2.0, 0.001, 0.0016, 0.6, 2.2)
    assert [met for met, _ in verdicts(fine)] == [True] * 5
    assert [met for met, _ in verdicts(poor)] == [False] * 5


def test_an_append_computes_as_few_rows_however_long_the_history() -> None:
    """Counted, not timed: what is computed again for one more piece does not grow."""
    counts = []
    for pieces in (200, 2000):
        ledger = Ledger(pieces)
        marks = ledger.state._accounts["acme"].marks
        behind = [one for one in ledger.last if (one.start, one.id) > marks[-1].key]
        counts.append(len(behind))
        ledger.append()
    assert max(counts) < 64
