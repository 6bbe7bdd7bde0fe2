"""Pay another member: weigh it before the PIN, do it once, and say afterwards what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg.errors

from ussd_app.audit import service as audit
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Row, Work
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotEnough
from ussd_app.ledger import service as ledger
from ussd_app.tokens.service import Tokens
from ussd_app.transfers import facts as payment_facts
from ussd_app.transfers.facts import Known, PaymentFacts
from ussd_app.transfers.limits import Rule, may_receive, may_send
from ussd_app.transfers.rules import Rules
from ussd_app.values import Amount, Name, Reference

MOST = 10**11  # smallest units, where no limit stands: more than a screen can show

PAYEE_MOST = "payee_most"

_POST = "SELECT * FROM transfer_post(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
_RECEIPT = """
    SELECT t.posting, t.amount, m.name, t.at, e.balance
    FROM transfer t JOIN member m ON m.id = t.payee
        JOIN entry e ON e.posting = t.posting AND e.leg = 1
    WHERE t.payer = %s
"""
_BY_KEY: LiteralString = _RECEIPT + "AND t.key = %s"
_LATEST: LiteralString = _RECEIPT + "AND t.at >= %s ORDER BY t.at DESC LIMIT 1"


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
    """A payment that was made, and what the payer had left after it."""

    reference: Reference
    amount: Amount
    payee: str
    at: datetime
    balance: Amount


class Twin(Conflict):
    """The same payment was made a moment ago, at `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__("the same payment a moment ago")
        self.at = at


class PayeeLimit(LimitReached):
    """The payee may not hold so much; how much fits is nobody else's business."""


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
        self._rules = Rules(clock)

    def weigh(self, order: Order) -> None:
        """Raise what already stands in the way, except for the balance: that needs a PIN.

        Raises NotAllowed, LimitReached, PayeeLimit, Twin.
        """
        with self._db.reading() as reading:
            self._refuse(order, self._facts(reading, order), self._rules.now(reading))

    def room(self, payer: int, payee: int) -> Amount:
        """The most that the payer's limits leave for one payment now."""
        token = self._tokens.first
        order = Order("", payer, payee, token.amount(0))
        with self._db.reading() as reading:
            facts = self._facts(reading, order)
            room = may_send(self._rules.now(reading), facts.for_limits)
        return token.amount(MOST if room.amount is None else room.amount)

    def send(self, order: Order) -> Receipt:
        """Pay once for one key, however often and however concurrently it is asked.

        Posting, key, the errand that tells both sides, and the audit row commit together. Raises
        NotAllowed, LimitReached, PayeeLimit, NotEnough, Twin (ask, then order with `repeat`), and
        Conflict if the key was used for something else, or its caller was told that nothing was
        sent.
        """
        return self._db.attempt(lambda work: self._send(work, order))

    def became(self, payer: int, key: str) -> Receipt | None:
        """What became of a payment that was cut off: its receipt, or None, and then for certain.

        The key of a payment that was not made is taken, so that a late copy cannot make it after
        the payer has been told that nothing was sent.
        """
        now = self._clock.now()
        with self._db.work() as work:
            taken = work.run(
                """
                INSERT INTO transfer (key, payer, payee, token, amount, state, at)
                VALUES (%s, %s, %s, %s, 0, 'abandoned', %s) ON CONFLICT (key) DO NOTHING
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

    def _send(self, work: Work, order: Order) -> Receipt:
        facts = self._facts(work, order)
        if facts.known:
            return self._again(work, order, facts.known)
        rules = self._rules.now(work)
        self._refuse(order, facts, rules)
        amount = order.amount
        if amount.units > facts.available:
            raise NotEnough(facts.available)
        now, token = self._clock.now(), self._tokens.first
        room = may_receive(rules, facts.for_limits).amount
        most = None if room is None else facts.for_limits.payee_balance + room
        try:
            posting, left = work.the_row(
                _POST,
                order.key,
                order.payer,
                order.payee,
                token.id,
                amount.units,
                facts.payer_account,
                facts.payee_account,
                most,
                now,
            )
        except psycopg.errors.CheckViolation as error:
            if error.diag.constraint_name == PAYEE_MOST:  # somebody else was faster
                raise PayeeLimit("balance", 0) from None
            raise ledger.refusal(error) from None
        except psycopg.errors.UniqueViolation:
            raise Conflict("that key was taken meanwhile") from None
        name = facts.payee_name.short
        return Receipt(Reference.of(posting), amount, name, now, token.amount(left))

    def _again(self, work: Work, order: Order, known: Known) -> Receipt:
        """The same key was seen: the same payment gives the same receipt."""
        if known.posting is None:
            raise Conflict("given up before")
        if (known.payer, known.payee, known.amount) != (
            order.payer,
            order.payee,
            order.amount.units,
        ):
            raise Conflict("that key was used for another payment")
        receipt = self._receipt(work.row(_BY_KEY, order.payer, order.key))
        assert receipt is not None
        return receipt

    def _refuse(self, order: Order, facts: PaymentFacts, rules: Sequence[Rule]) -> None:
        if order.payer == order.payee or not facts.payer_is_active:
            raise NotAllowed("payer")
        if not facts.payee_is_active:
            raise NotAllowed("payee")
        out = may_send(rules, facts.for_limits)
        if out.amount is not None and order.amount.units > out.amount:
            raise LimitReached(out.rule, out.amount)
        into = may_receive(rules, facts.for_limits)
        if into.amount is not None and order.amount.units > into.amount:
            raise PayeeLimit(into.rule, into.amount)
        if facts.twin_at and not order.repeat:
            raise Twin(facts.twin_at)

    def _facts(self, work: Work, order: Order) -> PaymentFacts:
        now, token = self._clock.now(), self._tokens.first
        return payment_facts.read(
            work,
            order.key,
            payer=order.payer,
            payee=order.payee,
            token=token.id,
            decimals=token.unit.decimals,
            amount=order.amount.units,
            now=now,
            day=self._local.midnight(now),
        )

    def _receipt(self, row: Row | None) -> Receipt | None:
        if row is None:
            return None
        posting, units, name, at, balance = row
        amount = self._tokens.first.amount
        return Receipt(Reference.of(posting), amount(units), Name(name).short, at, amount(balance))
