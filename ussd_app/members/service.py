"""People who dial: who they are, what they may change of themselves, what they complain of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.connection import Row
from ussd_app.db.work import Database
from ussd_app.errors import LimitReached, NotFound
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import _
from ussd_app.values import Name, Phone, Reference, Remark

COMPLAINT = _("{org}: we received your report. Ref {ref}. We will call you. Help: {support}.")

FORMER = _("former member")
"""What others see in the place of the name of somebody who was deleted."""


@dataclass(frozen=True)
class MemberView:
    """A member as menus see them."""

    id: int
    phone: Phone
    name: Name
    language: str
    kind: str
    status: str
    joined_at: datetime
    careful_until: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.status == "ACTIVE"


class Members:
    """Members as they are known to others and to themselves."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        messages: Messages,
        *,
        local: Local,
        lookups_a_day: int,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._messages = db, clock, messages
        self._local, self._lookups_a_day, self._signature = local, lookups_a_day, signature

    def find(self, phone: Phone) -> MemberView | None:
        """The member with this number, blocked or not; who is merely invited is none yet."""
        with self._db.reading() as reading:
            row = reading.row(f"{_MEMBER} WHERE phone = %s AND {_JOINED}", phone)
        return _view(row) if row else None

    def get(self, phone: Phone) -> MemberView:
        """The member who calls. Raises NotFound."""
        if (member := self.find(phone)) is None:
            raise NotFound("no such member")
        return member

    def with_id(self, member: int) -> MemberView:
        """The member of whom a row tells only this, whatever became of them."""
        with self._db.reading() as reading:
            return _view(reading.the_row(f"{_MEMBER} WHERE id = %s", member))

    def count_lookup(self, member: int) -> None:
        """Charge one look at a stranger's name. Raises LimitReached when today's are used up."""
        today = self._local.date(self._clock.now())
        with self._db.work() as work:
            (count,) = work.the_row(
                """
                INSERT INTO lookup (member, day, count) VALUES (%s, %s, 1)
                ON CONFLICT (member, day) DO UPDATE SET count = lookup.count + 1
                RETURNING count
                """,
                member,
                today,
            )
        if count > self._lookups_a_day:
            raise LimitReached("lookups", 0)

    def forget_lookups(self, *, after_days: int, most: int) -> int:
        """Forget how many names were seen on days so long ago; how many rows were forgotten."""
        today = self._local.date(self._clock.now())
        with self._db.work() as work:
            return work.run(
                """
                DELETE FROM lookup WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM lookup WHERE day < %s LIMIT %s FOR UPDATE SKIP LOCKED
                ))
                """,
                today - timedelta(days=after_days),
                most,
            )

    def rename(self, phone: Phone, name: Name) -> None:
        """Call the member so from now on."""
        self._change(phone, "member.renamed", name=name)

    def speak(self, phone: Phone, language: str, *, by: Actor | None = None) -> None:
        """Speak this language with the member from now on; by their own wish unless told."""
        self._change(phone, "member.language", language=language, by=by)

    def complain(self, phone: Phone, key: str, words: Remark) -> Reference:
        """Take a report in the member's own words; the same `key` is one report."""
        now = self._clock.now()
        with self._db.work() as work:
            member, language = work.the_row(
                "SELECT id, language FROM member WHERE phone = %s", phone
            )
            (complaint,) = work.the_row(
                """
                INSERT INTO complaint (key, member, words, made_at) VALUES (%s, %s, %s, %s)
                ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id
                """,
                key,
                member,
                words,
                now,
            )
            quoted = Reference.of_report(complaint)
            if self._messages.queue(
                work,
                Draft(
                    key=f"complaint:{key}",
                    kind="complaint",
                    phone=phone,
                    language=language,
                    text=COMPLAINT,
                    values={**self._signature, "ref": quoted},
                    member=member,
                ),
            ):
                actor, subject = audit.by_member(member), ("complaint", complaint)
                audit.record(work, actor, "complaint.made", subject=subject, at=now)
        return quoted

    def _change(
        self,
        phone: Phone,
        action: str,
        *,
        name: Name | None = None,
        language: str | None = None,
        by: Actor | None = None,
    ) -> None:
        now = self._clock.now()
        with self._db.work() as work:
            row = work.row(
                """
                UPDATE member SET name = coalesce(%s, name), language = coalesce(%s, language)
                WHERE phone = %s RETURNING id
                """,
                name,
                language,
                phone,
            )
            if row is None:
                raise NotFound("no such member")
            actor, subject = by or audit.by_member(row[0]), ("member", row[0])
            audit.record(work, actor, action, subject=subject, at=now)


_MEMBER = "SELECT id, phone, name, language, kind, status, joined_at, careful_until FROM member"
_JOINED = "status IN ('ACTIVE', 'BLOCKED')"


def _view(row: Row) -> MemberView:
    member, phone, name, *more = row
    return MemberView(member, Phone(phone or ""), Name(name), *more)
