"""What a member may be, and how one becomes the other: the only place that changes a status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.db.work import Work
from ussd_app.errors import Conflict, NotFound


class Status(StrEnum):
    """Where somebody stands with the organisation."""

    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    """The invitation has lapsed; they may be invited again."""
    DELETED = "DELETED"


ALLOWED: Mapping[Status, frozenset[Status]] = {
    Status.INVITED: frozenset({Status.ACTIVE, Status.EXPIRED, Status.DELETED}),
    Status.ACTIVE: frozenset({Status.BLOCKED, Status.DELETED}),
    Status.BLOCKED: frozenset({Status.ACTIVE, Status.DELETED}),
    Status.EXPIRED: frozenset({Status.INVITED, Status.ACTIVE, Status.DELETED}),
    Status.DELETED: frozenset(),
}


def change(work: Work, member: int, to: Status, *, by: Actor, why: str, at: datetime) -> bool:
    """Change a member's status, audited; False if it is that already.

    Payments under way, to and from the member, are waited for, and later ones see the change:
    nothing is posted after the commit that the new status forbids. `why` is a few words of the
    organisation's, without names or numbers. Raises NotFound, and Conflict for a change that is
    not allowed.
    """
    row = work.row("SELECT status FROM member WHERE id = %s FOR NO KEY UPDATE", member)
    if row is None:
        raise NotFound("no such member")
    was = Status(row[0])
    if was == to:
        return False
    if to not in ALLOWED[was]:
        raise Conflict(f"{was} does not become {to}")
    # transfer_send keeps the payer's number, and shares the negative of the payee's.
    work.run("SELECT pg_advisory_xact_lock(%s), pg_advisory_xact_lock(%s)", member, -member)
    work.run("UPDATE member SET status = %s WHERE id = %s", to, member)
    audit.record(
        work, by, "member.status", subject=("member", member), at=at, was=was, to=to, why=why
    )
    return True
