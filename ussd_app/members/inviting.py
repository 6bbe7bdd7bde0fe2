"""Inviting, beneath its service: everything in a work of the caller's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ussd_app.audit.service import THE_SYSTEM, Actor
from ussd_app.clock import Clock
from ussd_app.db import outbox
from ussd_app.db.work import Work
from ussd_app.errors import Conflict, NotAllowed
from ussd_app.members import invitees, status
from ussd_app.members.invitees import Invitee
from ussd_app.members.kinds import AGENT, BORROWER, KINDS
from ussd_app.members.status import Status
from ussd_app.messages.codes import Codes
from ussd_app.messages.service import Draft
from ussd_app.text import Text, _
from ussd_app.values import Name, Phone

LIFE = timedelta(hours=24)
PURPOSE = "invitation"
IN_PERSON = "in-person"
IDENTITY = "identity"
ONBOARDING = "onboarding"  # the kind of SMS

BY_AGENT = _(
    "{agent} of {org} invites you as a borrower. Code: {code}. Dial {dial} within 24 hours."
    " Tell nobody, not even {agent}."
)
BORROWER_BY_US = _(
    "{org} invites you as a borrower. Your code: {code}. Dial {dial} within 24 hours."
    " Tell it to nobody, not even to us."
)
AGENT_BY_US = _(
    "{org} invites you as an agent. Your code: {code}. Dial {dial} within 24 hours."
    " Tell it to nobody, not even to us."
)
BY_US = _(
    "{org} invites you. Your code: {code}. Dial {dial} within 24 hours. Tell it to nobody,"
    " not even to us."
)
BEFORE_AGENT = _(
    "{agent} of {org} registers you as a borrower. Code: {code}. Tell it to {agent} only"
    " if you are together. Valid 5 minutes."
)


def invitation_text(inviter: Inviter, kind: str) -> Text:
    """Who invites, and to become what."""
    if inviter.id is not None:
        return BY_AGENT
    return {BORROWER: BORROWER_BY_US, AGENT: AGENT_BY_US}.get(kind, BY_US)


@dataclass(frozen=True)
class Inviter:
    """Who invites: an agent, or the organisation itself, which has no id. `by` acts for them."""

    id: int | None
    name: str
    by: Actor


class Inviting:
    """Invites somebody, sends them codes, and ends it when nothing came of it."""

    def __init__(
        self, clock: Clock, codes: Codes, *, countries: tuple[str, ...], signature: dict[str, str]
    ) -> None:
        self._clock, self._codes = clock, codes
        self._countries, self._signature = countries, signature

    def invite(
        self,
        work: Work,
        inviter: Inviter,
        phone: Phone,
        name: Name,
        language: str,
        *,
        kind: str,
        life: timedelta,
    ) -> tuple[Invitee, int, bool]:
        """Somebody with an open invitation of this inviter, its id, and whether it is a new one."""
        if str(phone.country_code) not in self._countries:
            raise NotAllowed("this country is not served")
        now, by = self._clock.now(), inviter.by
        known = invitees.lock(work, phone)
        if known and known.has_joined:
            raise Conflict("is blocked" if known.status is Status.BLOCKED else "has joined already")
        if known and known.open and not known.open.is_over(now):
            if (known.open.inviter, known.open.kind) != (inviter.id, kind):
                raise Conflict("was invited by somebody else, or as somebody else")
            invitation = known.open.id
            if known.open.state == "sent":  # what they were called last stands
                work.run("UPDATE member SET name = %s WHERE id = %s", name, known.id)
                known = replace(known, name=name)
            return known, invitation, False
        if known and known.open:
            self.end(work, known, "expired", by=THE_SYSTEM)
        if known:
            invitees.make_again(work, known.id, name, language, kind)
            status.change(work, known.id, Status.INVITED, by=by, why="invited again", at=now)
            member = known.id
        else:
            member = invitees.make(work, phone, name, language, kind)
        invitation = invitees.invite(
            work,
            member,
            kind,
            tenant=tenant_of(work, inviter),
            inviter=inviter.id,
            at=now,
            life=life,
            by=by,
        )
        found = invitees.find(work, phone)
        assert found
        return found, invitation, True

    def send(
        self,
        work: Work,
        inviter: Inviter,
        invitee: Invitee,
        text: Text,
        *,
        purpose: str,
        life: timedelta,
    ) -> int:
        """Send a code; its id."""
        draft = self._letter(inviter, invitee, text, purpose)
        return self._codes.send(
            work, draft, purpose=purpose, subject=invitee.id, life=life, asker=inviter.id
        )

    def send_beside(self, work: Work, agent: Inviter, invitee: Invitee) -> int:
        """Send a code to somebody who stands before the agent; its id."""
        assert agent.id is not None
        draft = self._letter(agent, invitee, BEFORE_AGENT, IN_PERSON)
        return self._codes.send_beside(
            work, draft, purpose=IN_PERSON, subject=invitee.id, asker=agent.id
        )

    def _letter(self, inviter: Inviter, invitee: Invitee, text: Text, purpose: str) -> Draft:
        dial = self._signature["code"]  # the text's {code} is the one to be typed
        return Draft(
            key=f"{purpose}:{invitee.id}",
            kind=ONBOARDING,
            phone=invitee.phone,
            language=invitee.language,
            text=text,
            values={**self._signature, "dial": dial, "agent": inviter.name},
            member=invitee.id,
        )

    def has_typed_it(self, work: Work, invitee: Invitee) -> bool:
        """Whether the code was judged right, and the call was cut before more was done."""
        return bool(invitee.open and self._codes.right(work, invitee.phone, PURPOSE))

    def end(self, work: Work, invitee: Invitee, state: str, *, by: Actor) -> None:
        """Let it end; its codes are void."""
        for purpose in (PURPOSE, IN_PERSON):
            self._codes.void(work, purpose, invitee.id)
        invitees.end(work, invitee, state, at=self._clock.now(), by=by)

    def promise_identity(self, work: Work, member: int, kind: str) -> None:
        """It waits, visibly, until identities can be made."""
        if KINDS[kind].needs_identity:
            outbox.promise(work, IDENTITY, member, at=self._clock.now(), parked=True)


def tenant_of(work: Work, inviter: Inviter) -> int:
    """The agent's organisation; the first one for the organisation itself."""
    (tenant,) = work.the_row(
        """
        SELECT coalesce((SELECT min(tenant) FROM membership WHERE member = %s),
            (SELECT min(id) FROM tenant))
        """,
        inviter.id,
    )
    assert isinstance(tenant, int)
    return tenant
