"""One-time codes: sent by SMS to a number, for one purpose and one subject, right once.

At rest there is only a keyed digest, and the SMS sealed until it has left; a try is charged before
it is judged.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

import structlog

from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.digits import typed_digits
from ussd_app.errors import Invalid, LimitReached, NotFound, Refusal
from ussd_app.messages.service import Draft, Messages
from ussd_app.seal import Sealer
from ussd_app.text import _

DIGITS = 6
TRIES = 5
CONFIRMATION_LIFE = timedelta(minutes=5)
PAUSE = timedelta(seconds=60)  # before another is sent to the same number
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)

UNREADABLE = _("Type the 6 digits of the code from the SMS.")
_BETWEEN = re.compile(r"[\s-]")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Caps:
    """How many codes may be sent: to one number in an hour and a day, and by one asker in a day."""

    an_hour: int = 3
    a_day: int = 10
    asker_a_day: int = 100


class CodeWrong(Refusal):
    """That was not the code, but maybe an older one; `tries_left` until it is burnt."""

    def __init__(self, tries_left: int, *, is_older: bool) -> None:
        super().__init__("wrong code")
        self.tries_left, self.is_older = tries_left, is_older


class CodeGone(NotFound):
    """There is no such code any more: used, burnt, replaced, too old, or never sent."""


class Codes:
    """Sends codes and judges what is typed."""

    def __init__(
        self, db: Database, clock: Clock, messages: Messages, sealer: Sealer, *, caps: Caps
    ) -> None:
        self._db, self._clock, self._messages = db, clock, messages
        self._sealer, self._caps = sealer, caps

    def send(
        self,
        work: Work,
        draft: Draft,
        *,
        purpose: str,
        subject: int,
        life: timedelta,
        asker: int | None,
    ) -> int:
        """Promise the SMS, whose text shows {code}, with the deed; the id of the code.

        The id completes the draft's key, for each code is an SMS of its own. The number's earlier
        code for this purpose is void. Raises LimitReached: rules 'pause' (`remaining` are the
        seconds to wait), 'hour', 'day', 'asker'; and OptedOut.
        """
        self._messages.refuse_opted_out(work, draft.phone)
        now = self._clock.now()
        if asker is not None:
            self._charge_asker(work, asker, now)
        self._charge_number(work, draft.phone, now)
        digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        work.run(
            """
            UPDATE one_time_code SET state = 'replaced'
            WHERE phone = %s AND purpose = %s AND state IN ('live', 'right')
            """,
            draft.phone,
            purpose,
        )
        (code,) = work.the_row(
            """
            INSERT INTO one_time_code (phone, purpose, subject, digest, asker, made_at, expires_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id
            """,
            draft.phone,
            purpose,
            subject,
            self._digest(draft.phone, purpose, subject, digits),
            asker,
            now,
            now + life,
        )
        assert isinstance(code, int)
        hours = life / timedelta(hours=1)  # an SMS that comes later brings nothing that is of use
        self._messages.queue(
            work, replace(draft, key=f"{draft.key}:{code}", secret=digits, hours=hours)
        )
        return code

    def send_beside(
        self, work: Work, draft: Draft, *, purpose: str, subject: int, asker: int
    ) -> int:
        """Send a code that is read to the asker by whoever stands before them; the id of the code.

        Asked again within the pause, or once it was right, it is the same one and no SMS, so that
        a call that was cut goes on. Raises as `send` does.
        """
        now = self._clock.now()
        sent = work.row(
            """
            SELECT id FROM one_time_code
            WHERE phone = %s AND purpose = %s AND subject = %s AND asker = %s
                AND (
                    (state = 'live' AND tries < %s AND made_at > %s)
                    OR (state = 'right' AND greatest(expires_at, right_at + %s) > %s)
                )
            """,
            draft.phone,
            purpose,
            subject,
            asker,
            TRIES,
            now - PAUSE,
            CONFIRMATION_LIFE,
            now,
        )
        if sent:
            return int(sent[0])
        return self.send(
            work, draft, purpose=purpose, subject=subject, life=CONFIRMATION_LIFE, asker=asker
        )

    def judge(self, code: int, typed: str, *, by: str) -> None:
        """Charge a try, durably, then judge it. `by` is the number that types: its own, or the asker's.

        Raises Invalid for what is no code (no try is charged), CodeWrong, CodeGone.
        """
        digits = _BETWEEN.sub("", typed_digits(typed))
        if not re.fullmatch(rf"[0-9]{{{DIGITS}}}", digits):
            raise Invalid(UNREADABLE)
        digest, phone, purpose, subject, tries = self._charge_try(code, by)
        typed_digest = self._digest(phone, purpose, subject, digits)
        if hmac.compare_digest(digest, typed_digest):
            if not self._end(code, "right"):
                raise CodeGone("somebody was faster")
            return
        if tries >= TRIES and self._end(code, "burnt"):
            log.warning("code.burnt", code=code)
        raise CodeWrong(TRIES - tries, is_older=self._is_older(code, typed_digest))

    def live(self, phone: str, purpose: str) -> int | None:
        """The id of the number's code for this purpose, if one may still be typed."""
        with self._db.reading() as reading:
            return self.live_in(reading, phone, purpose)

    def live_in(self, work: Work, phone: str, purpose: str) -> int | None:
        """The same, in a work of the caller's."""
        row = work.row(
            """
            SELECT id FROM one_time_code
            WHERE phone = %s AND purpose = %s AND state = 'live' AND tries < %s AND expires_at > %s
            """,
            phone,
            purpose,
            TRIES,
            self._clock.now(),
        )
        return row[0] if row else None

    def right(self, work: Work, phone: str, purpose: str) -> int | None:
        """The id of the number's code that was judged right and whose deed may still be done."""
        row = work.row(
            """
            SELECT id FROM one_time_code
            WHERE phone = %s AND purpose = %s AND state = 'right'
                AND greatest(expires_at, right_at + %s) > %s
            """,
            phone,
            purpose,
            CONFIRMATION_LIFE,
            self._clock.now(),
        )
        return row[0] if row else None

    def is_burnt(self, phone: str, purpose: str) -> bool:
        """Whether the number's last code for this purpose was guessed at too often."""
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT state FROM one_time_code WHERE phone = %s AND purpose = %s
                ORDER BY id DESC LIMIT 1
                """,
                phone,
                purpose,
            )
        return row == ("burnt",)

    def is_right(self, code: int) -> bool:
        """Whether this very code was judged right, and its deed may still be done."""
        with self._db.reading() as reading:
            row = reading.row("SELECT phone, purpose FROM one_time_code WHERE id = %s", code)
            return row is not None and self.right(reading, *row) == code

    def use(self, work: Work, code: int, *, purpose: str, subject: int) -> None:
        """Use up a code that was judged right, with the deed it allows. Raises CodeGone."""
        used = work.run(
            """
            UPDATE one_time_code SET state = 'used'
            WHERE id = %s AND purpose = %s AND subject = %s AND state = 'right'
                AND greatest(expires_at, right_at + %s) > %s
            """,
            code,
            purpose,
            subject,
            CONFIRMATION_LIFE,
            self._clock.now(),
        )
        if not used:
            raise CodeGone("no such code")

    def void(self, work: Work, purpose: str, subject: int) -> None:
        """Make every code for this subject worthless."""
        work.run(
            """
            UPDATE one_time_code SET state = 'withdrawn'
            WHERE purpose = %s AND subject = %s AND state IN ('live', 'right')
            """,
            purpose,
            subject,
        )

    def forget(self, *, after_days: int, most: int) -> int:
        """Forget codes that were sent so long ago; how many were forgotten."""
        with self._db.work() as work:
            return work.run(
                """
                DELETE FROM one_time_code WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM one_time_code WHERE made_at < %s
                    LIMIT %s FOR UPDATE SKIP LOCKED
                ))
                """,
                self._clock.now() - timedelta(days=after_days),
                most,
            )

    def _charge_asker(self, work: Work, asker: int, now: datetime) -> None:
        """The rows are the count; whoever comes at the same moment waits until this one stands."""
        work.run("SELECT pg_advisory_xact_lock(hashtextextended(%s, 4))", str(asker))
        (sent,) = work.the_row(
            "SELECT count(*) FROM one_time_code WHERE asker = %s AND made_at > %s", asker, now - DAY
        )
        if sent >= self._caps.asker_a_day:
            raise LimitReached("asker", 0)

    def _charge_number(self, work: Work, phone: str, now: datetime) -> None:
        work.run("SELECT pg_advisory_xact_lock(hashtextextended(%s, 3))", phone)
        last, in_hour, in_day = work.the_row(
            """
            SELECT max(made_at), count(*) FILTER (WHERE made_at > %s), count(*)
            FROM one_time_code WHERE phone = %s AND made_at > %s
            """,
            now - HOUR,
            phone,
            now - DAY,
        )
        if last is not None and now < last + PAUSE:
            raise LimitReached("pause", ceil((last + PAUSE - now).total_seconds()))
        if in_hour >= self._caps.an_hour:
            raise LimitReached("hour", 0)
        if in_day >= self._caps.a_day:
            raise LimitReached("day", 0)

    def _charge_try(self, code: int, by: str) -> tuple[bytes, str, str, int, int]:
        """In a statement, and so a transaction, of its own: whatever comes after, it is counted."""
        with self._db.reading() as one:
            row = one.row(
                """
                UPDATE one_time_code SET tries = tries + 1
                WHERE id = %s AND state = 'live' AND tries < %s AND expires_at > %s
                    AND (phone = %s OR asker = (SELECT id FROM member WHERE phone = %s))
                RETURNING digest, phone, purpose, subject, tries
                """,
                code,
                TRIES,
                self._clock.now(),
                by,
                by,
            )
        if row is None:
            raise CodeGone("no such code")
        digest, phone, purpose, subject, tries = row
        return digest, phone, purpose, subject, tries

    def _is_older(self, code: int, digest: bytes) -> bool:
        """Whether the number was sent it before this one: void, so that knowing it opens nothing."""
        with self._db.reading() as reading:
            older = reading.row(
                """
                SELECT 1 FROM one_time_code o JOIN one_time_code c USING (phone, purpose, subject)
                WHERE c.id = %s AND o.id < c.id AND o.digest = %s
                """,
                code,
                digest,
            )
        return older is not None

    def _end(self, code: int, state: str) -> bool:
        """Whether this was the one to end it."""
        now = self._clock.now()
        with self._db.reading() as one:
            ended = one.run(
                """
                UPDATE one_time_code SET state = %s, right_at = %s WHERE id = %s AND state = 'live'
                """,
                state,
                now if state == "right" else None,
                code,
            )
        return bool(ended)

    def _digest(self, phone: str, purpose: str, subject: int, digits: str) -> bytes:
        return self._sealer.name("code", purpose, phone, str(subject), digits)
