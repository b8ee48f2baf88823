"""The rules of linking and of the minute that is counted once (rules.md J), by one technician's day."""

from __future__ import annotations

from typing import Any

import pytest

from billing.link import LinkState
from billing.spans import length
from streams.models.event import Ref, TicketRef
from streams.models.fact import Fact
from streams.models.interval import Interval
from streams.models.work import Work
from tests.billing.making import MESH, TENANT, clock, fact, gone, known, mark, newest, script, session, timer

DIRECTORY = [
    known("technician", id="dana"),
    known("client", id="acme", aliases={"*": ["group-1"]}),
    known("client", id="birch"),
    known("device", id="ws1", client="acme"),
    known("device", id="ws2", client="acme"),
    known("device", id="nas", client="birch"),
    known("ticket", id="t1", client="acme"),
    known("ticket", id="t2", client="acme"),
    known("ticket", id="b1", client="birch"),
]


def settled(*facts: Fact | Interval, directory: list[Fact] = DIRECTORY) -> dict[str, Work]:
    """The last work of every interval, with what link appended come back."""
    state, log = LinkState(TENANT), [*directory, *(fact(f) if isinstance(f, Interval) else f for f in facts)]
    outcomes = []
    while log:
        outcomes.append(state.step(log))
        log = outcomes[-1].appends
    return newest(outcomes)


def minutes(work: Work) -> float:
    return work.seconds / 60


def until(work: Work) -> int:
    return work.spans[-1][1]


NIGHT = mark(clock("16:00") + 86_400)


def test_pr4_the_next_timer_of_a_technician_ends_the_one_that_runs() -> None:
    works = settled(timer("a", clock("16:00"), None, ticket="t1"), timer("b", clock("16:40"), None, ticket="b1"))
    assert (works["a"].state, minutes(works["a"]), works["a"].flags) == ("done", 40, ("superseded",))
    assert works["b"].state == "running"


def test_pr4_in_parallel_mode_several_timers_run() -> None:
    parallel = known("organisation", id="organisation", timers="parallel")
    both = (timer("a", clock("16:00"), None, ticket="t1"), timer("b", clock("16:40"), None, ticket="b1"))
    assert [work.state for work in settled(*both, directory=[*DIRECTORY, parallel]).values()] == ["running"] * 2


def test_pr4_a_timer_beyond_the_cap_ends_nothing_and_somebody_elses_neither() -> None:
    late = timer("b", clock("16:00") + 8 * 3600, None, ticket="t1")
    assert settled(timer("a", clock("16:00"), None, ticket="t1"), late)["a"].state == "running"
    other = timer("b", clock("16:40"), None, ticket="t1", technician="erin")
    assert settled(timer("a", clock("16:00"), None, ticket="t1"), other)["a"].state == "running"


def test_pr4_a_paused_timer_that_another_one_follows_ends_at_its_pause() -> None:
    paused = timer("a", clock("16:00"), None, ticket="t1", spans=((clock("16:00"), clock("16:10")),), open_from=None)
    work = settled(paused, timer("b", clock("16:40"), clock("16:50"), ticket="t1"))["a"]
    assert (work.state, minutes(work)) == ("done", 10)
    resumed = timer(
        "a", clock("16:00"), None, ticket="t1", spans=((clock("16:00"), clock("16:10")),), open_from=clock("17:00")
    )
    work = settled(resumed, timer("b", clock("16:40"), clock("16:50"), ticket="t1"))["a"]
    assert work.state == "running", "it was resumed after the other one"


def test_pr5_a_forgotten_timer_ends_after_the_last_activity_and_grace() -> None:
    activity = session("s", clock("16:10"), clock("16:25"), device="ws1")
    work = settled(timer("a", clock("16:00"), None, ticket="t1"), activity, NIGHT)["a"]
    assert (until(work), work.flags) == (clock("16:30"), ("estimated_end",))


def test_pr5_activity_that_began_before_the_timer_counts_by_its_end() -> None:
    activity = session("s", clock("15:50"), clock("16:25"), device="ws1")
    assert until(settled(timer("a", clock("16:00"), None, ticket="t1"), activity, NIGHT)["a"]) == clock("16:30")


def test_pr5_activity_at_another_client_says_nothing() -> None:
    activity = session("s", clock("16:10"), clock("16:25"), device="nas")
    work = settled(timer("a", clock("16:00"), None, ticket="t1"), activity, NIGHT)["a"]
    assert (minutes(work), work.flags) == (480, ("capped_end", "estimated_end"))


def test_pr5_the_true_stop_replaces_the_estimate() -> None:
    stop = fact(timer("a", clock("16:00"), clock("17:10"), ticket="t1"), rev=2)
    work = settled(timer("a", clock("16:00"), None, ticket="t1"), NIGHT, stop)["a"]
    assert (minutes(work), work.flags) == (70, ())


def test_pr5_before_the_limit_a_mark_changes_nothing() -> None:
    state = LinkState(TENANT)
    state.step([*DIRECTORY, fact(timer("a", clock("16:00"), None, ticket="t1"))])
    outcome = state.step([mark(clock("16:00") + 8 * 3600 - 1)])
    assert (outcome.outputs, outcome.appends) == ([], [])
    (lapsed,) = state.step([mark(clock("16:00") + 8 * 3600)]).appends
    assert (lapsed.kind, lapsed.id, lapsed.rev) == ("lapsed", "a", clock("16:00") + 8 * 3600)
    assert state.counts().waiting == 1, "it holds when it comes back through the log"
    assert state.step([lapsed]).outputs[0][1].state == "done"
    assert state.counts().waiting == 0


def test_pr5_an_open_interval_that_arrives_after_its_limit_lapses_at_once() -> None:
    state = LinkState(TENANT)
    state.step([*DIRECTORY, NIGHT])
    assert len(state.step([fact(timer("a", clock("16:00"), None))]).appends) == 1


def test_pr5_a_lost_session_ends_after_its_last_sign_or_a_script_on_that_device() -> None:
    lost = session("s", clock("16:00"), None, device="ws1", last_seen=clock("16:05"))
    run = script("r", clock("16:10"), clock("16:20"), device="ws1")
    elsewhere = script("q", clock("16:30"), clock("16:40"), device="ws2")
    assert until(settled(lost, NIGHT)["s"]) == clock("16:10")
    assert until(settled(lost, run, elsewhere, NIGHT)["s"]) == clock("16:25")


def test_pr5_a_paused_timer_just_ends_at_its_pause() -> None:
    paused = timer("a", clock("16:00"), None, ticket="t1", spans=((clock("16:00"), clock("16:10")),), open_from=None)
    work = settled(paused, NIGHT)["a"]
    assert (work.state, minutes(work), work.flags) == ("done", 10, ())


def test_pr6_what_a_session_shows_beyond_the_timer_is_recovered() -> None:
    works = settled(
        timer("a", clock("9:00"), clock("9:45"), ticket="t1"), session("s", clock("9:10"), clock("9:50"), device="ws1")
    )
    assert (minutes(works["a"]), works["a"].recovered) == (45, False)
    assert (minutes(works["s"]), works["s"].recovered, works["s"].path, works["s"].ticket) == (5, True, "timer", "t1")
    assert [(proof.interval, proof.seconds) for proof in works["a"].proof] == [("a", 2700), ("s", 2100)]


def test_pr6_a_session_under_the_timer_is_absorbed_and_names_it() -> None:
    under = session("s", clock("9:10"), clock("9:40"), device="ws1")
    works = settled(timer("a", clock("9:00"), clock("9:45"), ticket="t1"), under)
    assert (works["s"].state, works["s"].reason, works["s"].spans) == ("absorbed", "a", ())
    running = settled(timer("a", clock("9:00"), None, ticket="t1"), under)
    assert (running["a"].state, running["s"].state) == ("running", "absorbed")


def test_pr6_pauses_without_a_place_still_cover_and_placed_ones_do_not() -> None:
    bounds = (clock("9:00"), clock("10:00"))
    during = session("s", clock("9:40"), clock("9:50"), device="ws1")
    worked = ((clock("9:00"), clock("9:30")),)
    unplaced = timer("a", *bounds, ticket="t1", spans=worked, flags=("pauses_unplaced",))
    assert settled(unplaced, during)["s"].state == "absorbed"
    assert minutes(settled(timer("a", *bounds, ticket="t1", spans=worked), during)["s"]) == 10


def test_pr7_sessions_at_one_client_are_their_union() -> None:
    works = settled(
        session("s1", clock("10:00"), clock("10:40"), device="ws1"),
        session("s2", clock("10:20"), clock("11:00"), device="ws1"),
    )
    assert (works["s1"].spans, works["s2"].state) == (((clock("10:00"), clock("11:00")),), "absorbed")
    apart = settled(
        session("s1", clock("10:00"), clock("10:40"), device="ws1"),
        session("s2", clock("10:20"), clock("11:00"), device="ws2"),
    )
    assert [minutes(work) for work in apart.values()] == [40, 20]
    assert apart["s2"].flags == ("clipped",)


def test_pr7_sessions_join_over_the_merge_gap_and_the_smallest_id_leads() -> None:
    later, sooner = (
        session("a", clock("10:25"), clock("10:30"), device="ws1"),
        session("b", clock("10:00"), clock("10:20"), device="ws1"),
    )
    works = settled(later, sooner)
    assert (len(works["a"].spans), minutes(works["a"]), works["b"].reason) == (2, 25, "a")
    works = settled(later, session("b", clock("10:00"), clock("10:19"), device="ws1"))
    assert [work.state for work in works.values()] == ["done", "done"]


def test_pr8_at_two_clients_both_count_and_the_hours_are_shared() -> None:
    works = settled(
        timer("a", clock("9:00"), clock("10:00"), ticket="t1"), timer("b", clock("9:30"), clock("10:30"), ticket="b1")
    )
    assert [minutes(work) for work in works.values()] == [60, 60]
    assert (works["a"].shared, works["b"].shared) == ((), ((clock("9:30"), clock("10:00")),))


def test_pr8_at_one_client_the_minute_belongs_to_the_earlier_timer() -> None:
    works = settled(
        timer("a", clock("9:00"), clock("10:00"), ticket="t1"), timer("b", clock("9:30"), clock("10:30"), ticket="t2")
    )
    assert [minutes(work) for work in works.values()] == [60, 30]
    assert works["b"].flags == ("clipped",)
    inside = timer("b", clock("9:30"), clock("9:40"), ticket="t2")
    work = settled(timer("a", clock("9:00"), clock("10:00"), ticket="t1"), inside)["b"]
    assert (work.state, work.reason) == ("absorbed", "a")


def test_pr9_touching_timers_neither_overlap_nor_merge() -> None:
    works = settled(
        timer("a", clock("12:45"), clock("13:00"), ticket="t1"), timer("b", clock("13:00"), clock("13:15"), ticket="t1")
    )
    assert [(minutes(work), work.flags, work.shared) for work in works.values()] == [(15, (), ())] * 2


def test_pr12_a_script_run_that_no_policy_prices_is_void() -> None:
    work = settled(script("r", clock("9:00"), clock("9:30"), device="ws1"))["r"]
    assert (work.state, work.reason) == ("void", "script_without_policy")


def test_pr15_a_stop_without_a_start_is_work_without_seconds_at_its_instant() -> None:
    orphan = session("s", clock("9:00"), clock("9:00"), device="ws1", close="orphan_stop")
    work = settled(orphan)["s"]
    assert (work.state, work.reason, work.seconds, work.start) == ("done", "orphan_stop", 0, clock("9:00"))


def test_unauthenticated_evidence_takes_what_authenticated_evidence_leaves() -> None:
    works = settled(
        session("a", clock("9:00"), clock("10:00"), device="ws1", authenticated=False),
        session("b", clock("9:30"), clock("10:30"), device="ws1"),
        timer("c", clock("8:00"), clock("9:40"), ticket="t1", authenticated=False),
    )
    assert [minutes(works[name]) for name in "abc"] == [0, 60, 90]
    assert (works["a"].state, works["a"].reason) == ("absorbed", "b")
    assert not works["c"].authenticated


def test_non_billable_sessions_keep_to_themselves() -> None:
    works = settled(
        session("a", clock("9:00"), clock("9:10"), device="ws1", billable=False),
        session("b", clock("9:10"), clock("9:20"), device="ws1"),
    )
    assert [(minutes(work), work.billable) for work in works.values()] == [(10, False), (10, None)]


# linking


def assigned(**tickets: dict[str, Any]) -> list[Fact]:
    base = {"technicians": ["dana"], "client": "acme"}
    return [*DIRECTORY, *(known("ticket", rev=2, id=id_, **(base | fields)) for id_, fields in tickets.items())]


ON_WS1 = session("s", clock("9:00"), clock("9:10"), device="ws1")


def test_a_session_links_by_explicit_ticket_first() -> None:
    work = settled(session("s", clock("9:00"), clock("9:10"), device="ws1", ticket="t2"))["s"]
    assert (work.path, work.client, work.ticket) == ("ticket", "acme", "t2")


def test_a_session_links_to_the_one_open_ticket_of_its_device_then_of_its_client() -> None:
    work = settled(ON_WS1, directory=assigned(t1={"device": "ws1"}, t2={}))["s"]
    assert (work.path, work.ticket) == ("device_ticket", "t1")
    work = settled(ON_WS1, directory=assigned(t2={}))["s"]
    assert (work.path, work.ticket) == ("client_ticket", "t2")


def test_two_open_tickets_are_candidates_and_none_is_chosen() -> None:
    work = settled(ON_WS1, directory=assigned(t1={}, t2={}))["s"]
    assert (work.path, work.ticket, work.client, work.candidates) == ("alias", None, "acme", ("t1", "t2"))
    work = settled(ON_WS1, directory=assigned(t1={"device": "ws1"}, t2={"device": "ws1"}))["s"]
    assert (work.path, work.candidates) == ("alias", ("t1", "t2"))


@pytest.mark.parametrize(
    ("opened", "closed", "path"),
    [
        ("2026-03-02T09:00:00Z", None, "client_ticket"),
        ("2026-03-02T09:00:01Z", None, "alias"),
        (None, "2026-03-02T09:00:00Z", "alias"),
        (None, "2026-03-02T09:00:01Z", "client_ticket"),
    ],
)
def test_a_ticket_counts_while_it_is_open_at_the_start_of_the_work(
    opened: str | None, closed: str | None, path: str
) -> None:
    assert settled(ON_WS1, directory=assigned(t1={"opened": opened, "closed": closed}))["s"].path == path


def test_a_ticket_may_name_its_technician_as_its_source_does() -> None:
    dana = known("technician", rev=2, id="dana", aliases={"syncro": ["41"]})
    directory = [*assigned(t1={"technicians": ["syncro=41"]}), dana]
    assert settled(ON_WS1, directory=directory)["s"].ticket == "t1"


def test_unknown_people_and_things_are_kept_with_the_reason() -> None:
    def link(**fields: Any) -> tuple[str, str, str | None, str]:
        work = settled(session("s", clock("9:00"), clock("9:10"), **fields))["s"]
        return work.path, work.reason, work.client, work.who

    assert link(device="other") == ("none", "client_unknown", None, "dana")
    assert link(device="ws1", technician="erin") == ("none", "technician_unknown", "acme", "erin")
    assert link(device="ws1", technician=None) == ("none", "no_technician", "acme", "")
    assert link(ticket="t9") == ("none", "ticket_unknown", None, "dana")
    assert link(client="group-1") == ("alias", "", "acme", "dana")


def test_a_timer_keeps_an_unknown_ticket_as_text_if_its_client_is_known() -> None:
    work = settled(timer("a", clock("9:00"), clock("9:10"), ticket="t9", client="group-1"))["a"]
    assert (work.path, work.ticket, work.client, work.flags) == ("ticket", "t9", "acme", ("ticket_unknown",))
    work = settled(timer("a", clock("9:00"), clock("9:10"), ticket="t9"))["a"]
    assert (work.path, work.reason) == ("none", "ticket_unknown")


def test_the_ticket_wins_over_the_device_where_their_clients_differ() -> None:
    work = settled(session("s", clock("9:00"), clock("9:10"), device="nas", ticket="t1"))["s"]
    assert (work.client, work.ticket, work.flags) == ("acme", "t1", ("client_conflict",))


def test_a_moved_device_belongs_to_the_client_it_had_when_the_work_started() -> None:
    moved = known("device", rev=2, id="ws1", client="acme", moves=[{"client": "birch", "from": "2026-03-02"}])
    zone = known("client", rev=2, id="birch", zone="America/New_York")  # midnight there is 05:00 UTC
    before, after = (
        session(name, clock(at), clock(at) + 60, device="ws1") for name, at in (("b", "4:59"), ("c", "5:00"))
    )
    works = settled(before, after, moved, zone)
    assert (works["b"].client, works["c"].client) == ("acme", "birch")


# facts come in any order, and each concerns what it could have changed


def fresh(*facts: Fact | Interval) -> LinkState:
    state = LinkState(TENANT)
    state.step([*DIRECTORY, *(fact(item) if isinstance(item, Interval) else item for item in facts)])
    return state


def sent(state: LinkState, *facts: Fact) -> dict[str, Work]:
    return newest([state.step(list(facts))])


def test_what_a_step_touches_is_sent_again_changed_or_not() -> None:
    neighbour = session("b", clock("9:12"), clock("9:20"), device="ws2")
    state = fresh(ON_WS1, neighbour)
    assert set(sent(state, fact(ON_WS1))) == {"s", "b"}
    far = session("c", clock("11:00"), clock("11:10"), device="ws1")
    assert set(sent(state, fact(far))) == {"c"}


def test_script_runs_around_the_clock_do_not_tie_their_days_together() -> None:
    state = fresh(*(script(f"r{hour}", clock("9:00") + hour * 3600, clock("10:00") + hour * 3600) for hour in range(9)))
    assert set(sent(state, fact(script("r9", clock("18:00"), clock("18:30"))))) == {"r9"}
    assert set(sent(state, fact(session("s", clock("9:10"), clock("9:20"), device="ws1")))) == {"s"}
    assert set(sent(state, fact(script("q", clock("9:15"), clock("9:16"))))) == {"q", "s"}


def test_insert_and_void_in_one_batch_touch_the_neighbours_all_the_same() -> None:
    """Laws: [insert, void of the same work] before covered work."""
    state = fresh(ON_WS1)
    cover = timer("a", clock("8:50"), clock("9:30"), ticket="t1")
    works = sent(state, fact(cover), gone("a", 2, "ticket_timer"))
    assert (works["a"].state, works["s"].state) == ("void", "done")


def test_an_interval_moved_to_another_day_touches_both_days_on_every_replay() -> None:
    """Laws: a session extended a timer and is then revised to another day."""
    cover = timer("a", clock("8:50"), clock("9:05"), ticket="t1")
    moved = fact(session("s", clock("9:00") + 86_400, clock("9:10") + 86_400, device="ws1"), rev=2)
    state = fresh(cover, ON_WS1)
    assert set(sent(state, moved)) == {"a", "s"}
    assert set(sent(state, fact(ON_WS1))) == {"a", "s"}


def test_a_directory_change_touches_what_could_resolve_through_any_revision() -> None:
    state = fresh(ON_WS1)
    for change in (
        known("ticket", rev=2, id="t1", client="acme", technicians=["dana"]),
        known("ticket", rev=2, id="t1", client="acme", technicians=["dana"]),
        known("ticket", rev=3, id="t1", client="birch"),
        known("ticket", rev=3, id="t1", client="birch"),
        known("device", rev=2, id="ws1", client="birch"),
        known("device", rev=1, id="ws1", client="acme"),
        known("technician", rev=2, id="dana", name="Dana"),
    ):
        assert set(sent(state, change)) == {"s"}, change.id
    assert set(sent(state, known("device", rev=2, id="ws2", client="birch"))) == set()


def test_an_alias_gives_time_back_to_a_person_who_was_unknown() -> None:
    unnamed = session("s", clock("9:00"), clock("9:10"), device="ws1", technician="d.ortiz")
    state = fresh(unnamed, timer("a", clock("8:50"), clock("9:30"), ticket="t1"))
    alias = known("technician", rev=2, id="dana", aliases={"meshcentral": ["d.ortiz"]})
    works = sent(state, alias)
    assert (works["s"].state, works["s"].reason) == ("absorbed", "a")
    works = sent(state, known("technician", rev=3, id="dana"))
    assert works["s"].reason == "technician_unknown"
    assert [proof.interval for proof in works["a"].proof] == ["a"], "the timer it leaves is sent too"


def test_an_alias_that_passes_to_somebody_else_touches_whom_it_leaves() -> None:
    both = known("technician", rev=2, id="dana", aliases={"*": ["7"]})
    state = fresh(both, session("s", clock("9:00"), clock("9:10"), device="ws1", technician="7"))
    sent(state, fact(timer("a", clock("8:50"), clock("9:30"), ticket="t1")))
    works = sent(state, known("technician", id="abe", aliases={"*": ["7"]}))  # the smaller id wins
    assert (works["s"].technician, works["s"].state) == ("abe", "done")
    assert [proof.interval for proof in works["a"].proof] == ["a"]


def test_a_ticket_taken_from_a_technician_is_no_candidate_any_more() -> None:
    state = fresh(known("ticket", rev=2, id="t1", client="acme", technicians=["dana"]), ON_WS1)
    assert sent(state, fact(ON_WS1))["s"].ticket == "t1"
    assert sent(state, known("ticket", rev=3, id="t1", client="acme"))["s"].ticket is None


def test_a_device_of_a_client_that_only_its_source_names_waits_for_that_client() -> None:
    state = fresh(known("device", rev=2, id="ws1", client="syncro=1204"), ON_WS1)
    assert sent(state, fact(ON_WS1))["s"].reason == "client_unknown"
    works = sent(state, known("client", id="cedar", aliases={"syncro": ["1204"]}))
    assert (works["s"].client, works["s"].path) == ("cedar", "alias")
    works = sent(state, known("ticket", id="c1", client="syncro=1204", technicians=["dana"]))
    assert works["s"].ticket == "c1"


def test_a_client_found_through_a_move_follows_that_clients_zone() -> None:
    moved = known("device", rev=2, id="ws1", client="acme", moves=[{"client": "birch", "from": "2026-03-02"}])
    state = fresh(moved, session("s", clock("4:30"), clock("4:40"), device="ws1"))
    assert sent(state, known("client", rev=2, id="birch", zone="America/New_York"))["s"].client == "acme"


def test_the_lead_is_sent_again_when_its_ticket_moves_through_its_device() -> None:
    nameless = known("ticket", rev=2, id="t3", device="ws1", technicians=["dana"])
    state = fresh(nameless, session("s", clock("9:00"), clock("9:10"), client="birch"))
    assert sent(state, known("device", rev=2, id="ws1", client="birch"))["s"].ticket == "t3"


def test_nobody_knows_more_with_a_smaller_version() -> None:
    state = LinkState(TENANT)
    versions = [state.step([item]).outputs for item in (*DIRECTORY, fact(ON_WS1), gone("s", 2))]
    assert versions[-1][0][0] > versions[-2][0][0]


def test_resolution_goes_from_instance_to_connector_to_all_to_email_to_id() -> None:
    def who(*technicians: Fact, ref: Ref | None = None) -> str | None:
        interval = session("s", clock("9:00"), clock("9:10"), device="ws1")
        named = Interval(
            **{n: getattr(interval, n) for n in interval.__struct_fields__} | {"technician": ref or Ref("7")}
        )
        return settled(named, directory=[*DIRECTORY, *technicians])["s"].technician

    everywhere = known("technician", id="c", aliases={"*": ["7"]})
    connector = known("technician", id="b", aliases={"meshcentral": ["7"]})
    instance = known("technician", id="e", aliases={"meshcentral:mesh1": ["7"]})
    mail = known("technician", id="f", email="Dana@Hit.example")
    assert who(everywhere) == "c"
    assert who(everywhere, connector) == "b"
    assert who(everywhere, connector, instance) == "e"
    assert who(connector, known("technician", id="a", aliases={"meshcentral": ["7"]})) == "a"
    assert who(mail, ref=Ref("9", email="dana@hit.EXAMPLE")) == "f"
    assert who(known("technician", id="7")) == "7"
    assert who() is None


def test_a_note_that_holds_no_known_ticket_does_not_stop_the_search() -> None:
    phone = session("s", clock("9:00"), clock("9:10"), device="ws1")
    named = Interval(
        **{n: getattr(phone, n) for n in phone.__struct_fields__} | {"ticket": TicketRef("5550100", "note")}
    )
    work = settled(named, directory=assigned(t1={}))["s"]
    assert (work.path, work.ticket, work.flags) == ("client_ticket", "t1", ("ticket_unknown",))


def test_the_trail_says_why() -> None:
    works = settled(
        timer("a", clock("9:00"), clock("9:45"), ticket="t1"), session("s", clock("9:10"), clock("9:50"), device="ws1")
    )
    assert [step.op for step in works["s"].trail] == ["evidence", "link"]
    assert works["s"].trail[-1].why == "a timer of the technician at this client ran meanwhile"
    assert length(works["a"].spans) == 2700


def test_what_people_wrote_goes_before_what_a_tool_reported_of_itself() -> None:
    """An imported list of devices names the instance exactly; the catalogue's wider alias holds all the same."""
    written = known("device", rev=2, id="ws7", client="acme", aliases={"meshcentral": ["node//7"]})
    reported = known("device", rev=3, id=f"~{MESH}:node7", client="birch", aliases={MESH: ["node//7"]})
    state = fresh(session("s", clock("9:00"), clock("9:10"), device="node//7"))
    assert sent(state, reported)["s"].client == "birch", "all there is"
    assert sent(state, written)["s"].client == "acme"
