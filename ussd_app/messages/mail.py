"""Letters: e-mail promised with the deed it tells of, and sent after it.

A mail server reports nothing of what it took. If its answer is lost, one more copy is sent, under
the same identity so that a good server drops it, and no third.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from ussd_app.clock import Clock
from ussd_app.db import outbox
from ussd_app.db.work import Database, Work
from ussd_app.errors import Rejected, Unclear, Unreachable
from ussd_app.messages.mailer import Envelope, Mailer
from ussd_app.seal import Sealer
from ussd_app.text import Catalogs, Text, fill

ERRAND = "mail"
RETRY_PAUSES = (30, 120, 600, 3600)  # seconds; then the last again
ATTEMPTS_MOST = 10
COPIES_MOST = 2
UNCLEAR = timedelta(minutes=2)  # until a letter is repeated whose answer was lost
HIDDEN = "******"  # what is kept of a secret

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Letter:
    """A letter to be: `key` makes it one, however often it is promised.

    A `secret` is what its text shows as {code}; until the letter has left it is kept sealed alone.
    """

    key: str
    kind: str
    to: str
    language: str
    subject: Text
    text: Text
    values: Mapping[str, object] = field(default_factory=dict)
    secret: str | None = None
    hours: float = 24
    user: int | None = None


@dataclass(frozen=True)
class Due:
    """A letter on its way: its row as it was when it was locked."""

    id: int
    state: str
    key: str
    address: str
    subject: str
    body: str
    sealed: bytes | None
    valid_until: datetime
    attempts: int
    copies: int
    tried_at: datetime | None


class Mail:
    """Letters as the rest of the application knows them."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        catalogs: Catalogs,
        sealer: Sealer,
        mailer: Mailer,
        *,
        signature: Mapping[str, str] | None = None,
    ) -> None:
        self._db, self._clock, self._catalogs = db, clock, catalogs
        self._sealer, self._mailer, self._signature = sealer, mailer, signature or {}

    def queue(self, work: Work, *letters: Letter) -> int:
        """Promise these letters with the deed; how many were not promised before."""
        return sum(self._queue(work, letter) for letter in letters)

    def _queue(self, work: Work, letter: Letter) -> bool:
        now = self._clock.now()
        row = work.row(
            """
            INSERT INTO letter (
                dedupe, kind, user_id, address, subject, body, sealed, valid_until, made_at
            )
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (dedupe) DO NOTHING RETURNING id
            """,
            letter.key,
            letter.kind,
            letter.user,
            letter.to,
            self._worded(letter.subject, letter, HIDDEN),
            self._worded(letter.text, letter, HIDDEN),
            self._sealed(letter),
            now + timedelta(hours=letter.hours),
            now,
        )
        if row:
            outbox.promise(work, ERRAND, row[0], at=now)
        return row is not None

    def carry(self, letter: int) -> datetime | None:
        """Carry one letter as far as it goes now; when to go on, or None when it has ended."""
        now = self._clock.now()
        with self._db.work() as work:
            due = _locked(work, letter)
            if due is None:
                return None
            if due.state != "waiting" and due.tried_at and now < due.tried_at + UNCLEAR:
                work.run("UPDATE letter SET state = 'unclear' WHERE id = %s", due.id)
                return due.tried_at + UNCLEAR
            if end := _end(due, now):
                _close(work, due, *end)
                return None
            if (text := self._text(due)) is None:
                log.error("mail.unreadable", letter=due.id)
                _close(work, due, "failed", "sealed with a key that is gone")
                return None
            work.run(
                """
                UPDATE letter SET state = 'sending', tried_at = %s, attempts = attempts + 1,
                    copies = copies + 1 WHERE id = %s
                """,
                now,
                due.id,
            )
        return self._hand_over(due, text)

    def _hand_over(self, due: Due, text: str) -> datetime | None:
        """Call the mail server, outside of any transaction, and write down what it said."""
        identity = self._sealer.name("letter", due.key).hex()
        try:
            self._mailer.send(Envelope(identity, due.address, due.subject, text))
        except Unreachable as error:
            pause = RETRY_PAUSES[min(due.attempts, len(RETRY_PAUSES) - 1)]
            state = "unclear" if due.copies else "waiting"  # an earlier copy's end is unknown still
            self._note(due, state, str(error), copies=due.copies)
            return self._clock.now() + timedelta(seconds=pause)
        except Rejected as error:
            log.warning("mail.rejected", letter=due.id, code=error.code)
            self._note(due, "failed", error.code)
            return None
        except Unclear as error:
            log.warning("mail.unclear", letter=due.id, why=str(error))
            self._note(due, "unclear", str(error))
            return self._clock.now() + UNCLEAR
        self._note(due, "sent", None)
        return None

    def _note(
        self, due: Due, state: str, failure: str | None, *, copies: int | None = None
    ) -> None:
        """Write down what became of it, as far as is known; what has left keeps no secret."""
        with self._db.work() as work:
            work.run(
                """
                UPDATE letter SET state = %s, failure = %s, copies = coalesce(%s, copies),
                    sealed = CASE WHEN %s IN ('waiting', 'unclear') THEN sealed END
                WHERE id = %s AND state = 'sending'
                """,
                state,
                failure,
                copies,
                state,
                due.id,
            )

    def _worded(self, text: Text, letter: Letter, code: str) -> str:
        values = {**self._signature, **letter.values}
        if letter.secret is not None:
            values["code"] = code
        return fill(self._catalogs.translate(text, letter.language), values)

    def _sealed(self, letter: Letter) -> bytes | None:
        """The whole text, for its letter alone."""
        if letter.secret is None:
            return None
        text = self._worded(letter.text, letter, letter.secret)
        return self._sealer.seal(text.encode(), bound_to=_bound(letter.key))

    def _text(self, due: Due) -> str | None:
        """What is to be sent; None if it was sealed with another key."""
        if due.sealed is None:
            return due.body
        opened = self._sealer.open(due.sealed, bound_to=_bound(due.key))
        return None if opened is None else opened.decode()


def _end(due: Due, now: datetime) -> tuple[str, str] | None:
    """The state it ends in without being sent once more, and why; None if it is to be sent."""
    if due.copies >= COPIES_MOST:
        return "failed", "no answer"
    if due.attempts >= ATTEMPTS_MOST:
        return "failed", "too many attempts"
    if now >= due.valid_until:
        return "expired", "too late"
    return None


def _close(work: Work, due: Due, state: str, failure: str) -> None:
    """End it unsent, aloud."""
    log.error("mail.given_up", letter=due.id, why=failure)
    work.run(
        "UPDATE letter SET state = %s, failure = %s, sealed = NULL WHERE id = %s",
        state,
        failure,
        due.id,
    )


def _locked(work: Work, letter: int) -> Due | None:
    """The letter if it is still under way, locked until the work ends."""
    row = work.row(
        """
        SELECT id, state, dedupe, address, subject, body, sealed, valid_until, attempts, copies,
            tried_at
        FROM letter WHERE id = %s AND state IN ('waiting', 'sending', 'unclear')
        FOR NO KEY UPDATE
        """,
        letter,
    )
    return Due(*row) if row else None


def _bound(key: str) -> bytes:
    return f"letter {key}".encode()
