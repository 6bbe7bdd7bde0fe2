"""Lists of people to invite: put away as they were written, then worked off row by row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db import outbox
from ussd_app.db.work import Database, Work
from ussd_app.errors import Invalid, LimitReached, NotFound, Refusal
from ussd_app.members.invitations import Invitations, Sent
from ussd_app.members.inviting import Inviter
from ussd_app.members.joining import one_at_a_time
from ussd_app.members.kinds import KINDS
from ussd_app.text import Text
from ussd_app.values import Name, Phone

ERRAND = "invitations"
ROWS_MOST = 10_000
ROWS_AT_ONCE = 100
WISHED = "new code wished"
"""Why a row waits that is to send a new code though theirs is good."""
SENT_AGAIN = "new code sent"
WAITS = {"pause": "wait a minute", "hour": "wait an hour", "day": "try tomorrow"}
"""What to do about each limit of codes."""
LETTERS_KEPT = 100  # of each value as it was written

Row = tuple[str, str, str, str]
"""Phone, name, language and kind, as written."""


class InvitationLists:
    """Takes lists and carries them out."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        invitations: Invitations,
        *,
        languages: tuple[str, ...],
        countries: tuple[str, ...],
        organisation: str,
        local: Local,
    ) -> None:
        self._db, self._clock, self._invitations, self._local = db, clock, invitations, local
        self._languages, self._organisation = languages, organisation
        self._near = f"+{countries[0]}"  # where a number without a calling code belongs

    def take(self, rows: Sequence[Row], *, by: Actor, again: bool = False) -> int:
        """Put away a list, at most 10,000 rows of it; the id of the batch.

        `again` sends a new code also to those whose code is good.
        """
        if len(rows) > ROWS_MOST:
            raise LimitReached("rows", ROWS_MOST)
        kept = [tuple(value.replace("\0", "")[:LETTERS_KEPT] for value in row) for row in rows]
        now = self._clock.now()
        with self._db.work() as work:
            (batch,) = work.the_row(
                """
                INSERT INTO invitation_batch (actor_kind, actor, channel, made_at)
                VALUES (%s, %s, %s, %s) RETURNING id
                """,
                by.kind,
                by.id,
                by.channel,
                now,
            )
            assert isinstance(batch, int)
            work.run(
                """
                INSERT INTO invitation_row (batch, line, phone, name, language, kind, why)
                SELECT %s, line, phone, name, language, kind, %s
                FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
                    WITH ORDINALITY AS r (phone, name, language, kind, line)
                """,
                batch,
                WISHED if again else None,
                *([row[column] for row in kept] for column in range(4)),
            )
            subject = ("invitation-batch", batch)
            audit.record(work, by, "invitation.list", subject=subject, at=now, rows=len(rows))
            outbox.promise(work, ERRAND, batch, at=now)
        return batch

    def carry(self, batch: int) -> datetime | None:
        """The errand: invite some of a list; every row ends invited, or refused with a reason."""
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT actor_kind, actor, channel FROM invitation_batch
                WHERE id = %s AND ended_at IS NULL
                """,
                batch,
            )
            lines = reading.rows(
                """
                SELECT line FROM invitation_row WHERE batch = %s AND state = 'waiting'
                ORDER BY line LIMIT %s
                """,
                batch,
                ROWS_AT_ONCE,
            )
        if row is None:
            return None
        by = Actor(*row)
        for (line,) in lines:
            try:
                self._invite(batch, line, by)
            except Refusal as no:
                self._refuse(batch, line, _why(no))
        now = self._clock.now()
        if len(lines) == ROWS_AT_ONCE:
            return now
        with self._db.work() as work:
            work.run("UPDATE invitation_batch SET ended_at = %s WHERE id = %s", now, batch)
        return None

    def results(self, batch: int) -> Sequence[tuple[int, str, str, str]]:
        """(line, phone, state, why) of each row, in order. Raises NotFound.

        The states are waiting, invited, invited again, already invited and refused.
        """
        with self._db.reading() as reading:
            if not reading.row("SELECT 1 FROM invitation_batch WHERE id = %s", batch):
                raise NotFound("no such batch")
            rows = reading.rows(
                """
                SELECT line, phone, state, coalesce(why, '') FROM invitation_row
                WHERE batch = %s ORDER BY line
                """,
                batch,
            )
        return [(line, phone, _told(state, why), why) for line, phone, state, why in rows]

    def forget(self, *, after_days: int, most: int) -> int:
        """Forget lists that were worked off so long ago; how many rows were forgotten."""
        before = self._clock.now() - timedelta(days=after_days)
        with self._db.work() as work:
            forgotten = work.run(
                """
                DELETE FROM invitation_row WHERE ctid = ANY (ARRAY(
                    SELECT r.ctid FROM invitation_row r JOIN invitation_batch b ON b.id = r.batch
                    WHERE b.ended_at < %s LIMIT %s FOR UPDATE OF r SKIP LOCKED
                ))
                """,
                before,
                most,
            )
            work.run(
                """
                DELETE FROM invitation_batch b WHERE ended_at < %s
                    AND NOT EXISTS (SELECT FROM invitation_row WHERE batch = b.id)
                """,
                before,
            )
        return forgotten

    def _invite(self, batch: int, line: int, by: Actor) -> None:
        """One row, whole or not at all, and by one worker at a time."""
        with self._db.work() as work:
            row = work.row(
                """
                SELECT phone, name, language, kind, why FROM invitation_row
                WHERE batch = %s AND line = %s AND state = 'waiting' FOR UPDATE
                """,
                batch,
                line,
            )
            if row is None:
                return
            *written, wish = row
            phone, name, language, kind = self._read(written)
            one_at_a_time(work, phone)
            invitation, why = _twin(work, batch, line, phone)
            if invitation is None:
                inviter = Inviter(None, self._organisation, by)
                invitation, sent = self._invitations.invite_for(
                    work, inviter, phone, name, language, kind=kind, again=wish == WISHED
                )
                why = self._why_so(work, invitation, sent)
            work.run(
                """
                UPDATE invitation_row SET state = 'invited', invitation = %s, why = %s
                WHERE batch = %s AND line = %s
                """,
                invitation,
                why,
                batch,
                line,
            )

    def _why_so(self, work: Work, invitation: int, sent: Sent) -> str | None:
        """What is to be said of a row beside that they are invited."""
        if sent != "nothing":
            return SENT_AGAIN if sent == "new code" else None
        state, until = work.the_row(
            "SELECT state, expires_at FROM invitation WHERE id = %s", invitation
        )
        if state == "sent":
            return f"code good until {self._local.day_and_hour(until)}, no SMS sent"
        return "code typed, no SMS sent"

    def _refuse(self, batch: int, line: int, why: str) -> None:
        with self._db.work() as work:
            work.run(
                """
                UPDATE invitation_row SET state = 'refused', why = %s
                WHERE batch = %s AND line = %s AND state = 'waiting'
                """,
                why,
                batch,
                line,
            )

    def _read(self, row: Sequence[str]) -> tuple[Phone, Name, str, str]:
        """Raises Invalid, in words for whoever wrote the list."""
        phone, name, language, kind = row
        if language not in self._languages:
            raise Invalid(Text(f"the language must be one of {', '.join(self._languages)}"))
        if kind not in KINDS:
            raise Invalid(Text(f"the kind must be one of {', '.join(KINDS)}"))
        return self._phone(phone), _name(name), language, kind

    def _phone(self, phone: str) -> Phone:
        try:
            return Phone.parse(phone, near=self._near)
        except Invalid:
            what = "cannot be read" if phone else "is missing"
            raise Invalid(Text(f"the phone number {what}; one looks like 0712345678")) from None


def _name(name: str) -> Name:
    try:
        return Name.parse(name)
    except Invalid as no:
        if no.message == Name.too_long:
            raise Invalid(Text("the name is too long")) from None
        what = "must be of letters" if name else "is missing"
        raise Invalid(Text(f"the name {what}")) from None


def _twin(work: Work, batch: int, line: int, phone: Phone) -> tuple[int | None, str | None]:
    """The invitation by an earlier row of the list with the same number, and what to say of it."""
    twin = work.row(
        """
        SELECT r.invitation, r.line FROM invitation_row r
            JOIN invitation i ON i.id = r.invitation JOIN member m ON m.id = i.member
        WHERE r.batch = %s AND r.line < %s AND m.phone = %s ORDER BY r.line LIMIT 1
        """,
        batch,
        line,
        phone,
    )
    return (twin[0], f"same number as line {twin[1]}") if twin else (None, None)


def _told(state: str, why: str) -> str:
    """The state of a row as it is shown: who was invited before is no new one."""
    if state != "invited" or not why:
        return state
    return "invited again" if why == SENT_AGAIN else "already invited"


def _why(no: Refusal) -> str:
    """In words for whoever wrote the list."""
    if isinstance(no, LimitReached):
        return f"too many codes: {WAITS.get(no.rule, no.rule)}"
    return str(no)
