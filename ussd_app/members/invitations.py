"""Invite people to join, by an agent in the field or from a list; they prove it with a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ussd_app.audit import service as audit
from ussd_app.audit.service import THE_SYSTEM, Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, NotAllowed, NotFound
from ussd_app.members import invitees, status
from ussd_app.members.invitees import Invitee
from ussd_app.members.inviting import (
    BY_AGENT,
    BY_US,
    ONBOARDING,
    Inviter,
    Inviting,
    tenant_of,
)
from ussd_app.members.inviting import IN_PERSON as IN_PERSON
from ussd_app.members.inviting import PURPOSE as PURPOSE
from ussd_app.members.joining import FIRST_TIER, Tenants, Welcome, welcome_letter
from ussd_app.members.kinds import BORROWER, INDIVIDUAL, KINDS, Permission, may
from ussd_app.members.pins import Pins, forget
from ussd_app.members.status import Status
from ussd_app.messages.codes import CONFIRMATION_LIFE, Codes
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import _
from ussd_app.values import Name, Phone

LIFE = timedelta(hours=24)
SHOWN_MOST = 500

ASKS_AGAIN = _("{org}: {name} {phone} asks you for a new code to join. Dial {code} to send it.")


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


@dataclass(frozen=True)
class Invited:
    """What an invited number is still to do. `step`: code, expired, pin, terms."""

    id: int
    step: str
    inviter: str
    """Short name, or the organisation's."""
    name: Name
    language: str


class Invitations:
    """Invites, and takes in who was invited."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        pins: Pins,
        codes: Codes,
        *,
        messages: Messages,
        welcome: Welcome,
        tenants: Tenants,
        countries: tuple[str, ...],
        local: Local,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._pins, self._codes = db, clock, pins, codes
        self._messages, self._welcome, self._tenants = messages, welcome, tenants
        self._local, self._signature = local, signature
        self._inviting = Inviting(clock, codes, countries=countries, signature=signature)

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
                WHERE a.phone = %s ORDER BY i.id DESC LIMIT %s
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
        """Take it back: its code is void. Again changes nothing. Raises NotFound, Conflict (joined)."""
        with self._db.work() as work:
            inviter = _agent(work, agent)
            invitee, state = _invitee_of(work, inviter, invitation)
            if state == "accepted":
                raise Conflict("has joined")
            if invitee.open and invitee.open.id == invitation:
                self._inviting.end(work, invitee, "withdrawn", by=inviter.by)

    # -- for who was invited

    def waiting(self, phone: Phone) -> Invited | None:
        """What this number is still to do; None for one that is not invited."""
        with self._db.reading() as reading:
            invitee = invitees.find(reading, phone)
            if invitee is None or invitee.has_joined or invitee.invitation is None:
                return None
            invitation = invitee.invitation
            if invitation.state not in ("sent", "proven", "expired"):
                return None
            proven = invitation.state == "proven" or self._has_typed_it(reading, invitee)
            if proven:
                step = "terms" if invitee.has_pin else "pin"
            else:
                step = "expired" if invitation.is_over(self._clock.now()) else "code"
            inviter = reading.row("SELECT name FROM member WHERE id = %s", invitation.inviter)
        name = Name(inviter[0]).short if inviter else self._signature["org"]
        return Invited(invitation.id, step, name, invitee.name, invitee.language)

    def prove(self, phone: Phone, code: int) -> None:
        """The code was right: they may choose a PIN. Again changes nothing. Raises NotFound."""
        with self._db.work() as work:
            invitee = invitees.lock(work, phone)
            if invitee is None or invitee.open is None:
                raise NotFound("not invited")
            if invitee.open.state == "sent":
                self._prove(work, invitee, code)

    def speak(self, phone: Phone, language: str) -> None:
        """Speak this language with them from now on."""
        with self._db.work() as work:
            work.run(
                """
                UPDATE member SET language = %s
                WHERE phone = %s AND status IN ('INVITED', 'EXPIRED')
                """,
                language,
                phone,
            )

    def set_pin(self, phone: Phone, candidate: str) -> None:
        """Keep the PIN they chose twice. Raises NotFound unless the code was right."""
        with self._db.work() as work:
            invitee = invitees.lock(work, phone)
            if invitee is None or invitee.open is None:
                raise NotFound("not invited")
            if invitee.open.state == "sent":  # they were cut off as soon as it was judged
                code = self._codes.right(work, phone, PURPOSE)
                if code is None:
                    raise NotFound("the code was not right yet")
                self._prove(work, invitee, code)
            forget(work, invitee.id)
            self._pins.set_first(work, invitee.id, candidate)

    def accept(self, phone: Phone) -> None:
        """They accept the terms: ACTIVE, with wallet, membership and welcome SMS.

        A borrower's identity is promised. Again changes nothing. Raises NotFound if something is
        missing.
        """
        now = self._clock.now()
        with self._db.work() as work:
            invitee = invitees.lock(work, phone)
            if invitee and invitee.status is Status.ACTIVE:
                return
            if invitee is None or invitee.open is None:
                raise NotFound("not invited")
            if invitee.open.state != "proven" or not invitee.has_pin:
                raise NotFound("something is missing still")
            member, by, invitation = invitee.id, audit.by_member(invitee.id), invitee.open
            work.run(
                """
                UPDATE member SET kind = %s, tier = %s, terms_at = %s, joined_at = %s WHERE id = %s
                """,
                invitation.kind,
                FIRST_TIER,
                now,
                now,
                member,
            )
            status.change(work, member, Status.ACTIVE, by=by, why="accepted the terms", at=now)
            work.run(
                "UPDATE invitation SET state = 'accepted', ended_at = %s WHERE id = %s",
                now,
                invitation.id,
            )
            work.run("DELETE FROM registration WHERE phone = %s", phone)
            self._welcome.give(work, member)
            self._tenants.admit(work, member, invitation.tenant)
            audit.record(work, by, "member.joined", subject=("member", member), at=now)
            self._messages.queue(work, self._letter(invitee))
            self._inviting.promise_identity(work, member, invitation.kind)

    def decline(self, phone: Phone) -> None:
        """They would rather join by themselves: the invitation ends. Again changes nothing."""
        with self._db.work() as work:
            invitee = invitees.lock(work, phone)
            if invitee is None or invitee.invitation is None or invitee.has_joined:
                return
            if invitee.invitation.state in ("sent", "proven", "expired"):
                self._inviting.end(work, invitee, "declined", by=audit.by_member(invitee.id))

    def ask_again(self, phone: Phone) -> bool:
        """Ask the agent by SMS for a new code, once a day; whether this was today's first time."""
        now = self._clock.now()
        today = self._local.date(now)
        with self._db.work() as work:
            invitee = invitees.lock(work, phone)
            asked = invitee.invitation if invitee and not invitee.has_joined else None
            if invitee is None or asked is None or asked.state not in ("sent", "expired"):
                return False
            if asked.asked_again_at and self._local.date(asked.asked_again_at) == today:
                return False
            work.run("UPDATE invitation SET asked_again_at = %s WHERE id = %s", now, asked.id)
            by, subject = audit.by_member(invitee.id), ("invitation", asked.id)
            audit.record(work, by, "invitation.asked_again", subject=subject, at=now)
            agent = work.row("SELECT phone, language FROM member WHERE id = %s", asked.inviter)
            if agent:
                key = f"asks-again:{asked.id}:{today}"
                values = {**self._signature, "name": invitee.name.short, "phone": phone.national}
                number, language = agent
                draft = Draft(key, "asks-again", number, language, ASKS_AGAIN, values)
                self._messages.queue(work, draft)
        return True

    # -- for the organisation

    def invite_for(
        self, work: Work, inviter: Inviter, phone: Phone, name: Name, language: str, *, kind: str
    ) -> int:
        """Invite with a code by SMS, as `invite` does, in a work of the caller's; the invitation."""
        invitee, invitation, fresh = self._inviting.invite(
            work, inviter, phone, name, language, kind=kind, life=LIFE
        )
        if not fresh and self._lacks_code(work, invitee):
            now = self._clock.now()
            invitees.reopen(work, invitee.id, invitation, at=now, life=LIFE, by=inviter.by)
            fresh = True
        if fresh:
            text = BY_US if inviter.id is None else BY_AGENT
            self._inviting.send(work, inviter, invitee, text, purpose=PURPOSE, life=LIFE)
        return invitation

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

    def _lacks_code(self, work: Work, invitee: Invitee) -> bool:
        """Whether they wait for a code: the one they had was burnt, or to be told in person."""
        is_sent = invitee.open is not None and invitee.open.state == "sent"
        live = self._codes.live_in(work, invitee.phone, PURPOSE)
        return is_sent and live is None and not self._has_typed_it(work, invitee)

    def _has_typed_it(self, work: Work, invitee: Invitee) -> bool:
        """Whether the code was judged right, and the call was cut before more was done."""
        return bool(invitee.open and self._codes.right(work, invitee.phone, PURPOSE))

    def _prove(self, work: Work, invitee: Invitee, code: int) -> None:
        assert invitee.open
        self._codes.use(work, code, purpose=PURPOSE, subject=invitee.id)
        by = audit.by_member(invitee.id)
        invitees.prove(work, invitee.open.id, at=self._clock.now(), life=LIFE, by=by)

    def _make_borrower(self, work: Work, member: Invitee, tenant: int, by: Actor) -> None:
        """Somebody who joined by themselves becomes a borrower, with their consent."""
        now = self._clock.now()
        work.run("UPDATE member SET kind = %s WHERE id = %s", BORROWER, member.id)
        subject = ("member", member.id)
        audit.record(work, by, "member.kind", subject=subject, at=now, was=member.kind, to=BORROWER)
        self._tenants.admit(work, member.id, tenant)
        self._inviting.promise_identity(work, member.id, BORROWER)

    def _letter(self, invitee: Invitee) -> Draft:
        return welcome_letter(
            invitee.id,
            invitee.phone,
            invitee.language,
            name=invitee.name,
            grant=self._welcome.grant,
            signature=self._signature,
        )


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
        WHERE i.id = %s AND i.inviter = %s
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
