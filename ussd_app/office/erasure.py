"""Let a member leave for good: their data goes, what they paid stays, and their number is free.

What is theirs goes in the work of the approval. What mentions them elsewhere goes in the errand
that follows (`forgetting`), which also waits for the last SMS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Work
from ussd_app.errors import Conflict, NotFound
from ussd_app.members import parting, status
from ussd_app.members.status import Status
from ussd_app.messages.service import Draft, Messages
from ussd_app.office import forgetting
from ussd_app.office.approvals import Payload
from ussd_app.text import Text, _
from ussd_app.users.permissions import Permission
from ussd_app.values import Name, Phone

KIND = "member.delete"
FAREWELL_HOURS = 1

FAREWELL = _("{org}: your account is closed and your data is deleted. Questions? Call {support}.")

MONEY = _("They still have money. Let them spend it first.")
PAYING = _("A payment of theirs was made a moment ago. Try again in a minute.")
RECOVERING = _("They are getting a new PIN. Let that end first.")
AWAITED = _("Somebody who lost a PIN waits for their word. Let that end first.")
COMPLAINED = _("They have reported something. Answer that first.")
ASKED = _("Something else about them waits for approval. Decide that first.")
INVITED = _("They have not answered their invitation. Cancel that first.")
INVITING = _("People they invited have not joined yet. Let these invitations end first.")
GROUPED = _("Their group has members. Take these out first.")

_REASONS: Sequence[tuple[Text, LiteralString]] = (
    (INVITED, "SELECT 1 FROM member WHERE id = %(member)s AND status = 'INVITED'"),
    (MONEY, "SELECT 1 FROM account WHERE owner = %(member)s AND (balance <> 0 OR held <> 0)"),
    (
        PAYING,
        """
        SELECT 1 FROM errand e JOIN transfer t ON t.posting = e.subject
        WHERE e.kind = 'receipts' AND %(member)s IN (t.payer, t.payee)
        """,
    ),
    (RECOVERING, "SELECT 1 FROM recovery WHERE member = %(member)s AND state = 'open'"),
    (
        AWAITED,
        """
        SELECT 1 FROM guarantor g JOIN recovery r ON r.member = g.ward AND r.state = 'open'
        WHERE g.guarantor = %(member)s AND g.state = 'accepted' AND r.path = 'guarantors'
        """,
    ),
    (COMPLAINED, "SELECT 1 FROM complaint WHERE member = %(member)s AND state = 'open'"),
    (
        ASKED,
        """
        SELECT 1 FROM approval_request r
        WHERE r.state = 'waiting' AND r.kind <> 'member.delete' AND (
            r.payload ->> 'member' = %(member)s::text
            OR (r.payload ->> 'posting')::bigint IN (
                SELECT e.posting FROM account a JOIN entry e ON e.account = a.id
                WHERE a.owner = %(member)s
            )
        )
        """,
    ),
    (
        INVITING,
        "SELECT 1 FROM invitation WHERE inviter = %(member)s AND state IN ('sent', 'proven')",
    ),
    (GROUPED, "SELECT 1 FROM member WHERE group_of = %(member)s"),
)
"""What stands in the way, and how it is found."""


class Kept(Conflict):
    """They cannot be deleted as things are; `message` says why."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


class Erasure:
    """The deed: after it there is an id, and nothing that tells whose it was."""

    kind = KIND
    permission = Permission.REMOVE_PEOPLE
    private: Sequence[str] = ()

    def __init__(self, clock: Clock, messages: Messages, *, signature: dict[str, str]) -> None:
        self._clock, self._messages, self._signature = clock, messages, signature

    def check(self, work: Work, payload: Payload) -> None:
        """Raises NotFound for no member, and Kept while something of theirs is open."""
        member = int(payload["member"])
        parting.lock(work, member)
        if not work.row("SELECT 1 FROM member WHERE id = %s AND status <> 'DELETED'", member):
            raise NotFound("no such member")
        _refuse(work, member)

    def run(self, work: Work, payload: Payload, *, request: int, by: Actor, why: str) -> None:
        """Do it; they, their guarantors and their wards are told. Raises as `check`.

        Payments under way to and from them are waited for, and then everything is looked at again:
        money that has arrived keeps them.
        """
        member, now = int(payload["member"]), self._clock.now()
        status.change(work, member, Status.DELETED, by=by, why=why, at=now)
        _refuse(work, member)
        phone, name, language = work.the_row(
            "SELECT phone, name, language FROM member WHERE id = %s", member
        )
        numbers = forgetting.begin(work, member, Phone(phone), Name(name), at=now)
        parting.part(work, member, self._messages, self._signature, at=now, by=by)
        forgetting.forget_theirs(work, member)
        for statement in _OF_THE_NUMBER:
            work.run(statement, numbers)
        work.run(_TOMBSTONE, member)
        subject = ("member", member)
        audit.record(work, by, "member.deleted", subject=subject, at=now, request=request)
        self._messages.queue(
            work,
            Draft(
                key=f"farewell:{member}",
                kind="farewell",
                phone=phone,
                language=language,
                text=FAREWELL,
                values=self._signature,
                hours=FAREWELL_HOURS,
            ),
        )
        forgetting.promise(work, member, at=now)


def _refuse(work: Work, member: int) -> None:
    """Raises Kept for the first thing that stands in the way."""
    for reason, found in _REASONS:
        query = found.replace("%(member)s", "%s")
        if work.row(query, *[member] * query.count("%s")):
            raise Kept(reason)


_OF_THE_NUMBER: Sequence[LiteralString] = (
    "DELETE FROM delivery_report WHERE phone = ANY(%s)",
    "DELETE FROM one_time_code WHERE phone = ANY(%s)",
    "DELETE FROM call WHERE phone = ANY(%s)",
    "DELETE FROM registration WHERE phone = ANY(%s)",
)
_TOMBSTONE: LiteralString = """
    UPDATE member SET phone = NULL, name = '', language = 'en', kind = 'individual', tier = 0,
        terms_at = NULL, joined_at = NULL, careful_until = NULL, location = NULL, group_of = NULL,
        default_token = NULL, auto_convert = false
    WHERE id = %s
"""
