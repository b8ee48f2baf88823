"""The state of the rate hop: what it sends, what it keeps, and the histories that broke other designs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing.rate import RateState
from billing.rate_index import identity_text, parse_identity
from streams.models.catalog import Client, Contract, RateCard, RateLine, Technician
from streams.models.entry import Entry, Identity, encode_entry
from streams.models.fact import Fact
from streams.models.ids import version
from tests.billing.rate_kit import (
    TENANT,
    at,
    catalogue,
    object_fact,
    release_facts,
    span,
    work,
    work_fact,
    worked,
)
from tests.billing.rate_log import Log, content

TWO_CLIENTS = [*catalogue(increment_minutes=15), Client(id="beta"), Contract(id="beta-tm", client="beta")]


def state_with(facts: list[Fact]) -> RateState:
    state = RateState(TENANT, 0)
    state.step(facts)
    return state


def names(entries: list[Entry]) -> list[tuple[str, str, str, bool]]:
    return [(one.identity.client, one.identity.period, one.identity.work, one.void) for one in entries]


def outputs(state: RateState, *facts: Fact) -> list[Entry]:
    return [entry for _, entry in state.step(facts).outputs]


def test_an_identity_is_appended_before_its_first_use_and_only_then() -> None:
    state = state_with(release_facts(TWO_CLIENTS))
    outcome = state.step([work_fact(worked(20))])
    assert [fact.key().rsplit("|", 1)[0] for fact in outcome.appends] == ["main|identity|acme/2026-03/w/regular/|0"]
    again = state.step([work_fact(worked(20)), *outcome.appends])
    assert again.appends == []
    assert names([entry for _, entry in again.outputs]) == [("acme", "2026-03", "w", False)]


def test_a_version_counts_the_facts_of_the_tenant_and_hashes_the_content() -> None:
    facts = release_facts(TWO_CLIENTS)
    state = RateState(TENANT, 3)
    state.step([*facts, *facts])
    ((number, entry),) = state.step([work_fact(worked(20))]).outputs
    assert entry.version == number == version(3, len(facts) + 1, encode_entry(content(entry)))


def test_a_repetition_is_sent_again_and_kept_once() -> None:
    state = state_with(release_facts(TWO_CLIENTS))
    first = state.step([work_fact(worked(20))])
    second = state.step([work_fact(worked(20))])
    assert second.outputs == first.outputs
    assert [key for key, _ in first.kept] == [work_fact(worked(20)).key()]
    assert second.kept == []


def test_the_largest_revision_holds_whatever_came_first() -> None:
    state = state_with(release_facts(TWO_CLIENTS))
    outputs(state, work_fact(worked(40), rev=2))
    (row,) = outputs(state, work_fact(worked(20), rev=1))
    assert row.worked_seconds == 40 * 60


def test_aba_records_and_their_undoing_in_one_batch_are_sent_all_the_same() -> None:
    """Work appears beside y, on its ticket and day, and goes back; nothing differs at the end, both are told again."""
    state = state_with(release_facts(catalogue(scope="ticket_day", increment_minutes=15)))
    elsewhere = worked(20, start="2026-03-05 10:00", ticket="T1")
    outputs(state, work_fact(worked(5, "y", "2026-03-02 10:00", ticket="T1")), work_fact(elsewhere))
    beside = worked(20, start="2026-03-02 12:00", ticket="T1")
    sent = outputs(state, work_fact(beside, rev=2), work_fact(elsewhere, rev=3))
    assert {one.identity.work for one in sent} == {"w", "y"}


def test_aba_a_process_that_saw_the_middle_and_wakes_up_last_is_answered() -> None:
    """The owner takes both revisions as one batch and never knew of beta; the row there becomes void."""
    there_and_back = [work_fact(worked(20, client="beta")), work_fact(worked(20), rev=1)]
    owner, late = Log(release_facts(TWO_CLIENTS)), state_with(release_facts(TWO_CLIENTS))
    owner.step(there_and_back)
    outcome = late.step(there_and_back[:1])
    owner.store.receive(outcome.outputs)
    assert [one.identity.client for one in owner.live()] == ["acme", "beta"]
    owner.step(outcome.appends)
    assert [one.identity.client for one in owner.live()] == ["acme"]


def test_work_that_moves_to_another_client_leaves_a_void_row() -> None:
    log = Log(release_facts(TWO_CLIENTS))
    log.feed(work_fact(worked(20)))
    log.feed(work_fact(worked(20, client="beta"), rev=2))
    assert [one.identity.client for one in log.live()] == ["beta"]
    assert log.voids() == {("acme", "2026-03", "w")}


def test_void_and_absorbed_work_leaves_void_rows_and_none_where_nothing_was() -> None:
    state = state_with(release_facts(TWO_CLIENTS))
    assert outputs(state, work_fact(worked(20, state="void"))) == []
    assert outputs(state, work_fact(worked(20), rev=2))[0].disposition == "billed"
    (gone,) = outputs(state, work_fact(work("w", state="absorbed", reason="x"), rev=3))
    assert (gone.void, gone.disposition, gone.quantity_seconds, gone.amount) == (True, "void", 0, 0)


def test_work_that_runs_has_no_row_and_waits() -> None:
    state = state_with(release_facts(TWO_CLIENTS))
    before = state.counts()
    assert outputs(state, work_fact(worked(20, state="running"))) == []
    assert (state.counts().waiting, state.counts().received) == (1, before.received + 1)
    assert len(outputs(state, work_fact(worked(30), rev=2))) == 1
    assert (state.counts().waiting, state.counts().done) == (0, before.received + 2)


def test_a_zone_that_moves_the_month_moves_the_rows() -> None:
    """A release puts the client into Auckland, where this hour is in April."""
    objects = catalogue()
    first = release_facts(objects)
    log = Log(first)
    log.feed(work_fact(work("w", span("2026-03-31 13:00", "2026-03-31 14:00"))))
    assert [one.identity.period for one in log.live()] == ["2026-03"]
    moved = [Client(id="acme", zone="Pacific/Auckland") if isinstance(one, Client) else one for one in objects]
    for fact in release_facts(moved, 2, first[-1].digest()):
        log.feed(fact)
    assert [one.identity.period for one in log.live()] == ["2026-04"]
    assert log.voids() == {("acme", "2026-03", "w")}


def test_a_release_sends_every_client_again_and_a_stale_one_too() -> None:
    objects = [*TWO_CLIENTS]
    first = release_facts(objects)
    state = state_with(first)
    outputs(state, work_fact(worked(20)), work_fact(worked(20, "v", client="beta")))
    dearer = [RateCard(id="base", lines=[RateLine(rate=Decimal(120))]), *(o for o in objects if o.id != "base")]
    second = release_facts(dearer, 2, first[-1].digest())
    assert [row.amount for row in outputs(state, *second)] == [60_00, 40_00]
    stale = release_facts(objects, 2, first[-1].digest())
    assert [row.amount for row in outputs(state, *stale)] == [60_00, 40_00]


def test_a_directory_client_touches_that_client_only() -> None:
    state = state_with(release_facts([one for one in TWO_CLIENTS if one.id != "acme"]))
    outputs(state, work_fact(worked(20)), work_fact(worked(20, "v", client="beta")))
    sent = outputs(state, object_fact(Client(id="acme", internal=True), origin="directory"))
    assert [(row.identity.client, row.disposition) for row in sent] == [("acme", "non_billable")]


def test_a_directory_technician_touches_where_a_role_is_at_stake() -> None:
    """Without a role rate reads nothing of a technician; with one, or after one, every row may change."""
    lines = [RateLine(rate=Decimal(100)), RateLine(role="senior", rate=Decimal(150))]
    objects = [RateCard(id="base", lines=lines), *(one for one in TWO_CLIENTS if one.id != "base")]
    state = state_with(release_facts(objects))
    outputs(state, work_fact(worked(60)))
    assert outputs(state, object_fact(Technician(id="ann", name="Ann"), 1, "directory")) == []
    for rev, role, amount in ((2, "senior", 150_00), (3, None, 100_00), (2, "senior", 100_00)):
        fact = object_fact(Technician(id="ann", name="Ann", role=role), rev, "directory")
        assert [row.amount for row in outputs(state, fact)] == [amount]


def test_objects_alone_change_nothing() -> None:
    state = state_with(release_facts(TWO_CLIENTS))
    outputs(state, work_fact(worked(20)))
    assert outputs(state, object_fact(RateCard(id="base", lines=[]), rev=2)) == []


def test_what_shares_no_scope_with_any_revision_is_left_alone() -> None:
    """Rounded by entry, nothing of a client depends on other work; a fact costs its own rows."""
    state = state_with(release_facts(TWO_CLIENTS))
    days = [work_fact(worked(20, f"w{n}", f"2026-03-0{n} 10:00")) for n in range(1, 8)]
    outputs(state, *days, work_fact(worked(20, "v", "2026-03-05 10:00", client="beta")))
    sent = outputs(state, work_fact(worked(20, "w6", "2026-03-04 09:00"), rev=2))
    assert [one.identity.work for one in sent] == ["w6"]
    sent = outputs(state, work_fact(worked(20, "w6", "2026-03-04 09:00"), rev=2))
    assert [one.identity.work for one in sent] == ["w6"], "known already, and told again all the same"


def test_the_place_goes_back_to_the_start_of_the_scope() -> None:
    """ticket_day: what was worked earlier that local day on the same ticket is sent again too, nothing else."""
    objects = catalogue("America/New_York", scope="ticket_day", increment_minutes=15)
    log = Log(release_facts(objects))
    zone = "America/New_York"
    log.feed(work_fact(work("night", span("2026-03-02 23:50", "2026-03-03 00:05", zone))))
    log.feed(work_fact(work("morning", span("2026-03-03 09:00", "2026-03-03 09:07", zone))))
    log.feed(work_fact(work("other", span("2026-03-03 09:00", "2026-03-03 09:07", zone), ticket="T2")))
    log.feed(work_fact(work("before", span("2026-03-02 09:00", "2026-03-02 09:07", zone))))
    sent = log.feed(work_fact(work("late", span("2026-03-03 23:00", "2026-03-03 23:01", zone))))
    assert [one.identity.work for one in sent] == ["night", "morning", "late"]
    assert {one.identity.work: one.quantity_seconds // 60 for one in log.live()} == {
        "before": 7,  # 7 + 10 min on 2 March: 30, the surplus at night
        "night": 28,  # 23 of 2 March and 5 of 3 March
        "morning": 7,
        "late": 3,  # 5 + 7 + 1 min on 3 March: 15
        "other": 15,
    }


def test_a_foreign_identity_is_answered_with_content_or_void() -> None:
    """What another process named before it died."""
    state = state_with(release_facts(TWO_CLIENTS))
    named = [Fact(kind="identity", tenant=TENANT, id=f"{client}/2026-03/w/regular/") for client in ("acme", "beta")]
    outcome = state.step([work_fact(worked(20))])
    sent = state.step([*named, *named])
    assert names([entry for _, entry in sent.outputs]) == [("beta", "2026-03", "w", True)]
    assert len(sent.kept) == 2
    restored = RateState(TENANT, 0)
    for key, value in outcome.kept:
        restored.restore(key, value)
    sent = restored.step(named)
    assert names([entry for _, entry in sent.outputs]) == [
        ("acme", "2026-03", "w", False),
        ("beta", "2026-03", "w", True),
    ]


def test_an_identity_is_read_as_it_was_written() -> None:
    for client, id_ in (("acme", "w"), ("", "desk:1/42"), ("", "")):
        identity = Identity(client, "2026-03", id_)
        assert parse_identity(identity_text(identity)) == identity
    assert parse_identity("acme/2026-04/w/reversal/2026-03").corrects_period == "2026-03"


def test_a_mark_is_kept_and_neither_counted_nor_shown() -> None:
    state = state_with(release_facts(TWO_CLIENTS))
    before = state.counts()
    mark = Fact(kind="mark", tenant="*", id="mark", rev=at("2026-03-03 10:00"))
    outcome = state.step([mark])
    assert (outcome.outputs, outcome.appends, [key for key, _ in outcome.kept]) == ([], [], [mark.key()])
    older = Fact(kind="mark", tenant="*", id="mark", rev=at("2026-03-02 10:00"))
    assert state.step([mark, older]).kept == []
    assert state.counts() == before
    restored = RateState(TENANT, 0)
    for key, value in outcome.kept:
        restored.restore(key, value)
    assert restored.counts().received == 0
    assert restored.step([older]).kept == []


def test_facts_of_later_slices_are_kept_and_counted() -> None:
    state = RateState(TENANT, 0)
    outcome = state.step([Fact(kind="due", tenant=TENANT, id="d1", rev=1)])
    assert len(outcome.kept) == 1
    assert state.counts().received == 1


def test_a_restored_state_in_any_order_sends_the_same_again() -> None:
    log = Log(release_facts(TWO_CLIENTS))
    log.feed(work_fact(worked(20)))
    log.feed(work_fact(worked(25, client="beta"), rev=2))
    log.feed(work_fact(worked(5, "x", "2026-03-04 10:00")))
    for kept in (log.kept, log.kept[::-1]):
        restored = RateState(TENANT, 0)
        for key, value in kept:
            restored.restore(key, value)
        assert restored.counts() == log.state.counts()
        again = restored.step([work_fact(worked(20))])
        assert again.kept == []
        assert again.appends == []
        assert again.outputs == log.state.step([work_fact(worked(20))]).outputs
        assert len(again.outputs) == 2, "the row at beta, and the void one at acme"


def test_an_append_costs_the_same_in_a_long_statement_as_in_a_short_one() -> None:
    """Bar 5, in rows rather than seconds: only the appended row is computed and sent."""
    state = state_with(release_facts(catalogue(scope="ticket_day", increment_minutes=15)))
    start = at("2026-03-01 00:00")
    for n in range(300):
        begin = start + n * 7200
        sent = outputs(state, work_fact(work(f"w{n:03}", (begin, begin + 300), ticket=f"T{n}")))
        assert [one.identity.work for one in sent] == [f"w{n:03}"]


def test_a_contract_that_begins_later_is_found_by_a_later_release() -> None:
    """Unpriced today, billed as soon as the catalogue says how; the same row, a higher version."""
    objects = [one for one in catalogue() if not isinstance(one, Contract)]
    first = release_facts(objects)
    log = Log(first)
    log.feed(work_fact(worked(60)))
    (before,) = log.live()
    assert (before.disposition, before.risk_amount) == ("no_rate_path", 100_00)
    contract = Contract.model_validate({"id": "tm", "client": "acme", "from": date(2026, 1, 1)})
    for fact in release_facts([*objects, contract], 2, first[-1].digest()):
        log.feed(fact)
    (after,) = log.live()
    assert (after.disposition, after.amount, after.risk_amount) == ("billed", 100_00, 0)
    assert after.identity == before.identity
    assert log.versions(after.identity) == sorted(set(log.versions(after.identity)))
    assert len(log.versions(after.identity)) == 2
