"""Give a member another number, once two people of the organisation want it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import psycopg

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Work
from ussd_app.errors import Conflict, NotFound
from ussd_app.members import pins
from ussd_app.messages.service import Draft, Messages
from ussd_app.office.approvals import Payload
from ussd_app.text import Text, _
from ussd_app.users.permissions import Permission
from ussd_app.values import Phone

KIND = "member.phone"
TAKEN, RECOVERING, SAME = "taken", "recovering", "same"

FROM_HERE = _("{org}: your account moves to another number. Not you? Call {support} at once.")
TO_HERE = _("{org}: your account is on this number now. Your PIN is as before. Dial {code}.")

Changed = Callable[[Work, int], None]


class PhoneChange:
    """The deed: whoever has the number from then on is the member, with the PIN there was.

    For a while little may be sent, as after a recovery: a SIM is what a thief would bring.
    `changed` are told of the member, in the same work: whatever is found by its number.
    """

    kind = KIND
    permission = Permission.EDIT_PEOPLE
    private: Sequence[str] = ("phone",)

    def __init__(
        self,
        clock: Clock,
        messages: Messages,
        *,
        careful: timedelta,
        signature: dict[str, str],
        changed: Sequence[Changed] = (),
    ) -> None:
        self._clock, self._messages, self._careful = clock, messages, careful
        self._signature, self._changed = signature, changed

    def check(self, work: Work, payload: Payload) -> None:
        """Raises NotFound for no member, and Conflict: 'taken', 'recovering' or 'same'.

        While a PIN is being recovered nothing moves, or two of the staff could move a recovery to
        a SIM whose guarantors never heard of it.
        """
        member, phone = payload["member"], payload["phone"]
        row = work.row(
            """
            SELECT phone FROM member WHERE id = %s AND status IN ('ACTIVE', 'BLOCKED')
            FOR NO KEY UPDATE
            """,
            member,
        )
        if row is None:
            raise NotFound("no such member")
        if row[0] == phone:
            raise Conflict(SAME)
        if work.row("SELECT 1 FROM member WHERE phone = %s", phone):
            raise Conflict(TAKEN)
        if work.row(
            "SELECT 1 FROM recovery WHERE member = %s AND state = 'open' AND expires_at > %s",
            member,
            self._clock.now(),
        ):
            raise Conflict(RECOVERING)

    def run(self, work: Work, payload: Payload, *, request: int, by: Actor, why: str) -> None:
        """Change it; old and new number are told. Raises Conflict if somebody was quicker."""
        member, phone, now = int(payload["member"]), Phone(payload["phone"]), self._clock.now()
        for (begun,) in work.rows("DELETE FROM registration WHERE phone = %s RETURNING id", phone):
            pins.forget(work, begun)
        (old, language) = work.the_row("SELECT phone, language FROM member WHERE id = %s", member)
        try:
            work.run(
                "UPDATE member SET phone = %s, careful_until = greatest(careful_until, %s)"
                " WHERE id = %s",
                phone,
                now + self._careful,
                member,
            )
        except psycopg.errors.UniqueViolation:
            raise Conflict(TAKEN) from None
        for changed in self._changed:
            changed(work, member)
        audit.record(
            work, by, "member.phone", subject=("member", member), at=now, request=request, why=why
        )
        self._messages.queue(
            work,
            self._draft(f"phone-changed:{request}:old", member, old, language, FROM_HERE),
            self._draft(f"phone-changed:{request}:new", member, phone, language, TO_HERE),
        )

    def _draft(self, key: str, member: int, phone: str, language: str, text: Text) -> Draft:
        return Draft(
            key=key,
            kind="security",
            phone=phone,
            language=language,
            text=text,
            values=self._signature,
            member=member,
        )
