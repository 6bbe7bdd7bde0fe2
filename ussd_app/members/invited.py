"""Who was invited joins: they prove it with a code, choose a PIN, accept the terms; or they do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ussd_app.audit import service as audit
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotFound
from ussd_app.members import invitees, status
from ussd_app.members.invitees import Invitation, Invitee
from ussd_app.members.inviting import IN_PERSON, LIFE, PURPOSE, Inviting
from ussd_app.members.joining import FIRST_TIER, Tenants, Welcome, welcome_letter
from ussd_app.members.kinds import Permission, may
from ussd_app.members.pins import Pins, forget
from ussd_app.members.status import Status
from ussd_app.messages.codes import Codes
from ussd_app.messages.service import Draft, Messages, OptedOut
from ussd_app.text import _
from ussd_app.values import Name, Phone

ASKS_AGAIN = _("{org}: {name} {phone} asks you for a new code to join. Dial {code} to send it.")

UNDECIDED = ("sent", "proven", "expired", "withdrawn")

Step = Literal["code", "told", "expired", "pin", "terms", "withdrawn"]
Asked = Literal["asked", "before", "nobody"]


@dataclass(frozen=True)
class Waiting:
    """What an invited number is still to do. Withdrawn: to hear of it, and join without it.

    Told: nothing, for the agent beside them has their code and confirms the identity card.
    """

    id: int
    step: Step
    inviter: str
    """Short name, or the organisation's."""
    by_agent: bool
    kind: str
    """What they are invited to be."""
    name: Name
    language: str
    asked_at: datetime | None
    """When the inviter was asked for a new code, if they have not sent it since."""


class Invited:
    """Takes in who was invited."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        pins: Pins,
        codes: Codes,
        inviting: Inviting,
        *,
        messages: Messages,
        welcome: Welcome,
        tenants: Tenants,
        local: Local,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._pins, self._codes = db, clock, pins, codes
        self._inviting, self._messages, self._welcome = inviting, messages, welcome
        self._tenants, self._local, self._signature = tenants, local, signature

    def waiting(self, phone: Phone) -> Waiting | None:
        """What this number is still to do; None for one that is not invited."""
        with self._db.reading() as reading:
            invitee = invitees.find(reading, phone)
            if invitee is None or invitee.has_joined or invitee.invitation is None:
                return None
            invitation = invitee.invitation
            if (step := self._step(reading, invitee, invitation)) is None:
                return None
            inviter = reading.row(
                "SELECT name FROM member WHERE id = %s AND name <> ''", invitation.inviter
            )
            is_asked = self._agent(reading, invitation.inviter) is not None
        return Waiting(
            invitation.id,
            step,
            Name(inviter[0]).short if inviter else self._signature["org"],
            inviter is not None,
            invitation.kind,
            invitee.name,
            invitee.language,
            invitation.asked_again_at if is_asked else None,
        )

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
            if invitee.invitation.state in UNDECIDED:
                self._inviting.end(work, invitee, "declined", by=audit.by_member(invitee.id))

    def ask_again(self, phone: Phone) -> Asked:
        """Ask the agent by SMS for a new code: 'before' if that was done today already.

        'nobody' where none can be asked: the organisation itself invited, or somebody who is no
        agent any more or gets no SMS.
        """
        now = self._clock.now()
        today = self._local.date(now)
        with self._db.work() as work:
            invitee = invitees.lock(work, phone)
            asked = invitee.invitation if invitee and not invitee.has_joined else None
            if invitee is None or asked is None or asked.state not in ("sent", "expired"):
                return "nobody"
            agent = self._agent(work, asked.inviter)
            if asked.asked_again_at and self._local.date(asked.asked_again_at) == today:
                return "before" if agent else "nobody"
            work.run("UPDATE invitation SET asked_again_at = %s WHERE id = %s", now, asked.id)
            by, subject = audit.by_member(invitee.id), ("invitation", asked.id)
            audit.record(work, by, "invitation.asked_again", subject=subject, at=now)
            if agent is None:
                return "nobody"
            key = f"asks-again:{asked.id}:{today}"
            values = {**self._signature, "name": invitee.name.short, "phone": phone.national}
            self._messages.queue(work, Draft(key, "asks-again", *agent, ASKS_AGAIN, values))
        return "asked"

    def _agent(self, work: Work, inviter: int | None) -> tuple[str, str] | None:
        """Number and language of the agent who invited, if they can be asked for a code."""
        row = work.row("SELECT phone, language, kind, status FROM member WHERE id = %s", inviter)
        if row is None or row[3] != Status.ACTIVE or not may(row[2], Permission.INVITE):
            return None
        phone, language, *_rest = row
        try:
            self._messages.refuse_opted_out(work, phone)
        except OptedOut:
            return None
        return phone, language

    def _step(self, work: Work, invitee: Invitee, invitation: Invitation) -> Step | None:
        if invitation.state == "proven" or self._inviting.has_typed_it(work, invitee):
            return "terms" if invitee.has_pin else "pin"
        if invitation.state == "withdrawn":
            return "withdrawn"
        if invitee.open and self._codes.right(work, invitee.phone, IN_PERSON):
            return "told"
        if invitation.is_over(self._clock.now()):
            return "expired"
        return "code" if invitation.state == "sent" else None

    def _prove(self, work: Work, invitee: Invitee, code: int) -> None:
        assert invitee.open
        self._codes.use(work, code, purpose=PURPOSE, subject=invitee.id)
        by = audit.by_member(invitee.id)
        invitees.prove(work, invitee.open.id, at=self._clock.now(), life=LIFE, by=by)

    def _letter(self, invitee: Invitee) -> Draft:
        return welcome_letter(
            invitee.id,
            invitee.phone,
            invitee.language,
            name=invitee.name,
            grant=self._welcome.grant,
            signature=self._signature,
        )
