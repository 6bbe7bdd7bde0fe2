"""Recoveries as they are kept: opened, read, moved on and ended, each within a work.

Locks are taken in this order: the member, the recovery, the PIN.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Local
from ussd_app.db import outbox
from ussd_app.db.work import Work
from ussd_app.errors import LimitReached, NotAllowed, NotFound
from ussd_app.members import recovery_texts
from ussd_app.members.guarantors import Counting, Guarantors
from ussd_app.members.reasons import refuse_named
from ussd_app.members.recovery_case import GUARANTORS, OPEN, PEOPLE, Case, Rules, Sim, Yes
from ussd_app.members.recovery_sims import ERRAND
from ussd_app.members.recovery_texts import Teller
from ussd_app.members.sim_swaps import SWAPPED
from ussd_app.members.status import Status
from ussd_app.text import Text
from ussd_app.values import Phone

A_WEEK = timedelta(days=7)


class Docket:
    """Keeps the recoveries; what changes one is written down and told in the same work."""

    def __init__(self, guarantors: Guarantors, tell: Teller, *, rules: Rules, local: Local) -> None:
        self._guarantors, self._tell, self._rules, self._local = guarantors, tell, rules, local

    def owner(self, work: Work, phone: Phone) -> int:
        """The member, locked: deeds upon their recoveries come one after another."""
        row = work.row("SELECT id, status FROM member WHERE phone = %s FOR NO KEY UPDATE", phone)
        if row is None:
            raise NotFound("no such member")
        member, status = row
        if status != Status.ACTIVE:
            raise NotAllowed(status)
        assert isinstance(member, int)
        return member

    def case(self, work: Work, recovery: int, *, lock: bool = False) -> Case:
        """The recovery, and locked if so asked. Raises NotFound."""
        row = work.row(_CASE + " FOR UPDATE" if lock else _CASE, recovery)
        if row is None:
            raise NotFound("no such recovery")
        member, path, state, quorum, cooling, opened_at, expires_at, told_ready, *sim = row
        decides = path == GUARANTORS
        counting = self._guarantors.counting(work, member, opened_at) if decides else []
        guaranties = {one.guaranty: one.member for one in counting}
        votes = work.rows(
            "SELECT voter, guarantor, vouches, at FROM vote WHERE recovery = %s", recovery
        )
        approvals = work.rows("SELECT approver, at FROM approval WHERE recovery = %s", recovery)
        return Case(
            id=recovery,
            member=member,
            path=path,
            state=state,
            quorum=quorum,
            approvals_needed=self._rules.approvals,
            cooling=timedelta(seconds=cooling),
            cooling_after_agent=self._rules.cooling_after_agent,
            opened_at=opened_at,
            expires_at=expires_at,
            told_ready=told_ready,
            sim=Sim(*sim),
            guarantors=counting,
            answers={voter: vouches for voter, _guaranty, vouches, _at in votes},
            vouches=[
                Yes(f"guarantor:{voter}", at)
                for voter, guaranty, vouches, at in votes
                if vouches and guaranties.get(guaranty) == voter
            ],
            approvals=[Yes(*row) for row in approvals],
        )

    def open_case(self, work: Work, recovery: int, now: datetime) -> Case:
        """The same, if it is open, locked. Raises NotFound."""
        case = self.case(work, recovery, lock=True)
        if not case.is_open(now):
            raise NotFound("it is over")
        return case

    def last(self, work: Work, phone: Phone, *, lock: bool = False) -> Case | None:
        """The newest recovery of the member with this number: no other of theirs can be open."""
        row = work.row(
            """
            SELECT r.id FROM recovery r JOIN member m ON m.id = r.member WHERE m.phone = %s
            ORDER BY r.opened_at DESC, r.id DESC LIMIT 1
            """,
            phone,
        )
        return self.case(work, row[0], lock=lock) if row else None

    def open(
        self, work: Work, phone: Phone, now: datetime, *, by: Actor | None = None, why: str = ""
    ) -> Case:
        """The member's open recovery, or a new one, by themselves or for them `by` the staff.

        Raises NotFound, NotAllowed, LimitReached.
        """
        member = self.owner(work, phone)
        last = self.last(work, phone, lock=True)
        if last and last.is_open(now):
            return last
        if last and last.state == OPEN:
            self.end(work, last, "expired", by=audit.THE_SYSTEM, at=now)
        path = self._next_path(work, member, now)
        (recovery,) = work.the_row(
            """
            INSERT INTO recovery (member, path, quorum, cooling_seconds, opened_at, expires_at)
            VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
            """,
            member,
            path,
            self._guarantors.policy.quorum,
            int(self._rules.cooling.total_seconds()),
            now,
            now + self._rules.lasts,
        )
        case = self.case(work, recovery)
        text = recovery_texts.STARTED_FOR_THEM if by else recovery_texts.STARTED
        self._tell.owner(work, case, "opened", text)
        self._tell.guarantors(work, case, "opened", recovery_texts.PLEA)
        asker, asked = by or audit.by_member(member), {"why": why} if by else {}
        self._record(work, case, "opened", by=asker, at=now, path=case.path, **asked)
        outbox.promise(work, ERRAND, recovery, at=now)
        return case

    def path(self, work: Work, phone: Phone, now: datetime) -> str:
        """Who decides the member's open recovery, or would decide a new one. Raises as `open`."""
        member = self.owner(work, phone)
        last = self.last(work, phone)
        return last.path if last and last.is_open(now) else self._next_path(work, member, now)

    def hear(self, work: Work, case: Case, voter: Counting, *, vouches: bool, at: datetime) -> Case:
        """Write down a guarantor's answer, in place of the one they gave before."""
        work.run(
            """
            INSERT INTO vote (recovery, voter, guarantor, vouches, at) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (recovery, voter) DO UPDATE SET guarantor = excluded.guarantor,
                vouches = excluded.vouches, at = excluded.at
            """,
            case.id,
            voter.member,
            voter.guaranty,
            vouches,
            at,
        )
        by = audit.by_member(voter.member)
        self._record(work, case, "voted", by=by, at=at, vouches=vouches)
        heard = self._moved(work, case, at)
        shown = {"name": voter.name.short, "phone": voter.phone.national}
        if heard.ready_at:
            shown["when"] = self._local.day_and_hour(heard.ready_at)
        step = f"vote:{voter.member}:{'yes' if vouches else 'no'}"
        self._tell.owner(work, case, step, _answer(case, heard, voter), **shown)
        return heard

    def approve(
        self,
        work: Work,
        case: Case,
        approver: str,
        *,
        by: Actor,
        why: str,
        at: datetime,
        agent: str | None = None,
    ) -> Case:
        """Write down that somebody of the organisation lets it go on; an `agent` is named."""
        work.run(
            """
            INSERT INTO approval (recovery, approver, at, why) VALUES (%s, %s, %s, %s)
            ON CONFLICT (recovery, approver) DO UPDATE SET at = excluded.at, why = excluded.why
            """,
            case.id,
            approver,
            at,
            why,
        )
        self._record(work, case, "approved", by=by, at=at, why=why)
        heard = self._moved(work, case, at)
        shown = {"agent": agent} if agent else {}
        if heard.ready_at:
            shown["when"] = self._local.day_and_hour(heard.ready_at)
        text = _seen(heard) if agent else _approved(heard)
        self._tell.owner(work, case, f"approved:{approver}:{at.isoformat()}", text, **shown)
        return heard

    def warn(self, work: Work, case: Case) -> None:
        """Tell the owner, once, that their SIM was found bad after they were told when to dial."""
        if not case.is_halted:
            return
        is_swapped = case.sim.verdict == SWAPPED
        text = recovery_texts.SIM_SWAPPED if is_swapped else recovery_texts.SIM_UNKNOWN
        self._tell.owner(work, case, f"halted:{case.sim.bad_since}", text)

    def end(
        self, work: Work, case: Case, state: str, *, by: Actor, at: datetime, **details: str
    ) -> None:
        """End what is open and locked; the owner and the guarantors are told."""
        work.run("UPDATE recovery SET state = %s, ended_at = %s WHERE id = %s", state, at, case.id)
        self._record(work, case, state, by=by, at=at, **details)
        to_owner, to_guarantors = recovery_texts.ENDS[state]
        when, until = (self._local.day_and_hour(one) for one in (at, at + self._rules.careful))
        self._tell.owner(work, case, "ended", to_owner, when=when, until=until)
        self._tell.guarantors(work, case, "ended", to_guarantors)

    def _next_path(self, work: Work, member: int, now: datetime) -> str:
        (lately,) = work.the_row(
            "SELECT count(*) FROM recovery WHERE member = %s AND opened_at > %s",
            member,
            now - A_WEEK,
        )
        if lately >= self._rules.a_week:
            raise LimitReached("recoveries", 0)
        guarantors = len(self._guarantors.counting(work, member, now))
        return GUARANTORS if guarantors >= self._guarantors.policy.needed else PEOPLE

    def _moved(self, work: Work, case: Case, now: datetime) -> Case:
        """The case after somebody's word, which may bring something to do, perhaps at once."""
        outbox.promise(work, ERRAND, case.id, at=now)
        return self.case(work, case.id)

    def _record(
        self, work: Work, case: Case, deed: str, *, by: Actor, at: datetime, **details: str | bool
    ) -> None:
        if by.kind != "member" and "why" in details:
            refuse_named(work, case.member, str(details["why"]))
        subject = ("recovery", case.id)
        audit.record(work, by, f"recovery.{deed}", subject=subject, at=at, **details)


def _answer(before: Case, after: Case, voter: Counting) -> Text:
    """What the owner is told of an answer: whether it is enough, and whether it was another."""
    if not after.answers[voter.member]:
        return recovery_texts.NOT_VOUCHED
    if before.vouched_at is None and after.vouched_at is not None:
        return recovery_texts.ENOUGH if after.ready_at else recovery_texts.ENOUGH_BUT_STAFF
    changed = voter.member in before.answers
    return recovery_texts.VOUCHED_AFTER_ALL if changed else recovery_texts.VOUCHED


def _approved(after: Case) -> Text:
    """What the owner is told of a word of the staff: whether it is enough, and who else must."""
    if after.ready_at:
        return recovery_texts.APPROVED_ENOUGH
    if len(after.counting) < after.approvals_needed:
        return recovery_texts.APPROVED
    return recovery_texts.APPROVED_BUT_GUARANTORS


def _seen(after: Case) -> Text:
    """What the owner is told of an agent's word."""
    return recovery_texts.IDENTIFIED if after.ready_at else recovery_texts.IDENTIFIED_BUT_STAFF


_CASE: LiteralString = """
    SELECT member, path, state, quorum, cooling_seconds, opened_at, expires_at, told_ready,
        sim, sim_asked_at, sim_known_at, sim_reference, sim_bad_since
    FROM recovery WHERE id = %s
"""
