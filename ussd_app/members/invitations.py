"""Invite people to join, by an agent in the field or from a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ussd_app.audit import service as audit
from ussd_app.audit.service import THE_SYSTEM, Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, NotAllowed, NotFound
from ussd_app.members import invitees
from ussd_app.members.invitees import Invitee
from ussd_app.members.inviting import (
    BY_AGENT,
    IN_PERSON as IN_PERSON,
    LIFE,
    ONBOARDING,
    PURPOSE as PURPOSE,
    Inviter,
    Inviting,
    invitation_text,
    tenant_of,
)
from ussd_app.members.joining import Tenants
from ussd_app.members.kinds import BORROWER, INDIVIDUAL, KINDS, Permission, may
from ussd_app.members.reasons import refuse_named
from ussd_app.members.status import Status
from ussd_app.messages.codes import CONFIRMATION_LIFE, Codes
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import Text, _
from ussd_app.values import Name, Phone, Reason

SHOWN_MOST = 500
Sent = Literal["code", "new code", "nothing"]

WITHDRAWN = _(
    "{agent} of {org} took the invitation back; its code is void. You can join without it,"
    " free: dial {code}."
)
CANCELLED = _(
    "{org} took the invitation back; its code is void. You can join without it, free: dial {code}."
)


@dataclass(frozen=True)
class Onboarding:
    """One of an agent's invitations as the agent sees it; nothing of the code.

    `state`: sent, undelivered (the SMS), proven (no PIN yet), pin (terms not yet accepted), active,
    expired, withdrawn, declined; `asks_again` says that they asked for a new code.
    """

    id: int
    name: str
    phone: Phone
    state: str
    made_at: datetime
    asks_again: bool
    has_identity: bool | None
    """None for whoever needs none."""


class Invitations:
    """Invites, shows agents how far those are whom they invited, and ends what came to nothing."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        codes: Codes,
        inviting: Inviting,
        *,
        messages: Messages,
        tenants: Tenants,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._codes, self._inviting = db, clock, codes, inviting
        self._messages, self._tenants, self._signature = messages, tenants, signature

    # -- for agents

    def invite(self, agent: Phone, phone: Phone, name: Name, language: str) -> None:
        """Invite a borrower: record made, code sent; again by the same agent is one invitation.

        Only if the code cannot be typed any more, a new one is sent with it.

        Raises NotAllowed (not an agent, or a country not served), Conflict (has joined, or
        somebody else has invited them), OptedOut, LimitReached (rules of Codes).
        """
        with self._db.work() as work:
            self.invite_for(work, _agent(work, agent), phone, name, language, kind=BORROWER)

    def invite_in_person(self, agent: Phone, phone: Phone, name: Name, language: str) -> int:
        """The same for somebody who stands before the agent: the code is to be told to the agent.

        One who has joined already may become a borrower so. Returns the id of the code.
        """
        with self._db.work() as work:
            inviter = _agent(work, agent)
            invitee = invitees.lock(work, phone)
            if invitee is None or not _may_become_borrower(invitee):
                invitee, _invitation, _fresh = self._inviting.invite(
                    work, inviter, phone, name, language, kind=BORROWER, life=CONFIRMATION_LIFE
                )
            return self._inviting.send_beside(work, inviter, invitee)

    def named(self, agent: Phone, phone: Phone, code: int) -> Name:
        """The name that will stand in the books, once the code they told was right.

        Raises NotFound, NotAllowed.
        """
        with self._db.reading() as reading:
            _agent(reading, agent)
            invitee = invitees.find(reading, phone)
            if invitee is None or self._codes.right(reading, phone, IN_PERSON) != code:
                raise NotFound("the code was not right")
        return invitee.name

    def met(self, agent: Phone, phone: Phone, code: int) -> bool:
        """The code was right: the invitation is proven; whether they had joined before."""
        now = self._clock.now()
        with self._db.work() as work:
            inviter = _agent(work, agent)
            invitee = invitees.lock(work, phone)
            if invitee is None:
                raise NotFound("nobody was invited")
            if invitee.status is Status.ACTIVE and invitee.kind == BORROWER:
                return True
            if _may_become_borrower(invitee):
                self._codes.use(work, code, purpose=IN_PERSON, subject=invitee.id)
                self._make_borrower(work, invitee, tenant_of(work, inviter), inviter.by)
                return True
            invitation = invitee.open
            if invitation is None or invitation.inviter != inviter.id:
                raise NotFound("no invitation of theirs")
            if invitation.state == "sent":
                self._codes.use(work, code, purpose=IN_PERSON, subject=invitee.id)
                invitees.prove(work, invitation.id, at=now, life=LIFE, by=inviter.by)
        return False

    def of_agent(self, agent: Phone) -> Sequence[Onboarding]:
        """The agent's own, newest first, at most 500."""
        now = self._clock.now()
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT i.id, m.name, m.phone, CASE
                        WHEN i.state = 'accepted' THEN 'active'
                        WHEN i.state = 'proven' AND p.member IS NOT NULL THEN 'pin'
                        WHEN i.state = 'sent' AND i.expires_at <= %s THEN 'expired'
                        WHEN i.state = 'sent' AND s.state IN ('failed', 'expired', 'suppressed')
                            THEN 'undelivered'
                        ELSE i.state END,
                    i.made_at, i.asked_again_at IS NOT NULL AND i.state IN ('sent', 'expired'),
                    i.kind
                FROM member a JOIN invitation i ON i.inviter = a.id
                    JOIN member m ON m.id = i.member LEFT JOIN pin p ON p.member = m.id
                    LEFT JOIN LATERAL (
                        SELECT state FROM message WHERE member = m.id AND kind = %s
                        ORDER BY id DESC LIMIT 1
                    ) s ON true
                WHERE a.phone = %s AND m.status <> 'DELETED' ORDER BY i.id DESC LIMIT %s
                """,
                now,
                ONBOARDING,
                agent,
                SHOWN_MOST,
            )
        return [
            Onboarding(
                invitation, name, Phone(number), state, made_at, asks_again, _has_identity(kind)
            )
            for invitation, name, number, state, made_at, asks_again, kind in rows
        ]

    def resend(self, agent: Phone, invitation: int) -> None:
        """Send a new code; the one before is void. Raises NotFound, LimitReached, OptedOut."""
        now = self._clock.now()
        with self._db.work() as work:
            inviter = _agent(work, agent)
            invitee, state = _invitee_of(work, inviter, invitation)
            another = invitee.open and invitee.open.id != invitation
            if invitee.has_joined or another or state not in ("sent", "expired"):
                raise NotFound("nothing to send again")
            invitees.reopen(work, invitee.id, invitation, at=now, life=LIFE, by=inviter.by)
            self._inviting.send(work, inviter, invitee, BY_AGENT, purpose=PURPOSE, life=LIFE)

    def withdraw(self, agent: Phone, invitation: int) -> None:
        """Take it back: its code is void, and they are told by SMS. Again changes nothing.

        Raises NotFound, Conflict (joined).
        """
        with self._db.work() as work:
            inviter = _agent(work, agent)
            invitee, state = _invitee_of(work, inviter, invitation)
            if state == "accepted":
                raise Conflict("has joined")
            if invitee.open and invitee.open.id == invitation:
                self._take_back(work, invitee, WITHDRAWN, inviter)

    # -- for the organisation

    def invite_by_us(
        self, organisation: str, phone: Phone, name: Name, language: str, *, kind: str, by: Actor
    ) -> int:
        """Invite somebody in the name of the organisation, to be of any type; the invitation.

        Raises as `invite` does.
        """
        with self._db.work() as work:
            inviter = Inviter(None, organisation, by)
            invitation, _sent = self.invite_for(work, inviter, phone, name, language, kind=kind)
            return invitation

    def invite_for(
        self,
        work: Work,
        inviter: Inviter,
        phone: Phone,
        name: Name,
        language: str,
        *,
        kind: str,
        again: bool = False,
    ) -> tuple[int, Sent]:
        """Invite with a code by SMS, as `invite` does, in a work of the caller's; the invitation.

        `again` sends a new code though theirs is good. So does the organisation for who asked it.
        """
        invitee, invitation, fresh = self._inviting.invite(
            work, inviter, phone, name, language, kind=kind, life=LIFE
        )
        if not fresh:
            if not self._needs_code(work, inviter, invitee, again=again):
                return invitation, "nothing"
            now = self._clock.now()
            invitees.reopen(work, invitee.id, invitation, at=now, life=LIFE, by=inviter.by)
        text = invitation_text(inviter, kind)
        self._inviting.send(work, inviter, invitee, text, purpose=PURPOSE, life=LIFE)
        return invitation, "code" if fresh else "new code"

    def cancel(self, member: int, *, by: Actor, why: str) -> bool:
        """Take an invitation back, whoever made it; they are told. False if none is open.

        Raises Invalid for a reason that cannot be kept, NotFound.
        """
        reason = Reason.parse(why)
        with self._db.work() as work:
            row = work.row("SELECT phone FROM member WHERE id = %s", member)
            invitee = invitees.lock(work, Phone(row[0])) if row and row[0] else None
            if invitee is None:
                raise NotFound("no such member")
            if invitee.open is None:
                return False
            refuse_named(work, member, reason)
            subject, now = ("invitation", invitee.open.id), self._clock.now()
            audit.record(work, by, "invitation.cancelled", subject=subject, at=now, why=reason)
            self._take_back(work, invitee, CANCELLED, Inviter(None, "", by))
        return True

    def expire(self, *, most: int) -> int:
        """Let invitations whose time is over expire; how many did."""
        now = self._clock.now()
        with self._db.work() as work:
            overdue = work.rows(
                """
                SELECT m.phone FROM invitation i JOIN member m ON m.id = i.member
                WHERE i.state = 'sent' AND i.expires_at <= %s AND m.status = 'INVITED'
                ORDER BY i.expires_at LIMIT %s FOR NO KEY UPDATE OF m SKIP LOCKED
                """,
                now,
                most,
            )
            count = 0
            for (phone,) in overdue:
                invitee = invitees.find(work, Phone(phone))
                if invitee and invitee.open and invitee.open.is_over(now):
                    self._inviting.end(work, invitee, "expired", by=THE_SYSTEM)
                    count += 1
        return count

    # -- beneath

    def _take_back(self, work: Work, invitee: Invitee, text: Text, inviter: Inviter) -> None:
        """End their open invitation, and tell them."""
        assert invitee.open
        self._inviting.end(work, invitee, "withdrawn", by=inviter.by)
        self._messages.queue(
            work,
            Draft(
                key=f"withdrawn:{invitee.open.id}",
                kind="withdrawn",
                phone=invitee.phone,
                language=invitee.language,
                text=text,
                values={**self._signature, "agent": inviter.name},
                member=invitee.id,
            ),
        )

    def _needs_code(self, work: Work, inviter: Inviter, invitee: Invitee, *, again: bool) -> bool:
        """Whether another is to be sent: asked for, or what they had was burnt, or told in person."""
        invitation = invitee.open
        typed = self._inviting.has_typed_it(work, invitee)
        if invitation is None or invitation.state != "sent" or typed:
            return False
        is_asked = inviter.id is None and invitation.asked_again_at is not None
        return again or is_asked or self._codes.live_in(work, invitee.phone, PURPOSE) is None

    def _make_borrower(self, work: Work, member: Invitee, tenant: int, by: Actor) -> None:
        """Somebody who joined by themselves becomes a borrower, with their consent."""
        now = self._clock.now()
        work.run("UPDATE member SET kind = %s WHERE id = %s", BORROWER, member.id)
        subject = ("member", member.id)
        audit.record(work, by, "member.kind", subject=subject, at=now, was=member.kind, to=BORROWER)
        self._tenants.admit(work, member.id, tenant)
        self._inviting.promise_identity(work, member.id, BORROWER)


def _agent(work: Work, phone: Phone) -> Inviter:
    row = work.row("SELECT id, name, kind, status FROM member WHERE phone = %s", phone)
    if row is None or row[3] != Status.ACTIVE or not may(row[2], Permission.INVITE):
        raise NotAllowed("not an agent")
    return Inviter(row[0], Name(row[1]).short, audit.by_member(row[0]))


def _invitee_of(work: Work, inviter: Inviter, invitation: int) -> tuple[Invitee, str]:
    """Whom the agent invited so, locked, and the state of that invitation. Raises NotFound."""
    phone = work.row(
        """
        SELECT m.phone FROM invitation i JOIN member m ON m.id = i.member
        WHERE i.id = %s AND i.inviter = %s AND m.status <> 'DELETED'
        """,
        invitation,
        inviter.id,
    )
    invitee = invitees.lock(work, Phone(phone[0])) if phone else None
    if invitee is None:
        raise NotFound("no such invitation")
    (state,) = work.the_row("SELECT state FROM invitation WHERE id = %s", invitation)
    return invitee, str(state)


def _has_identity(kind: str) -> bool | None:
    """No identity can be made yet."""
    return False if KINDS[kind].needs_identity else None


def _may_become_borrower(member: Invitee) -> bool:
    return member.status is Status.ACTIVE and member.kind == INDIVIDUAL
