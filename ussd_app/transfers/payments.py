"""Pay another member: weigh it before the PIN, do it once, and say afterwards what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Row, Work
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotEnough
from ussd_app.ledger import service as ledger
from ussd_app.messages.service import Messages
from ussd_app.tokens.service import Tokens
from ussd_app.transfers import facts as payment_facts
from ussd_app.transfers import receipts
from ussd_app.transfers.facts import PaymentFacts
from ussd_app.transfers.limits import may_receive, may_send
from ussd_app.transfers.rules import Rules
from ussd_app.values import Amount, Name, Reference

KIND = "transfer"
MOST = 10**11  # smallest units, where no limit stands: more than a screen can show

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
        messages: Messages,
        *,
        local: Local,
    ) -> None:
        self._db, self._clock, self._tokens, self._messages = db, clock, tokens, messages
        self._local = local
        self._rules = Rules(clock)

    def weigh(self, order: Order) -> None:
        """Raise what already stands in the way, except for the balance: that needs a PIN.

        Raises NotAllowed, LimitReached, PayeeLimit, Twin.
        """
        with self._db.reading() as reading:
            self._refuse(reading, order, self._facts(reading, order))

    def room(self, payer: int, payee: int) -> Amount:
        """The most that the payer's limits leave for one payment now."""
        token = self._tokens.first
        order = Order("", payer, payee, token.amount(0))
        with self._db.reading() as reading:
            facts = self._facts(reading, order).for_limits(token.id, token.unit.decimals)
            room = may_send(self._rules.now(reading), facts)
        return token.amount(MOST if room.amount is None else room.amount)

    def send(self, order: Order) -> Receipt:
        """Pay once for one key, however often and however concurrently it is asked.

        Posting, key, both receipts and the audit row commit together. Raises NotAllowed,
        LimitReached, PayeeLimit, NotEnough, Twin (ask, then order with `repeat`), and Conflict if
        the key was used for something else, or its caller was told that nothing was sent.
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
            return self._again(work, order, facts)
        self._refuse(work, order, facts)
        payer, payee, amount = facts.payer, facts.payee, order.amount
        if amount.units > payer.funds:
            raise NotEnough(payer.funds)
        now = self._clock.now()
        moved = ledger.move(
            work, KIND, source=payer.account, target=payee.account, amount=amount.units, at=now
        )
        assert moved.from_balance is not None
        assert moved.to_balance is not None
        work.run(
            """
            INSERT INTO transfer (key, payer, payee, token, amount, state, posting, at)
            VALUES (%s, %s, %s, %s, %s, 'posted', %s, %s)
            """,
            order.key,
            payer.id,
            payee.id,
            self._tokens.first.id,
            amount.units,
            moved.posting,
            now,
        )
        audit.record(
            work,
            audit.by_member(payer.id),
            "transfer.sent",
            subject=("posting", moved.posting),
            at=now,
        )
        posting, quoted = moved.posting, Reference.of(moved.posting)
        left = self._tokens.first.amount(moved.from_balance)
        has = self._tokens.first.amount(moved.to_balance)
        told = {"ref": quoted, "amount": amount, "when": self._local.day_and_hour(now)}
        self._messages.queue(
            work,
            receipts.to_payer(posting, payer, payee, balance=left, told=told),
            receipts.to_payee(posting, payer, payee, balance=has, told=told),
        )
        return Receipt(quoted, amount, payee.name.short, now, left)

    def _again(self, work: Work, order: Order, facts: PaymentFacts) -> Receipt:
        """The same key was seen: the same payment gives the same receipt."""
        known = facts.known
        asked = (order.payer, order.payee, order.amount.units)
        if known is None or known.posting is None:
            raise Conflict("given up before")
        if (known.payer, known.payee, known.amount) != asked:
            raise Conflict("that key was used for another payment")
        receipt = self._receipt(work.row(_BY_KEY, order.payer, order.key))
        assert receipt is not None
        return receipt

    def _refuse(self, work: Work, order: Order, facts: PaymentFacts) -> None:
        if order.payer == order.payee or not facts.payer.is_active:
            raise NotAllowed("payer")
        if not facts.payee.is_active:
            raise NotAllowed("payee")
        token = self._tokens.first
        measured = facts.for_limits(token.id, token.unit.decimals)
        rules = self._rules.now(work)
        out = may_send(rules, measured)
        if out.amount is not None and order.amount.units > out.amount:
            raise LimitReached(out.rule, out.amount)
        into = may_receive(rules, measured)
        if into.amount is not None and order.amount.units > into.amount:
            raise PayeeLimit(into.rule, into.amount)
        if facts.twin_at and not order.repeat:
            raise Twin(facts.twin_at)

    def _facts(self, work: Work, order: Order) -> PaymentFacts:
        now = self._clock.now()
        return payment_facts.read(
            work,
            order.key,
            payer=order.payer,
            payee=order.payee,
            token=self._tokens.first.id,
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
