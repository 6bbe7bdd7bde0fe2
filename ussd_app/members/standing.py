"""What the organisation decides of members: to block them, to let them in, what type they are."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db import outbox
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, NotFound, Unavailable
from ussd_app.members import status
from ussd_app.members.kinds import AGENT, BECOMES, GROUP, TOKEN_AGENT
from ussd_app.members.reasons import refuse_named
from ussd_app.members.status import Status
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import Text, _
from ussd_app.values import Phone, Reason

ERRAND = "hang-up"

BLOCKED = _("{org}: your account is blocked. No money can be sent or received. Call {support}.")
UNBLOCKED = _("{org}: your account works again. Dial {code} any time. Questions? Call {support}.")
NO_MEMBERS = {
    Status.INVITED: "they were invited and have not joined yet",
    Status.EXPIRED: "they were invited and have not joined, and the invitation is over",
    Status.DELETED: "they are a member no more",
}
"""Why somebody is neither blocked nor unblocked."""

MADE_AGENT = _(
    "{org}: you are an agent now. Dial {code} and choose People I invite. Questions? Call {support}."
)
NO_AGENT = _(
    "{org}: you are not an agent any more. All else works as before. Questions? Call {support}."
)
MADE_GROUP = _(
    "{org}: your account is a group's account now. All else works as before. Not you? Call {support}."
)
MADE_TOKEN_AGENT = _("{org}: you are a token agent now. Questions? Call {support}.")
NO_GROUP = _(
    "{org}: your account is one person's account now. All else works as before. Call {support}."
)
TOLD = {AGENT: MADE_AGENT, GROUP: MADE_GROUP, TOKEN_AGENT: MADE_TOKEN_AGENT}
NO_LONGER = {AGENT: NO_AGENT, GROUP: NO_GROUP, TOKEN_AGENT: NO_AGENT}
"""What whoever becomes a member like any other is told, by what they were."""


class Calls(Protocol):
    """Who can end a phone's live call."""

    def end(self, phone: Phone) -> None:
        """Let the call end at its next hop. Raises Unavailable."""
        ...


class Standing:
    """Blocks, unblocks, and changes the type of a member."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        messages: Messages,
        calls: Calls,
        *,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._messages, self._calls = db, clock, messages, calls
        self._signature = signature

    def block(self, phone: Phone, *, by: Actor, why: str) -> bool:
        """Refuse the member from this moment on; False if they are blocked already.

        Their live call ends at its next hop, money is refused in every channel, and they are told
        by SMS. Raises Invalid for a reason that cannot be kept, NotFound, and Conflict for who
        is no member yet, or no more.
        """
        reason = Reason.parse(why)
        with self._db.work() as work:
            member = _find(work, phone)
            if not self._change(work, member, Status.BLOCKED, by=by, why=reason, text=BLOCKED):
                return False
            outbox.promise(work, ERRAND, member, at=self._clock.now())
        with suppress(Unavailable):  # the errand ends the call
            self._calls.end(phone)
        return True

    def unblock(self, phone: Phone, *, by: Actor, why: str) -> bool:
        """Let the member in again; they are told by SMS. False if nothing stands in their way.

        Raises as `block` does.
        """
        reason = Reason.parse(why)
        with self._db.work() as work:
            member = _find(work, phone)
            return self._change(work, member, Status.ACTIVE, by=by, why=reason, text=UNBLOCKED)

    def become(self, phone: Phone, kind: str, *, by: Actor, why: str) -> bool:
        """Make a member an agent, or an agent a member like any other; they are told by SMS.

        False if they are that already. Raises Invalid as `block` does, NotFound, and Conflict for
        who is not ACTIVE, and for a change that is not in `BECOMES`.
        """
        reason = Reason.parse(why)
        with self._db.work() as work:
            return self.make(work, _find(work, phone), kind, by=by, why=reason)

    def make(self, work: Work, member: int, kind: str, *, by: Actor, why: Reason) -> bool:
        """The same, in a work of the caller's who has locked the member."""
        refuse_named(work, member, why)
        was, standing = work.the_row("SELECT kind, status FROM member WHERE id = %s", member)
        if standing != Status.ACTIVE:
            raise Conflict("they are blocked")
        if was == kind:
            return False
        if kind not in BECOMES.get(was, ()):
            raise Conflict(f"a member of type {was} does not become {kind}")
        if was == GROUP and work.row("SELECT 1 FROM member WHERE group_of = %s LIMIT 1", member):
            raise Conflict("a group with members stays one")
        work.run(
            "UPDATE member SET kind = %s, group_of = CASE WHEN %s <> 'group' THEN group_of END"
            " WHERE id = %s",
            kind,
            kind,
            member,
        )
        subject, now = ("member", member), self._clock.now()
        audit.record(work, by, "member.kind", subject=subject, at=now, was=was, to=kind, why=why)
        self._tell(work, member, TOLD[kind] if kind in TOLD else NO_LONGER[was])
        return True

    def hang_up(self, member: int) -> None:
        """The errand: end the live call of a blocked member, should that have failed before."""
        with self._db.reading() as reading:
            row = reading.row(
                "SELECT phone FROM member WHERE id = %s AND status = %s", member, Status.BLOCKED
            )
        if row:
            self._calls.end(Phone(row[0]))

    def _change(
        self, work: Work, member: int, to: Status, *, by: Actor, why: Reason, text: Text
    ) -> bool:
        """Change the status, and tell whom it concerns."""
        refuse_named(work, member, why)
        if not status.change(work, member, to, by=by, why=why, at=self._clock.now()):
            return False
        self._tell(work, member, text)
        return True

    def _tell(self, work: Work, member: int, text: Text) -> None:
        phone, language = work.the_row("SELECT phone, language FROM member WHERE id = %s", member)
        self._messages.queue(
            work,
            Draft(
                key=f"standing:{member}:{self._clock.now().isoformat()}",
                kind="standing",
                phone=phone,
                language=language,
                text=text,
                values=self._signature,
                member=member,
            ),
        )


def _find(work: Work, phone: Phone) -> int:
    """The member who has the number, and whose status nobody changes meanwhile."""
    row = work.row("SELECT id, status FROM member WHERE phone = %s FOR NO KEY UPDATE", phone)
    if row is None:
        raise NotFound("no such member")
    member, was = row
    if was in NO_MEMBERS:
        raise Conflict(NO_MEMBERS[was])
    assert isinstance(member, int)
    return member
