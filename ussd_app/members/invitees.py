"""Who was invited: the member's row with the invitation that counts, and what becomes of both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.db.work import Work
from ussd_app.members import status
from ussd_app.members.joining import one_at_a_time
from ussd_app.members.pins import forget
from ussd_app.members.status import Status
from ussd_app.values import Name, Phone


@dataclass(frozen=True)
class Invitation:
    """An invitation as its row says; `kind` is what they are invited to be."""

    id: int
    tenant: int
    inviter: int | None
    kind: str
    state: str
    expires_at: datetime
    asked_again_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in ("sent", "proven")

    def is_over(self, now: datetime) -> bool:
        """Whether its time is over, though nobody may have noted it yet."""
        return self.state == "expired" or (self.state == "sent" and self.expires_at <= now)


@dataclass(frozen=True)
class Invitee:
    """Somebody with this number, and the invitation that counts: the open one, or else the last."""

    id: int
    phone: Phone
    name: Name
    language: str
    kind: str
    status: Status
    has_pin: bool
    invitation: Invitation | None

    @property
    def has_joined(self) -> bool:
        return self.status not in (Status.INVITED, Status.EXPIRED)

    @property
    def open(self) -> Invitation | None:
        """Their invitation, while it is open."""
        return self.invitation if self.invitation and self.invitation.is_open else None


def find(work: Work, phone: Phone) -> Invitee | None:
    """Whoever has this number, invited or not."""
    row = work.row(
        """
        SELECT m.id, m.name, m.language, m.kind, m.status,
            EXISTS (SELECT FROM pin WHERE member = m.id),
            i.id, i.tenant, i.inviter, i.kind, i.state, i.expires_at, i.asked_again_at
        FROM member m LEFT JOIN LATERAL (
            SELECT * FROM invitation WHERE member = m.id
            ORDER BY state IN ('sent', 'proven') DESC, id DESC LIMIT 1
        ) i ON true
        WHERE m.phone = %s
        """,
        phone,
    )
    if row is None:
        return None
    member, name, language, kind, at, has_pin, *invitation = row
    found = None if invitation[0] is None else Invitation(*invitation)
    return Invitee(member, phone, Name(name), language, kind, Status(at), has_pin, found)


def lock(work: Work, phone: Phone) -> Invitee | None:
    """The same, and nobody else changes them or takes the number until the work ends."""
    one_at_a_time(work, phone)
    work.row("SELECT 1 FROM member WHERE phone = %s FOR NO KEY UPDATE", phone)
    return find(work, phone)


def make(work: Work, phone: Phone, name: Name, language: str, kind: str) -> int:
    """Somebody new who has not joined; the id is an applicant's if they began by themselves."""
    (member,) = work.the_row(
        """
        INSERT INTO member (id, phone, name, language, kind, status, tier)
        SELECT coalesce((SELECT id FROM registration WHERE phone = %s), nextval('member_id')),
            %s, %s, %s, %s, 'INVITED', 0
        RETURNING id
        """,
        phone,
        phone,
        name,
        language,
        kind,
    )
    assert isinstance(member, int)
    return member


def make_again(work: Work, member: int, name: Name, language: str, kind: str) -> None:
    """The same row for somebody whose invitation has ended."""
    work.run(
        "UPDATE member SET name = %s, language = %s, kind = %s WHERE id = %s",
        name,
        language,
        kind,
        member,
    )


def invite(
    work: Work,
    member: int,
    kind: str,
    *,
    tenant: int,
    inviter: int | None,
    at: datetime,
    life: timedelta,
    by: Actor,
) -> int:
    """Write the invitation down; its id."""
    (invitation,) = work.the_row(
        """
        INSERT INTO invitation (member, tenant, inviter, kind, made_at, expires_at)
        VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
        """,
        member,
        tenant,
        inviter,
        kind,
        at,
        at + life,
    )
    assert isinstance(invitation, int)
    subject = ("member", member)
    audit.record(work, by, "member.invited", subject=subject, at=at, kind=kind)
    return invitation


def reopen(
    work: Work, member: int, invitation: int, *, at: datetime, life: timedelta, by: Actor
) -> None:
    """Let it live on, from now: a new code is on its way."""
    work.run(
        """
        UPDATE invitation SET state = 'sent', expires_at = %s, asked_again_at = NULL, ended_at = NULL
        WHERE id = %s
        """,
        at + life,
        invitation,
    )
    status.change(work, member, Status.INVITED, by=by, why="invited again", at=at)
    subject = ("invitation", invitation)
    audit.record(work, by, "invitation.sent_again", subject=subject, at=at)


def prove(work: Work, invitation: int, *, at: datetime, life: timedelta, by: Actor) -> None:
    """Their code was right."""
    work.run(
        "UPDATE invitation SET state = 'proven', proven_at = %s, expires_at = %s WHERE id = %s",
        at,
        at + life,
        invitation,
    )
    audit.record(work, by, "invitation.proven", subject=("invitation", invitation), at=at)


def end(work: Work, invitee: Invitee, state: str, *, at: datetime, by: Actor) -> None:
    """It ends without their having joined by it; a PIN they may have chosen goes with it."""
    assert invitee.invitation
    work.run(
        "UPDATE invitation SET state = %s, ended_at = %s WHERE id = %s",
        state,
        at,
        invitee.invitation.id,
    )
    forget(work, invitee.id)
    status.change(work, invitee.id, Status.EXPIRED, by=by, why=f"invitation {state}", at=at)
