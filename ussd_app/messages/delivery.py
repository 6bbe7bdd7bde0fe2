"""Send the SMS that were promised, and find out what became of them.

The company keeps no idempotency key. When it does not answer, nobody knows whether the SMS went
out. So at most one SMS to a number is under way at a time; if its answer is lost, a delivery
report that names an unknown id for that number can only be its own. Without such a report one
more copy is sent, and no third.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.errors import Rejected, Unclear, Unreachable
from ussd_app.messages.sms import Sms
from ussd_app.seal import Sealer
from ussd_app.text import sms_parts

RETRY_PAUSES = (0, 30, 120, 600, 3600)  # seconds; then the last again until it is too late
COPIES_MOST = 2
BUSY_NUMBER_PAUSE = timedelta(seconds=1)
CAP_PAUSE = timedelta(minutes=15)
STRAY_REPORTS = timedelta(hours=24)
FINAL = {"Success": "delivered", "Failed": "failed", "Rejected": "failed"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Budget:
    """The most that SMS may cost in a day, what one is thought to cost, and where the day is.

    Money is in hundredths of the currency.
    """

    daily_most: int
    price: int
    local: Local


@dataclass(frozen=True)
class Due:
    """An SMS on its way: its row as it was when it was locked."""

    id: int
    state: str
    phone: str
    key: str
    body: str
    sealed: bytes | None
    valid_until: datetime
    attempts: int
    copies: int
    tried_at: datetime | None


class Delivery:
    """Carries SMS to the company and takes in its reports."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        sms: Sms,
        *,
        sealer: Sealer,
        budget: Budget,
        unclear_seconds: float,
    ) -> None:
        self._db, self._clock, self._sms, self._sealer = db, clock, sms, sealer
        self._budget, self._unclear = budget, timedelta(seconds=unclear_seconds)
        self._alarmed: date | None = None

    def carry(self, message: int) -> datetime | None:
        """Carry one SMS as far as it goes now; when to go on, or None when it has ended."""
        today = self._today()
        with self._db.work() as work:
            due = _locked(work, message)
            if due is None:
                return None
            if (wait := self._hindered(work, due)) is not None:
                return wait.until
            if (text := self._text(due)) is None:
                log.error("sms.unreadable", message=due.id)
                return _close(work, due, "failed", "sealed with a key that is gone").until
            price = self._budget.price * sms_parts(text)
            if not self._charge(work, today, price):
                self._alarm(today)
                return self._clock.now() + CAP_PAUSE
            work.run(
                """
                UPDATE message SET state = 'sending', tried_at = %s, attempts = attempts + 1,
                    copies = copies + 1 WHERE id = %s
                """,
                self._clock.now(),
                due.id,
            )
        return self._hand_over(due, text, _Charge(today, price))

    def report(self, provider_id: str, *, status: str, phone: str, failure: str | None) -> None:
        """Take in a delivery report; again, or out of order, it changes nothing."""
        now = self._clock.now()
        with self._db.work() as work:
            # Locked before anything is read: a report and the answer that names its id may come at
            # the same moment, and whichever is written last must see the other.
            under_way = work.rows(
                """
                SELECT id FROM message WHERE phone = %s AND state IN ('sending', 'unclear')
                ORDER BY id FOR NO KEY UPDATE
                """,
                phone,
            )
            fresh = work.run(
                """
                INSERT INTO delivery_report (provider_id, status, phone, failure, received_at)
                VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
                """,
                provider_id,
                status,
                phone,
                failure,
                now,
            )
            if not fresh:
                return
            _apply_reports(work, provider_id)
            for (message,) in under_way:
                due = _locked(work, message)
                if due and due.state == "unclear":
                    self._adopt_report(work, due)

    def forget_reports(self, *, after_days: int, most: int) -> int:
        """Forget reports that came so long ago; how many were forgotten."""
        with self._db.work() as work:
            return work.run(
                """
                DELETE FROM delivery_report WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM delivery_report WHERE received_at < %s
                    LIMIT %s FOR UPDATE SKIP LOCKED
                ))
                """,
                self._clock.now() - timedelta(days=after_days),
                most,
            )

    def _hand_over(self, due: Due, text: str, charge: _Charge) -> datetime | None:
        """Call the company, outside of any transaction, and write down what it said."""
        try:
            accepted = self._sms.send(due.phone, text)
        except Unreachable as error:
            pause = RETRY_PAUSES[min(due.attempts, len(RETRY_PAUSES) - 1)]
            state = "unclear" if due.copies else "waiting"  # an earlier copy's end is unknown still
            self._note(due, state, str(error), copies=due.copies, free_of=charge)
            return self._clock.now() + timedelta(seconds=pause)
        except Rejected as error:
            log.warning("sms.rejected", message=due.id, code=error.code)
            self._note(due, "failed", error.code, free_of=charge)
            return None
        except Unclear as error:
            log.warning("sms.unclear", message=due.id, why=str(error))
            self._note(due, "unclear", str(error))
            return self._clock.now() + self._unclear
        with self._db.work() as work:
            self._sent(work, due.id, accepted.provider_id, cost=accepted.cost)
            if accepted.cost:
                _correct(work, charge.day, cost=accepted.cost - charge.price)
        return None

    def _text(self, due: Due) -> str | None:
        """What is to be sent; None if it was sealed with another key."""
        if due.sealed is None:
            return due.body
        opened = self._sealer.open(due.sealed, bound_to=due.key.encode())
        return None if opened is None else opened.decode()

    def _hindered(self, work: Work, due: Due) -> _Wait | None:
        """Why it cannot go out now: until when, or for good."""
        now = self._clock.now()
        if due.state != "waiting" and (wait := self._unsettled(work, due, now)):
            return wait
        if now >= due.valid_until:
            return _close(work, due, "expired", "too late")
        if work.row("SELECT 1 FROM opt_out WHERE phone = %s", due.phone):
            return _close(work, due, "suppressed", "opted out")
        if due.state == "waiting" and _another_under_way(work, due):
            return _Wait(now + BUSY_NUMBER_PAUSE)
        return None

    def _unsettled(self, work: Work, due: Due, now: datetime) -> _Wait | None:
        """An earlier attempt has no known end: it was sent after all, or may still turn out so."""
        assert due.tried_at is not None
        if self._adopt_report(work, due):
            return _Wait(None)
        if now < due.tried_at + self._unclear:
            work.run("UPDATE message SET state = 'unclear' WHERE id = %s", due.id)
            return _Wait(due.tried_at + self._unclear)
        if due.copies >= COPIES_MOST:
            log.error("sms.given_up", message=due.id, copies=due.copies)
            return _close(work, due, "failed", "no answer")
        return None

    def _adopt_report(self, work: Work, due: Due) -> bool:
        """Whether a report of an unknown id must be this message's own; then it was sent."""
        row = work.row(
            """
            SELECT r.provider_id FROM delivery_report r
            WHERE r.phone = %s AND r.received_at >= %s
                AND NOT EXISTS (SELECT FROM message m WHERE m.provider_id = r.provider_id)
                AND NOT EXISTS (
                    SELECT FROM message m WHERE m.phone = r.phone AND m.id <> %s
                        AND m.copies > 1 AND m.tried_at > r.received_at - %s
                )
            ORDER BY r.received_at LIMIT 1
            """,
            due.phone,
            due.tried_at,
            due.id,
            STRAY_REPORTS,
        )
        if row:
            self._sent(work, due.id, row[0])  # its charge stays: its cost is never told
        return row is not None

    def _charge(self, work: Work, day: date, price: int) -> bool:
        """Count one more SMS before it is sent; False if the day has no money for it."""
        most = self._budget.daily_most
        charged = work.run(
            """
            INSERT INTO sms_spend AS s (day, cost, count)
            SELECT %s::date, %s::bigint, 1 WHERE %s::bigint <= %s::bigint
            ON CONFLICT (day) DO UPDATE
            SET cost = s.cost + excluded.cost, count = s.count + 1
            WHERE s.cost + excluded.cost <= %s
            """,
            day,
            price,
            price,
            most,
            most,
        )
        return bool(charged)

    def _alarm(self, day: date) -> None:
        """Say once a day that its money is spent, however many SMS wait for the next."""
        if self._alarmed != day:
            self._alarmed = day
            log.error("sms.spend_cap_reached", most=self._budget.daily_most // 100)

    def _sent(self, work: Work, message: int, provider_id: str, *, cost: int | None = None) -> None:
        work.run(
            """
            UPDATE message SET state = 'sent', provider_id = %s, cost = %s, failure = NULL,
                sealed = NULL
            WHERE id = %s
            """,
            provider_id,
            cost,
            message,
        )
        _apply_reports(work, provider_id)

    def _note(
        self,
        due: Due,
        state: str,
        failure: str,
        *,
        copies: int | None = None,
        free_of: _Charge | None = None,
    ) -> None:
        """Write down why it was not sent, as far as is known; what was not taken is not charged."""
        with self._db.work() as work:
            work.run(
                """
                UPDATE message SET state = %s, failure = %s, copies = coalesce(%s, copies),
                    sealed = CASE WHEN %s <> 'failed' THEN sealed END
                WHERE id = %s AND state = 'sending'
                """,
                state,
                failure,
                copies,
                state,
                due.id,
            )
            if free_of:
                _correct(work, free_of.day, cost=-free_of.price, count=-1)

    def _today(self) -> date:
        return self._budget.local.date(self._clock.now())


@dataclass(frozen=True)
class _Charge:
    """What was counted for an SMS before its cost was told, and on which day."""

    day: date
    price: int


@dataclass(frozen=True)
class _Wait:
    """Not now: until then, or never when it is None."""

    until: datetime | None


def _locked(work: Work, message: int) -> Due | None:
    """The message if it is still under way, locked until the work ends."""
    row = work.row(
        """
        SELECT id, state, phone, dedupe, body, sealed, valid_until, attempts, copies, tried_at
        FROM message WHERE id = %s AND state IN ('waiting', 'sending', 'unclear')
        FOR NO KEY UPDATE
        """,
        message,
    )
    return Due(*row) if row else None


def _close(work: Work, due: Due, state: str, failure: str) -> _Wait:
    work.run(
        "UPDATE message SET state = %s, failure = %s, sealed = NULL WHERE id = %s",
        state,
        failure,
        due.id,
    )
    return _Wait(None)


def _another_under_way(work: Work, due: Due) -> bool:
    """Whether another SMS to this number waits for its answer; asked one at a time by number."""
    work.run("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", due.phone)
    other = work.row(
        """
        SELECT 1 FROM message
        WHERE phone = %s AND state IN ('sending', 'unclear') AND id <> %s LIMIT 1
        """,
        due.phone,
        due.id,
    )
    return other is not None


def _correct(work: Work, day: date, *, cost: int, count: int = 0) -> None:
    """Put right what was charged on a day."""
    work.run(
        "UPDATE sms_spend SET cost = cost + %s, count = count + %s WHERE day = %s", cost, count, day
    )


def _apply_reports(work: Work, provider_id: str) -> None:
    """Bring a message up to what was reported of it; a final state stays."""
    for status, failure in work.rows(
        "SELECT status, failure FROM delivery_report WHERE provider_id = %s", provider_id
    ):
        if final := FINAL.get(status):
            work.run(
                """
                UPDATE message SET state = %s, failure = %s
                WHERE provider_id = %s AND state = 'sent'
                """,
                final,
                failure,
                provider_id,
            )
