"""Get a lost PIN back through people who know its owner; docs/recovery.md argues why it is safe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db import outbox
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotAllowed, NotFound, PinLocked, PinWrong
from ussd_app.members import recovery_texts
from ussd_app.members.guarantors import ANSWER
from ussd_app.members.pins import Pins
from ussd_app.members.recovery_case import OPEN, Case, Progress, Rules, Stage, progress_of
from ussd_app.members.recovery_docket import Docket
from ussd_app.members.recovery_pleas import Plea, may_vote, open_pleas
from ussd_app.members.recovery_sims import ERRAND, SimChecks
from ussd_app.members.recovery_texts import Teller
from ussd_app.members.sim_swaps import SimSwaps
from ussd_app.values import Phone

__all__ = [
    "ERRAND", "News", "NotReady", "Plea", "Progress", "Recoveries", "Rules", "Stage",
]  # fmt: skip

News = Literal["recovering", "plea", "watched", "asked", "none"]


class NotReady(NotAllowed):
    """The new PIN may not be chosen yet, or no more."""


class Recoveries:
    """Opens, decides and ends recoveries; never locks anybody out."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        pins: Pins,
        docket: Docket,
        tell: Teller,
        *,
        sim_swaps: SimSwaps,
        rules: Rules,
        local: Local,
    ) -> None:
        self._db, self._clock, self._pins = db, clock, pins
        self._docket, self._tell, self._rules, self._local = docket, tell, rules, local
        self._sims = SimChecks(db, clock, sim_swaps)

    @property
    def rules(self) -> Rules:
        return self._rules

    def open(self, phone: Phone, *, by: Actor | None = None, why: str = "") -> Progress:
        """Open a recovery for the caller's own PIN, or give the one that is open.

        `by` is who of the staff does it for them, and `why`.
        Locks nothing. The owner is told, and every guarantor who counts, where they decide. Raises
        NotAllowed for who is blocked, and LimitReached (rule 'recoveries') when it was asked for
        too often this week.
        """
        now = self._clock.now()
        with self._db.work() as work:
            return progress_of(self._docket.open(work, phone, now, by=by, why=why), now)

    def news(self, phone: Phone, *, told: bool = False) -> News:
        """What the caller is to be told of first.

        A recovery of theirs, a plea, how those stand that need no answer of theirs, unless they
        were `told`, or a request to be a guarantor.
        """
        now = self._clock.now()
        with self._db.reading() as reading:
            row = reading.row(_NEWS, now, now, now - ANSWER, phone)
        recovering, may_be_asked, asked = row or (False, False, False)
        if recovering:
            return "recovering"
        pleas = self._pleas(phone) if may_be_asked else []
        if any(plea.waits for plea in pleas):
            return "plea"
        if pleas and not told:
            return "watched"
        return "asked" if asked else "none"

    def progress(self, phone: Phone) -> Progress | None:
        """The caller's own open recovery; what it waits for is seen to.

        Its errand may sleep: a guarantor who was blocked when the SIM was to be checked may count
        again since then.
        """
        now = self._clock.now()
        with self._db.reading() as reading:
            case = self._docket.last(reading, phone)
        if case is None or not case.is_open(now):
            return None
        if case.stage(now) is Stage.CHECKING and case.wants_check(now, self._rules):
            with self._db.work() as work:
                outbox.promise(work, ERRAND, case.id, at=now)
        return progress_of(case, now)

    def plea(self, guarantor: Phone, recovery: str | None = None) -> Plea | None:
        """The oldest open recovery that waits for this guarantor's answer, or that one if it does."""
        waiting = (plea for plea in self._pleas(guarantor) if plea.waits)
        return next((plea for plea in waiting if recovery in (None, str(plea.id))), None)

    def plea_of(self, guarantor: Phone, ward: Phone) -> Plea | None:
        """The open recovery of this ward, if it waits for this guarantor's answer."""
        waiting = (plea for plea in self._pleas(guarantor) if plea.waits)
        return next((plea for plea in waiting if plea.phone == ward), None)

    def watched(self, guarantor: Phone) -> Sequence[Plea]:
        """The other open recoveries in which their word counts, oldest first."""
        return [plea for plea in self._pleas(guarantor) if not plea.waits]

    def vote(self, guarantor: Phone, recovery: int, *, vouches: bool) -> Progress:
        """Answer: a yes stands, a no may become a yes. The owner is told.

        Raises NotFound when it is over, or was never theirs to answer.
        """
        now = self._clock.now()
        with self._db.work() as work:
            case = self._docket.open_case(work, recovery, now)
            if not may_vote(case, guarantor):
                raise NotFound("nobody asked them")
            (voter,) = (one for one in case.guarantors if one.phone == guarantor)
            before = case.answers.get(voter.member)
            if before is None or (vouches and not before):
                case = self._docket.hear(work, case, voter, vouches=vouches, at=now)
            return progress_of(case, now)

    def veto(self, phone: Phone, typed: str) -> bool:
        """Stop the caller's own recovery with the PIN they know, also while that is locked.

        Tries are counted for this recovery alone; when they are used up it is stopped all the same,
        and the answer is False.
        Again changes nothing. Raises Invalid, PinWrong, NotFound (nothing to stop).
        """
        return self._end_with_pin(phone, typed, "vetoed")

    def unlock(self, phone: Phone, typed: str) -> None:
        """End the caller's ready recovery with the PIN they remember after all; a day of care follows.

        Raises as `veto` does, PinLocked (no tries left for it), and NotReady.
        """
        self._end_with_pin(phone, typed, "unlocked")

    def prepare(self, phone: Phone) -> None:
        """See to it that a PIN chosen now will be taken: a SIM checked long ago is checked again.

        Raises NotReady while that is under way, and as `finish` does.
        """
        now = self._clock.now()
        with self._db.work() as work:
            self._docket.owner(work, phone)
            case = self._docket.last(work, phone, lock=True)
            if self._is_ready(work, case, now, fresh=self._rules.sim_fresh / 2):
                return
        raise NotReady("the SIM is asked for once more")

    def finish(self, phone: Phone, candidate: str) -> None:
        """Give the caller the PIN they chose twice, all tries, and a day of care; all are told.

        Again changes nothing. Raises NotReady unless it is decided, cooled, fresh of a clean SIM,
        neither vetoed nor expired, all of it judged in the transaction that sets the PIN.
        """
        now = self._clock.now()
        with self._db.work() as work:
            member = self._docket.owner(work, phone)
            case = self._docket.last(work, phone, lock=True)
            if case and case.state == "done" and self._pins.is_theirs(work, member, candidate):
                return
            if self._is_ready(work, case, now, fresh=self._rules.sim_fresh):
                assert case
                self._pins.replace(work, member, candidate, at=now)
                self._be_careful(work, member, now)
                self._docket.end(work, case, "done", by=audit.by_member(member), at=now)
                return
        raise NotReady("the SIM is asked for once more")

    def sim_known(self, reference: str, *, verdict: str) -> None:
        """Take in what became of a SIM check: 'swapped', 'clean' or 'unknown'. Again: nothing.

        Raises Unavailable when it came before its reference could be stored: say it again.
        """
        self._sims.take_in(reference, verdict)

    def carry(self, recovery: int) -> datetime | None:
        """The errand: check the SIM, tell the owner when it is ready, let it expire."""
        now = self._clock.now()
        with self._db.work() as work:
            case = self._docket.case(work, recovery, lock=True)
            if case.state != OPEN:
                return None
            if not case.is_open(now):
                self._docket.end(work, case, "expired", by=audit.THE_SYSTEM, at=now)
                return None
            if not case.wants_check(now, self._rules):
                return self._attend(work, case, now)
            phone = self._sims.claim(work, case, now)
        self._sims.ask(recovery, phone, now)
        return now

    def _pleas(self, guarantor: Phone) -> Sequence[Plea]:
        with self._db.reading() as reading:
            return open_pleas(reading, self._docket, guarantor, self._clock.now())

    def _is_ready(self, work: Work, case: Case | None, now: datetime, *, fresh: timedelta) -> bool:
        """Whether a PIN may be set; False if only the SIM was not checked lately, and it will be.

        Raises NotReady.
        """
        if case is None or not case.is_open(now) or case.stage(now) is not Stage.READY:
            raise NotReady("not yet, or no more")
        if case.sim.is_known_since(now - fresh):
            return True
        work.run(
            "UPDATE recovery SET told_ready = false, sim_asked_at = NULL WHERE id = %s", case.id
        )
        outbox.promise(work, ERRAND, case.id, at=now)
        return False

    def _attend(self, work: Work, case: Case, now: datetime) -> datetime:
        """Do what is due but for asking; when there may be something to do again."""
        if case.has_waited(now, self._rules):
            self._sims.give_up(work, case, now)
            return now
        self._docket.warn(work, case)
        if case.stage(now) is Stage.READY and not case.told_ready:
            work.run("UPDATE recovery SET told_ready = true WHERE id = %s", case.id)
            self._tell.owner(
                work,
                case,
                f"ready:{case.sim.asked_at}",
                recovery_texts.READY,
                until=self._local.day_and_hour(case.expires_at),
            )
        return case.next_moment(now, self._rules)

    def _end_with_pin(self, phone: Phone, typed: str, state: Literal["vetoed", "unlocked"]) -> bool:
        """Whether the PIN was right, or it had ended so."""
        with self._db.reading() as reading:
            seen = self._endable(reading, phone, state)
        if seen is None:
            return True
        is_right = self._prove(seen, phone, typed, stops=state == "vetoed")
        with self._db.work() as work:
            case = self._endable(work, phone, state, lock=True)
            if case is None:
                return is_right
            by, now = audit.by_member(case.member), self._clock.now()
            if state == "unlocked":
                self._pins.forgive(work, case.member)
                self._be_careful(work, case.member, now)
            self._docket.end(work, case, state, by=by, at=now)
        return is_right

    def _prove(self, case: Case, phone: Phone, typed: str, *, stops: bool) -> bool:
        """Whether it is theirs. Raises PinWrong, and PinLocked once the tries are used up.

        But whoever wants it stopped gets it stopped then: a thief must not type the owner's tries
        away, and can ask anew for what they stop.
        """
        try:
            if not self._pins.proves(phone, typed, charge=lambda: self._charge(case)):
                raise PinWrong(self._tries_left(case))
        except PinLocked:
            if not stops:
                raise
            return False
        return True

    def _be_careful(self, work: Work, member: int, now: datetime) -> None:
        """For a day little may be sent."""
        work.run(
            "UPDATE member SET careful_until = %s WHERE id = %s", now + self._rules.careful, member
        )

    def _endable(self, work: Work, phone: Phone, state: str, *, lock: bool = False) -> Case | None:
        """The caller's recovery if it may be ended so; None if it has been.

        Raises NotFound, NotReady.
        """
        now = self._clock.now()
        case = self._docket.last(work, phone, lock=lock)
        if case and case.state == state:
            return None
        if case is None or not case.is_open(now):
            raise NotFound("nothing to end")
        if state == "unlocked" and case.stage(now) is not Stage.READY:
            raise NotReady("not yet")
        return case

    def _charge(self, case: Case) -> None:
        """Charge one try to end it with the old PIN, durably."""
        most = self._rules.old_pin_tries
        with self._db.reading() as one:
            row = one.row(
                """
                UPDATE recovery SET old_pin_tries = least(old_pin_tries, %s) + 1
                WHERE id = %s AND state = 'open' RETURNING old_pin_tries
                """,
                most,
                case.id,
            )
        if row is None:
            raise NotFound("nothing to end")
        if row[0] > most:
            raise PinLocked(case.expires_at)

    def _tries_left(self, case: Case) -> int:
        """Raises PinLocked if none is left."""
        with self._db.reading() as reading:
            (tries,) = reading.the_row("SELECT old_pin_tries FROM recovery WHERE id = %s", case.id)
        left: int = self._rules.old_pin_tries - tries
        if left <= 0:
            raise PinLocked(case.expires_at)
        return left


_NEWS = """
    SELECT
        EXISTS (
            SELECT FROM recovery r
            WHERE r.member = m.id AND r.state = 'open' AND r.expires_at > %s
        ),
        EXISTS (
            SELECT FROM guarantor g JOIN recovery r ON r.member = g.ward AND r.state = 'open'
            WHERE g.guarantor = m.id AND g.state = 'accepted' AND r.path = 'guarantors'
                AND r.expires_at > %s
        ),
        EXISTS (
            SELECT FROM guarantor g
            WHERE g.guarantor = m.id AND g.state = 'asked' AND g.asked_at > %s
        )
    FROM member m WHERE m.phone = %s
"""
