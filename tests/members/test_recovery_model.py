"""R-A05: recoveries against a model of them, whatever people do in whatever order."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.members.lost import COLLEAGUE, OPERATOR, STAFF, WRONG, Lost
from tests.people import PIN
from ussd_app.audit.service import Actor
from ussd_app.errors import LimitReached, NotFound, PinLocked, PinWrong, Refusal
from ussd_app.members.invariants import INVARIANTS
from ussd_app.members.pin_texts import FOR_GOOD
from ussd_app.members.pin_vault import PinVault
from ussd_app.members.recoveries import NotReady
from ussd_app.members.sim_swaps import CLEAN, SWAPPED, UNKNOWN
from ussd_app.values import Phone

QUORUM, APPROVALS, A_WEEK, TRIES = 2, 2, 3, 3
AGE, COOLING, LASTS = timedelta(hours=72), timedelta(hours=1), timedelta(hours=24)
FRESH = timedelta(minutes=15)
BADNESS = {CLEAN: 0, UNKNOWN: 1, SWAPPED: 2}
PINS = ("4815", "2850", "6149", "8307", "5093")

GUARANTORS = st.integers(0, 3)
GOOD: dict[str, Any] = {
    "votes": "yy",
    "approvals": (),
    "parts": (),
    "verdicts": (CLEAN, CLEAN),
    "minutes": 61,
    "later": 0,
    "deed": "",
    "new": PINS[0],
}
TURNS: list[tuple[str, Any]] = [
    *(("votes", votes) for votes in ("y", "ny", "yny", "y-y", "yyyy", "yc", "cc", "nyc")),
    *(("approvals", by) for by in ((STAFF, COLLEAGUE), (STAFF, STAFF), (STAFF,))),
    *(("parts", places) for places in ((0,), (2,))),
    ("verdicts", (CLEAN, UNKNOWN)),
    ("verdicts", (SWAPPED, SWAPPED)),
    ("verdicts", (UNKNOWN, CLEAN)),
    ("minutes", 30),
    ("minutes", 24 * 60),
    ("later", 20),
    *(("deed", deed) for deed in ("veto", "unlock", "wrong", "log in")),
]
WAYS = st.lists(st.sampled_from(TURNS), max_size=3).map(lambda turns: GOOD | dict(turns))
APPROVED_TOO_EARLY = GOOD | {"approvals": (STAFF, COLLEAGUE), "verdicts": (CLEAN, UNKNOWN)}
APPROVERS = st.sampled_from([STAFF, COLLEAGUE, OPERATOR])
_numbers = itertools.count(1)


@dataclass
class Attempt:
    """A recovery as the model knows it."""

    id: int
    opened_at: datetime
    decides: str
    state: str = "open"
    tries: int = 0
    votes: dict[int, tuple[int, bool, datetime]] = field(default_factory=dict)
    approvals: dict[Actor, datetime] = field(default_factory=dict)
    checks: list[tuple[datetime, str]] = field(default_factory=list)

    def is_void(self, approved_at: datetime) -> bool:
        """Whether somebody approved of a SIM that has turned out worse since then."""
        worse, known = [], CLEAN
        for at, verdict in self.checks:
            if BADNESS[verdict] > BADNESS[known]:
                worse.append(at)
            known = verdict if verdict == CLEAN else max(known, verdict, key=BADNESS.__getitem__)
        return known != CLEAN and approved_at < worse[-1]


@dataclass
class Model:
    """Who vouches for the owner, since when; their PIN; and every recovery there was."""

    verifier: str
    pin: str = PIN
    failures: int = 0
    locked_until: datetime | None = None
    accepted: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)

    def open_at(self, now: datetime) -> Attempt | None:
        last = self.attempts[-1] if self.attempts else None
        return last if last and last.state == "open" and now < last.opened_at + LASTS else None

    def may_vote(self, attempt: Attempt, guarantor: int) -> bool:
        _guaranty, accepted_at = self.accepted.get(guarantor, (0, attempt.opened_at))
        return attempt.decides == "guarantors" and accepted_at + AGE <= attempt.opened_at

    def vouched(self, attempt: Attempt) -> list[datetime]:
        """When those whose word counts said yes: each once, of their own guaranty."""
        return sorted(
            at
            for guarantor, (guaranty, vouches, at) in attempt.votes.items()
            if vouches
            and self.may_vote(attempt, guarantor)
            and self.accepted[guarantor][0] == guaranty
        )

    def may_finish(self, now: datetime) -> bool:
        """The rule in plain words."""
        attempt = self.open_at(now)
        if attempt is None or not attempt.checks:
            return False
        checked_at, verdict = attempt.checks[-1]

        def ready_at(with_swap: bool) -> datetime | None:
            votes, approvals = self.vouched(attempt), sorted(attempt.approvals.values())
            staff = [at for at in approvals if not (with_swap and attempt.is_void(at))]
            vouched = votes[QUORUM - 1] if len(votes) >= QUORUM else None
            approved = staff[APPROVALS - 1] if len(staff) >= APPROVALS else None
            if with_swap and attempt.decides == "guarantors":
                return max(vouched, approved) + COOLING if vouched and approved else None
            return min((at for at in (vouched, approved) if at), default=now) + COOLING

        ready = ready_at(verdict != CLEAN)
        return ready is not None and ready <= checked_at and checked_at > now - FRESH


class RecoveriesAndModel(RuleBasedStateMachine):
    """Does to the model what it does to the recoveries."""

    def __init__(self, lost: Lost) -> None:
        super().__init__()
        self.lost, self.world, self.recoveries = lost, lost.world, lost.recoveries
        self.insights, self.vault = (
            lost.insights,
            PinVault(lost.world.settings.pin_peppers, slots=2),
        )
        self.insights.meanwhile = self.note_check
        self.insights.verdict = CLEAN

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def note_check(self) -> None:
        phone = self.insights.asked[-1]
        if phone == self.owner:
            assert self.insights.verdict
            self.model.attempts[-1].checks.append((self.now, self.insights.verdict))

    @initialize(guarantors=st.sampled_from([4, 4, 3, 2, 1, 0]), hours=st.sampled_from([96, 96, 60]))
    def people(self, guarantors: int, hours: int) -> None:
        """An owner; the third guarantor and the fourth accepted so many hours ago."""
        number = next(_numbers)
        phones = [Phone(f"+25472{number:04}{place:03}") for place in range(5)]
        self.owner, self.guarantors = phones[0], phones[1:]
        with self.world.db.work() as work:
            ids = [
                work.the_row(
                    """
                    INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)
                    VALUES (nextval('member_id'), %s, 'Neema', 'en', 'ACTIVE', 2, %s, %s)
                    RETURNING id
                    """,
                    phone,
                    self.now,
                    self.now,
                )[0]
                for phone in phones
            ]
            self.member = ids[0]
            verifier = self.vault.seal(self.member, PIN).dump()
            self.world.services.pins.set_first(work, self.member, verifier)
            self.model = Model(verifier)
            for place in range(guarantors):
                then = self.now - timedelta(hours=96 if place < QUORUM else hours)
                (guaranty,) = work.the_row(
                    """
                    INSERT INTO guarantor (ward, guarantor, state, asked_at, accepted_at)
                    VALUES (%s, %s, 'accepted', %s, %s) RETURNING id
                    """,
                    self.member,
                    ids[1 + place],
                    then,
                    then,
                )
                self.model.accepted[place] = (guaranty, then)

    @rule(place=GUARANTORS)
    def accept(self, place: int) -> None:
        trust, phone = self.world.services.guarantors, self.guarantors[place]
        if place in self.model.accepted:
            return
        try:
            trust.ask(self.owner, phone)
        except Refusal:  # too many today, or too soon after a recovery
            return
        request = trust.asked(phone)
        assert request
        trust.answer(phone, request.id, accepts=True)
        with self.world.db.reading() as reading:
            row = reading.the_row("SELECT id, accepted_at FROM guarantor WHERE id = %s", request.id)
        self.model.accepted[place] = (row[0], row[1])

    @rule(place=GUARANTORS, by_ward=st.booleans())
    def part(self, place: int, by_ward: bool) -> None:
        trust, guaranty = self.world.services.guarantors, self.model.accepted.get(place)
        if guaranty is None:
            return
        try:
            if by_ward:
                trust.remove(self.owner, guaranty[0])
            else:
                trust.leave(self.guarantors[place], guaranty[0])
        except Refusal:
            return
        del self.model.accepted[place]

    @rule()
    def open(self) -> None:
        now, attempts = self.now, self.model.attempts
        standing = self.model.open_at(now)
        lately = [one for one in attempts if one.opened_at > now - timedelta(days=7)]
        if standing is None and len(lately) >= A_WEEK:
            self.refused(lambda: self.recoveries.open(self.owner), LimitReached)
            return
        told = self.recoveries.open(self.owner)
        if standing:
            assert told.id == standing.id
            return
        opened_at = told.expires_at - LASTS
        aged = [1 for _id, at in self.model.accepted.values() if at + AGE <= opened_at]
        decides = "guarantors" if len(aged) >= QUORUM else "people"
        attempts.append(Attempt(told.id, opened_at, decides))

    def recover(
        self,
        *,
        votes: str,
        approvals: tuple[Actor, ...],
        parts: tuple[int, ...],
        verdicts: tuple[str, str],
        minutes: int,
        later: int,
        deed: str,
        new: str,
    ) -> None:
        """One whole attempt, of whatever worth; the first guarantors say yes or no, or change."""
        self.insights.verdict = verdicts[0]
        self.open()
        if not self.model.attempts:
            return
        self.work()
        for place, vote in enumerate(votes):
            if vote != "-":
                self.vote(place, vouches=vote == "y")
        for place, vote in enumerate(votes):
            if vote == "c":  # changes their mind
                self.wait(10, works=False)
                self.vote(place, vouches=True)
        for by in approvals:
            self.approve(by)
        for place in parts:
            self.part(place, by_ward=True)
        self.insights.verdict = verdicts[1]
        self.wait(minutes, works=True)
        self.wait(later, works=False)
        self.do(deed)
        self.check()
        self.finish(new)
        self.check()

    def do(self, deed: str) -> None:
        match deed:
            case "veto":
                self.veto(is_right=True)
            case "unlock":
                self.unlock(is_right=True)
            case "wrong":
                self.type_wrong_pin()
                self.veto(is_right=False)
            case "log in":
                self.log_in()

    def check(self) -> None:
        self.the_pin_is_what_the_model_says()
        self.votes_are_counted_as_in_the_model()
        self.reconcile_finds_nothing()

    @precondition(lambda self: self.model.attempts)
    @rule(place=GUARANTORS, vouches=st.sampled_from([True, True, True, False]))
    def vote(self, place: int, vouches: bool) -> None:
        attempt = self.model.attempts[-1]

        def deed() -> object:
            return self.recoveries.vote(self.guarantors[place], attempt.id, vouches=vouches)

        if self.model.open_at(self.now) and self.model.may_vote(attempt, place):
            deed()
            guaranty, _at = self.model.accepted[place]
            said_yes = attempt.votes.get(place, (0, False, self.now))[1]
            if not said_yes and (vouches or place not in attempt.votes):
                attempt.votes[place] = (guaranty, vouches, self.now)
        else:
            self.refused(deed, NotFound)

    @precondition(lambda self: self.model.attempts)
    @rule(by=APPROVERS)
    def approve(self, by: Actor) -> None:
        attempt = self.model.attempts[-1]

        def deed() -> int:
            return self.lost.desk.approve(attempt.id, by=by, why="knows her")

        if self.model.open_at(self.now):
            told = deed()
            if by not in attempt.approvals or attempt.is_void(attempt.approvals[by]):
                attempt.approvals[by] = self.now
            assert told == sum(not attempt.is_void(at) for at in attempt.approvals.values())
        else:
            self.refused(deed, NotFound)

    @rule(is_right=st.booleans())
    def veto(self, is_right: bool) -> None:
        self.end_with_pin(self.recoveries.veto, "vetoed", is_right=is_right, may=True)

    @rule(is_right=st.booleans())
    def unlock(self, is_right: bool) -> None:
        progress = self.recoveries.progress(self.owner)
        may = progress is not None and progress.stage == "ready"
        self.end_with_pin(self.recoveries.unlock, "unlocked", is_right=is_right, may=may)

    @rule(new=st.sampled_from(PINS))
    def finish(self, new: str) -> None:
        candidate = self.vault.seal(self.member, new).dump()
        may = self.model.may_finish(self.now)
        if not may:
            self.refused(lambda: self.recoveries.finish(self.owner, candidate), NotReady)
            return
        self.recoveries.finish(self.owner, candidate)
        self.model.attempts[-1].state = "done"
        self.model.pin, self.model.verifier = new, candidate
        self.forgive()

    @rule(verdict=st.sampled_from([CLEAN, CLEAN, SWAPPED, UNKNOWN]))
    def sim(self, verdict: str) -> None:
        self.insights.verdict = verdict

    @rule(minutes=st.sampled_from([10, 30, 61, 61, 300, 24 * 60, 73 * 60]), works=st.booleans())
    def wait(self, minutes: int, works: bool) -> None:
        self.world.clock.advance(minutes=minutes)
        if works:
            self.work()

    @rule()
    def work(self) -> None:
        """The errands; who is told by SMS is no business of the model's."""
        with self.world.db.work() as work:
            work.run("DELETE FROM errand WHERE kind = 'sms'")
            work.run(
                "DELETE FROM errand WHERE kind = 'recovery' AND subject < %s",
                self.model.attempts[0].id if self.model.attempts else 2**62,
            )
        self.world.run_errands()

    @rule()
    def type_wrong_pin(self) -> None:
        if self.is_locked():
            self.refused(lambda: self.world.services.pins.check(self.owner, WRONG), PinLocked)
            return
        if self.model.locked_until:  # until a while ago
            self.forgive()
        try:
            self.world.services.pins.check(self.owner, WRONG)
        except PinWrong:
            self.model.failures += 1
        except PinLocked as locked:
            self.model.failures, self.model.locked_until = TRIES, locked.until or FOR_GOOD

    @rule()
    def log_in(self) -> None:
        """Nothing but wrong PINs at the door locks out an owner who knows the PIN."""

        def deed() -> int:
            return self.world.services.pins.check(self.owner, self.model.pin)

        if self.is_locked():
            self.refused(deed, PinLocked)
        else:
            assert deed() == self.member
            self.forgive()

    @invariant()
    def the_pin_is_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.world.db.reading() as reading:
            pepper, verifier, failures, locked_until = reading.the_row(
                "SELECT pepper, verifier, failures, locked_until FROM pin WHERE member = %s",
                self.member,
            )
        assert f"{pepper}:{verifier}" == self.model.verifier
        assert (failures, locked_until) == (self.model.failures, self.model.locked_until)

    @invariant()
    def votes_are_counted_as_in_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        attempt, progress = self.model.open_at(self.now), self.recoveries.progress(self.owner)
        assert (progress is None) == (attempt is None)
        if progress and attempt:
            assert progress.vouched == len(self.model.vouched(attempt))
            if progress.stage == "people" and attempt.decides == "guarantors":
                assert attempt.checks[-1][1] != CLEAN

    @invariant()
    def reconcile_finds_nothing(self) -> None:
        ours = [one for one in INVARIANTS if "vouched" in one.name or "recovered" in one.name]
        assert len(ours) == 2
        with self.world.db.reading() as reading:
            for one in ours:
                assert list(reading.rows(one.query)) == []

    def end_with_pin(
        self, deed: Callable[[Phone, str], object], state: str, *, is_right: bool, may: bool
    ) -> None:
        attempt = self.model.attempts[-1] if self.model.attempts else None
        pin = self.model.pin if is_right else WRONG
        if attempt and attempt.state == state:
            deed(self.owner, pin)  # again, which is no error
        elif self.model.open_at(self.now) is None:
            self.refused(lambda: deed(self.owner, pin), NotFound)
        elif not may:
            self.refused(lambda: deed(self.owner, pin), NotReady)
        else:
            assert attempt
            attempt.tries += 1
            used_up = attempt.tries > TRIES or (attempt.tries == TRIES and not is_right)
            if used_up and state != "vetoed":
                self.refused(lambda: deed(self.owner, pin), PinLocked)
            elif used_up:  # whoever wants it stopped gets it stopped
                deed(self.owner, pin)
                attempt.state = state
            elif not is_right:
                self.refused(lambda: deed(self.owner, pin), PinWrong)
            else:
                deed(self.owner, pin)
                attempt.state = state
                if state == "unlocked":
                    self.forgive()

    def is_locked(self) -> bool:
        until = self.model.locked_until
        return until is not None and self.now < until

    def forgive(self) -> None:
        self.model.failures, self.model.locked_until = 0, None

    def refused(self, deed: Callable[[], object], refusal: type[Exception]) -> None:
        try:
            deed()
        except refusal:
            return
        raise AssertionError(f"that should have been a {refusal.__name__}")


def test_r_a05_recoveries_do_what_a_model_of_them_does(lost: Lost) -> None:
    class OfThisWorld(RecoveriesAndModel):
        def __init__(self) -> None:
            super().__init__(lost)

    run_state_machine_as_test(
        OfThisWorld, settings=settings(max_examples=15, stateful_step_count=20, deadline=None)
    )


@pytest.mark.parametrize("hours", [96, 60])
def test_r_a05_each_turn_of_a_way_ends_as_in_the_model(lost: Lost, hours: int) -> None:
    for turn in [("new", PINS[1]), *TURNS]:
        both = RecoveriesAndModel(lost)
        both.people(4, hours)
        both.recover(**(GOOD | dict([turn])))


@settings(max_examples=25)
@example(guarantors=4, ways=[APPROVED_TOO_EARLY])
@given(guarantors=st.sampled_from([4, 4, 3, 2, 1]), ways=st.lists(WAYS, min_size=1, max_size=2))
def test_r_a05_whole_ways_end_as_those_of_a_model_of_them(
    lost: Lost, guarantors: int, ways: list[dict[str, Any]]
) -> None:
    both = RecoveriesAndModel(lost)
    both.people(guarantors, 96)
    for way in ways:
        both.recover(**way)
        both.wait(24 * 60, works=False)
