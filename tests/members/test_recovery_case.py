"""R-A05: what follows from the rows of a recovery, beside the same in the words of the rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings, strategies as st

from ussd_app.members.recovery_case import GUARANTORS, PEOPLE, Case, Rules, Sim, Stage, Yes
from ussd_app.members.sim_swaps import CLEAN, SWAPPED, UNKNOWN

OPENED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
RULES = Rules()
COOLING, AFTER_AGENT = timedelta(hours=1), timedelta(hours=24)

moments = st.integers(0, 48 * 60).map(lambda minutes: OPENED + timedelta(minutes=minutes))
words = st.lists(
    st.builds(Yes, st.sampled_from([f"guarantor:{number}" for number in range(4)]), moments),
    max_size=6,
)
approvals = st.lists(
    st.builds(Yes, st.sampled_from(["staff:1", "staff:2", "operator:1", "agent:5"]), moments),
    max_size=5,
)
sims = st.builds(
    Sim,
    st.sampled_from(["asked", CLEAN, SWAPPED, UNKNOWN]),
    st.none() | moments,
    st.none() | moments,
    st.none() | st.just("ATX-1"),
    st.none() | moments,
)
cases = st.builds(
    Case,
    id=st.just(1),
    member=st.just(1),
    path=st.sampled_from([GUARANTORS, PEOPLE]),
    state=st.just("open"),
    quorum=st.integers(1, 3),
    approvals_needed=st.just(2),
    cooling=st.just(COOLING),
    cooling_after_agent=st.just(AFTER_AGENT),
    opened_at=st.just(OPENED),
    expires_at=st.just(OPENED + timedelta(hours=72)),
    told_ready=st.booleans(),
    sim=sims,
    guarantors=st.just([]),
    answers=st.just({}),
    vouches=words,
    approvals=approvals,
)


def different(words: list[Yes], until: datetime) -> int:
    return len({yes.whose for yes in words if yes.at <= until})


@settings(max_examples=500)
@given(case=cases, now=moments)
def test_r_a05_ready_is_what_enough_different_people_decided_long_enough_ago(
    case: Case, now: datetime
) -> None:
    cooled, seen = now - COOLING, now - AFTER_AGENT
    is_bad, since = case.sim.verdict in (SWAPPED, UNKNOWN), case.sim.bad_since
    knowing = [yes for yes in case.approvals if not (is_bad and since and yes.at < since)]
    staff = [yes for yes in knowing if not yes.whose.startswith("agent")]
    agents = [yes for yes in case.approvals if yes.whose.startswith("agent")]
    vouched = case.path == GUARANTORS and different(list(case.vouches), cooled) >= case.quorum
    approved = different(staff, cooled) >= 2
    identified = case.path == PEOPLE and different(agents, seen) >= 1
    if is_bad:
        agreed = identified and different(staff, cooled) >= 1
        may = (approved and (vouched or case.path == PEOPLE)) or agreed
    else:
        may = vouched or approved or identified

    is_ready = case.stage(now) in (Stage.CHECKING, Stage.READY)

    assert is_ready == may
    assert (case.ready_at is not None and case.ready_at <= now) == may


@given(case=cases, now=moments)
def test_r_a05_nothing_is_ready_before_the_sim_was_asked_for_after_the_cooling(
    case: Case, now: datetime
) -> None:
    if case.stage(now) is Stage.READY:
        assert case.ready_at
        assert case.sim.asked_at
        assert case.sim.known_at
        assert case.ready_at <= case.sim.asked_at <= case.sim.known_at


@given(case=cases, now=moments, whose=st.sampled_from(["guarantor:0", "guarantor:1"]))
def test_r_a05_the_same_word_again_moves_nothing(case: Case, now: datetime, whose: str) -> None:
    first = [yes for yes in case.vouches if yes.whose == whose and yes.at <= now]

    again = replace(case, vouches=[*case.vouches, *([Yes(whose, now)] if first else [])])

    assert again.ready_at == case.ready_at


@given(case=cases, now=moments)
def test_r_a05_a_bad_sim_never_makes_it_easier(case: Case, now: datetime) -> None:
    clean, bad = (case.ready_at_if(sim_is_bad=is_bad) for is_bad in (False, True))

    assert bad is None or (clean is not None and clean <= bad)


@given(case=cases, now=moments)
def test_r_a05_a_recovery_that_is_checked_wants_a_check_or_waits_for_one(
    case: Case, now: datetime
) -> None:
    if case.stage(now) is Stage.CHECKING:
        waits = case.sim.is_awaited and case.next_moment(now, RULES) > now
        gives_up = case.has_waited(now, RULES)

        assert case.wants_check(now, RULES) or waits or gives_up


@given(case=cases, now=moments)
def test_r_a05_what_is_to_be_asked_is_asked_now(case: Case, now: datetime) -> None:
    if case.wants_check(now, RULES):
        assert case.next_moment(now, RULES) == now


@given(case=cases, now=moments)
def test_r_a05_nobody_is_asked_while_an_answer_may_come(case: Case, now: datetime) -> None:
    if case.sim.is_awaited and not case.has_waited(now, RULES):
        assert not case.wants_check(now, RULES)
