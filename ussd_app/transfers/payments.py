"""Pay another member: weigh it before the PIN, do it once, and say afterwards what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg.errors

from ussd_app.audit import service as audit
from ussd_app.clock import Clock, Local
from ussd_app.db.connection import Row
from ussd_app.db.work import Database, Work
from ussd_app.tokens.service import Tokens
from ussd_app.transfers.weighing import FUNDS, KNOWN, PayeeLimit, Twin, Weighed
from ussd_app.values import UNITS_MOST, Amount, Name, Reference

_SEND = "SELECT transfer_send(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_RECEIPT = """
    SELECT t.posting, t.amount, m.name, t.at, e.balance
    FROM transfer t JOIN member m ON m.id = t.payee
        JOIN entry e ON e.posting = t.posting AND e.leg = 1
    WHERE t.payer = %s
"""
_BY_KEY: LiteralString = _RECEIPT + "AND t.key = %s"
_LATEST: LiteralString = _RECEIPT + "AND t.at >= %s ORDER BY t.at DESC LIMIT 1"

__all__ = ["Order", "PayeeLimit", "Payments", "Receipt", "Twin"]


@dataclass(frozen=True)
class Order:
    """A payment to be made. `key` exists before the first attempt; `repeat` says it is meant."""

    key: str
    payer: int
    payee: int
    amount: Amount
    repeat: bool = False


@dataclass(frozen=True)
class Receipt:
    """A payment that was made, and what the payer had left after it.

    `payee` is empty for a member who was deleted since.
    """

    reference: Reference
    amount: Amount
    payee: str
    at: datetime
    balance: Amount


class Payments:
    """Payments between members, in the first token."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        tokens: Tokens,
        *,
        local: Local,
    ) -> None:
        self._db, self._clock, self._tokens = db, clock, tokens
        self._local = local

    def weigh(self, order: Order) -> None:
        """Raise what already stands in the way, except for the balance: that needs a PIN.

        Raises NotAllowed, LimitReached, PayeeLimit, Twin, and Conflict as `send` does.
        """
        weighed = self._weigh(order)
        if weighed.refusal not in (None, FUNDS, KNOWN):
            raise weighed.error()

    def room(self, payer: int, payee: int) -> Amount:
        """The most that the payer's limits leave for one payment now."""
        token = self._tokens.first
        room = self._weigh(Order("", payer, payee, token.amount(0))).room
        return token.amount(UNITS_MOST if room is None else int(room))

    def send(self, order: Order) -> Receipt:
        """Pay once for one key, however often and however concurrently it is asked.

        Posting, key, the errand that tells both sides, and the audit row commit together. Raises
        NotAllowed, LimitReached, PayeeLimit, NotEnough, Twin (ask, then order with `repeat`), and
        Conflict if the key was used for something else, or its caller was told that nothing was
        sent.
        """

        def once() -> Receipt:
            with self._db.reading() as one:
                return self._send(one, order)

        return self._db.attempt(once)

    def became(self, payer: int, key: str) -> Receipt | None:
        """What became of a payment that was cut off: its receipt, or None, and then for certain.

        The key of a payment that was not made is taken, so that a late copy cannot make it after
        the payer has been told that nothing was sent.
        """
        now = self._clock.now()
        with self._db.work() as work:
            taken = work.run(
                """
                INSERT INTO transfer (key, payer, payee, token, amount, at)
                VALUES (%s, %s, %s, %s, 0, %s) ON CONFLICT (key) DO NOTHING
                """,
                key,
                payer,
                payer,
                self._tokens.first.id,
                now,
            )
            if taken:
                actor, subject = audit.by_member(payer), ("member", payer)
                audit.record(work, actor, "transfer.abandoned", subject=subject, at=now)
                return None
            return self._receipt(work.row(_BY_KEY, payer, key))

    def last(self, payer: int, *, within: timedelta | None = None) -> Receipt | None:
        """The payer's last payment, if there is one that is not older than `within`."""
        since = self._clock.now() - within if within else datetime.min.replace(tzinfo=UTC)
        with self._db.reading() as reading:
            return self._receipt(reading.row(_LATEST, payer, since))

    def _weigh(self, order: Order) -> Weighed:
        with self._db.reading() as reading:
            return self._ask(reading, order, self._clock.now(), dry=True)

    def _send(self, work: Work, order: Order) -> Receipt:
        now = self._clock.now()
        try:
            weighed = self._ask(work, order, now, dry=False)
        except (psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation) as error:
            weighed = self._ask(work, order, now, dry=True)
            if weighed.refusal is None:  # somebody else was faster, and has given back
                raise psycopg.errors.SerializationFailure from error
        if weighed.refusal == KNOWN:  # the same payment gives the same receipt
            receipt = self._receipt(work.row(_BY_KEY, order.payer, order.key))
            assert receipt is not None
            return receipt
        if weighed.refusal:
            raise weighed.error()
        return Receipt(
            Reference.of(int(weighed.posting)),
            order.amount,
            Name(weighed.payee_name).short,
            now,
            self._tokens.first.amount(int(weighed.balance)),
        )

    def _ask(self, work: Work, order: Order, now: datetime, *, dry: bool) -> Weighed:
        token = self._tokens.first
        (answer,) = work.the_row(
            _SEND,
            order.key,
            order.payer,
            order.payee,
            token.id,
            token.whole(1).units,
            order.amount.units,
            order.repeat,
            now,
            self._local.midnight(now),
            dry,
        )
        return Weighed(*answer)

    def _receipt(self, row: Row | None) -> Receipt | None:
        if row is None:
            return None
        posting, units, name, at, balance = row
        amount = self._tokens.first.amount
        payee = Name(name).short if name else ""
        return Receipt(Reference.of(posting), amount(units), payee, at, amount(balance))
