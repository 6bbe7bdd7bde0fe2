"""Whom one may pay: found by number, offered from the last payments, invited when unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ussd_app.audit import service as audit
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database
from ussd_app.errors import NotAllowed, NotFound
from ussd_app.members.service import Members, MemberView
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import _
from ussd_app.tokens.service import Tokens
from ussd_app.values import Name, Phone

RECENT_MOST = 3
INVITATION = _("{name} wants to send you {token} at {org}. To join, dial {code}. It is free.")
INVITATION_HOURS = 48


@dataclass(frozen=True)
class Recipient:
    """A member to be paid; of the name no more than is needed to recognise a friend."""

    id: int
    phone: Phone
    name: str
    is_active: bool
    """Whether they can receive."""


class Recipients:
    """Finds whom to pay."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        tokens: Tokens,
        members: Members,
        messages: Messages,
        *,
        local: Local,
        countries: tuple[str, ...],
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._tokens = db, clock, tokens
        self._members, self._messages, self._local = members, messages, local
        self._countries, self._signature = countries, signature

    def find(self, payer: MemberView, phone: Phone) -> Recipient:
        """The member with this number.

        Raises NotFound, NotAllowed for one's own number, and LimitReached for somebody who pages
        through the numbers of strangers.
        """
        if phone == payer.phone:
            raise NotAllowed("oneself")
        if not self._knows(payer, phone):
            self._members.count_lookup(payer.id)
        found = self._members.find(phone)
        if found is None:
            raise NotFound("no such member")
        return Recipient(found.id, found.phone, found.name.short, is_active=found.is_active)

    def recent(self, payer: MemberView) -> Sequence[Recipient]:
        """Whom the member paid last, newest first, each once."""
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT m.id, m.phone, m.name FROM (
                    SELECT payee, max(at) AS at FROM (
                        SELECT payee, at FROM transfer
                        WHERE payer = %s AND posting IS NOT NULL ORDER BY at DESC LIMIT 30
                    ) latest GROUP BY payee
                ) t JOIN member m ON m.id = t.payee
                WHERE m.status = 'ACTIVE' ORDER BY t.at DESC LIMIT %s
                """,
                payer.id,
                RECENT_MOST,
            )
        return [
            Recipient(member, Phone(phone), Name(name).short, is_active=True)
            for member, phone, name in rows
        ]

    def invite(self, payer: MemberView, phone: Phone) -> bool:
        """Ask an unknown number by SMS to join, once a day; whether this was today's first time.

        Raises NotAllowed for a number of a country not served, and for a member's; OptedOut for one
        that wants no SMS.
        """
        if self._members.find(phone):
            raise NotAllowed("has joined")
        if str(phone.country_code) not in self._countries:
            raise NotAllowed("this country is not served")
        now = self._clock.now()
        with self._db.work() as work:
            self._messages.refuse_opted_out(work, phone)
            fresh = self._messages.queue(
                work,
                Draft(
                    key=f"invite:{phone}:{self._local.date(now)}",
                    kind="invitation",
                    phone=phone,
                    language=payer.language,
                    text=INVITATION,
                    values={
                        **self._signature,
                        "name": payer.name.short,
                        "token": self._tokens.first.unit.code,
                    },
                    hours=INVITATION_HOURS,
                    about=payer.id,
                ),
            )
            if fresh:
                actor = audit.by_member(payer.id)
                audit.record(work, actor, "invitation.sent", subject=("member", None), at=now)
        return bool(fresh)

    def _knows(self, payer: MemberView, phone: Phone) -> bool:
        """Whether the two have paid each other before."""
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT 1 FROM member m WHERE m.phone = %s AND EXISTS (
                    SELECT FROM transfer WHERE payer = %s AND payee = m.id
                    UNION ALL SELECT FROM transfer WHERE payer = m.id AND payee = %s
                )
                """,
                phone,
                payer.id,
                payer.id,
            )
        return row is not None
