"""What must be true once a storm is over: by what callers were told, by our books, by the company's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.whole.storm import TOKENS, Intent, Storm, Told
from tests.whole.system import System
from tests.whole.telephone import SMS_RECEIVED, SMS_SENT, Phone
from ussd_app.values import Reference

GREETING = 50
TRIES = 3


@dataclass
class Verdict:
    """What is wrong, in words; and how much was looked at."""

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def demand(self, holds: object, complaint: str) -> None:
        if not holds:
            self.faults.append(complaint)


def judge(storm: Storm) -> Verdict:
    """Everything there is to judge; the system is healed and settled."""
    verdict = Verdict()
    made = _transfers(storm)
    _judge_payments(storm, made, verdict)
    _judge_sms(storm, made, verdict)
    _judge_books(storm.system, storm, verdict)
    _judge_phones(storm, made, verdict)
    return verdict


@dataclass(frozen=True)
class Made:
    """A transfer as our books have it."""

    payer: str
    payee: str
    units: int
    reference: str


def _transfers(storm: Storm) -> list[Made]:
    rows = storm.system.rows(
        """
        SELECT p.phone, q.phone, t.amount, t.posting
        FROM transfer t JOIN member p ON p.id = t.payer JOIN member q ON q.id = t.payee
        WHERE t.posting IS NOT NULL AND p.phone = ANY(%s) ORDER BY t.posting
        """,
        storm.numbers,
    )
    return [Made(payer, payee, units, str(Reference.of(n))) for payer, payee, units, n in rows]


def _judge_payments(storm: Storm, made: list[Made], verdict: Verdict) -> None:
    by_units: dict[int, list[Made]] = {}
    for one in made:
        by_units.setdefault(one.units, []).append(one)
    meant = {intent.units: intent for intent in storm.intents}
    for units, several in by_units.items():
        verdict.demand(units in meant, f"a transfer that nobody meant: {several}")
        verdict.demand(len(several) == 1, f"made {len(several)} times: {several}")
    for intent in storm.intents:
        _judge_intent(intent, by_units.get(intent.units, []), verdict)


def _judge_intent(intent: Intent, made: list[Made], verdict: Verdict) -> None:
    told = {what for what, _reference in intent.told}
    references = {reference for what, reference in intent.told if what is Told.SENT}
    for one in made:
        verdict.demand(
            (one.payer, one.payee) == (intent.payer, intent.payee), f"between others: {intent}"
        )
        verdict.demand(references <= {one.reference}, f"told another reference: {intent} {one}")
    verdict.demand(made or Told.SENT not in told, f"told sent, and was not: {intent}")
    verdict.demand(not made or Told.NOT_SENT not in told, f"told not sent, and was: {intent}")
    verdict.demand(not made or intent.pin_given, f"sent without a PIN: {intent}")
    verdict.counts["made" if made else "not made"] += 1
    if intent.pin_given and told <= {Told.NOTHING}:
        verdict.counts["left in the dark"] += 1
        verdict.demand(not intent.must_be_told, f"hung up on, and never told: {intent}")
    if intent.must_be_told:
        verdict.counts["hung up on the answer"] += 1


def _judge_sms(storm: Storm, made: list[Made], verdict: Verdict) -> None:
    """Every SMS of ours arrived as its row allows, and both sides of every transfer have a receipt."""
    company = Counter(
        (one["to"], one["text"]) for one in storm.system.desk.books("sms")
        if one["to"] in storm.numbers
    )  # fmt: skip
    receipts = Counter[tuple[str, str]]()
    for message in _messages(storm):
        arrived = company.pop((message.phone, message.body), 0)
        verdict.counts[f"sms {message.state}"] += 1
        verdict.counts["sms lost"] += arrived == 0
        verdict.counts["sms doubled"] += arrived > 1
        verdict.demand(
            arrived in message.may_arrive and message.state in ("delivered", message.may_end),
            f"{message} arrived {arrived} times",
        )
        if found := SMS_SENT.search(message.body) or SMS_RECEIVED.search(message.body):
            receipts[message.phone, found["ref"]] += 1
    verdict.demand(not company, f"sent by nobody: {company}")
    for one in made:
        for phone in (one.payer, one.payee):
            count = receipts.pop((phone, one.reference), 0)
            verdict.demand(count == 1, f"{count} receipts of {one} to {phone}")
    verdict.demand(not receipts, f"receipts of nothing: {receipts}")


@dataclass(frozen=True)
class Message:
    """An SMS as our books have it."""

    id: int
    phone: str
    body: str
    state: str
    attempts: int
    copies: int
    failure: str | None
    is_ambiguous: bool

    @property
    def may_arrive(self) -> range:
        """How often it may arrive. Once, unless its row says that nobody could know.

        When the answer to one SMS was lost and a second copy sent, the reports of that number are
        ambiguous for a day: if then the answer to another is lost, it may come twice. And when
        nothing is heard of the second copy either, there is no third.
        """
        return range(0 if self.may_end == "failed" else 1, 3 if self.is_ambiguous else 2)

    @property
    def may_end(self) -> str:
        return "failed" if (self.copies, self.failure) == (2, "no answer") else "delivered"


def _messages(storm: Storm) -> list[Message]:
    rows = storm.system.rows(
        """
        SELECT id, phone, body, state, attempts, copies, failure,
            copies > 1 AND count(*) FILTER (WHERE copies > 1) OVER (PARTITION BY phone) > 1
        FROM message WHERE phone = ANY(%s)
        """,
        storm.numbers,
    )
    return [Message(*row) for row in rows]


def _judge_books(system: System, storm: Storm, verdict: Verdict) -> None:
    total = system.value(
        """
        SELECT sum(a.balance)::bigint FROM account a JOIN member m ON m.id = a.owner
        WHERE m.phone = ANY(%s)
        """,
        storm.numbers,
    )
    expected = len(storm.callers) * (TOKENS + GREETING) * 100
    verdict.demand(total == expected, f"there were {expected} units, there are {total}")
    amiss = system.reconciled()
    verdict.demand(not amiss, f"reconcile: {amiss}")
    left = system.errands()
    verdict.demand(not left, f"errands left: {left}")


def _judge_phones(storm: Storm, made: list[Made], verdict: Verdict) -> None:
    """The truth is on the phone: the last payment and the balance, as the menus tell them."""
    for caller in storm.callers:
        phone: Phone = caller.phone
        ((units, is_locked),) = storm.system.rows(
            """
            SELECT a.balance, p.locked_until IS NOT NULL
            FROM member m JOIN account a ON a.owner = m.id JOIN pin p ON p.member = m.id
            WHERE m.phone = %s
            """,
            phone.number,
        )
        if is_locked:
            verdict.counts["locked"] += 1
            verdict.demand(caller.tries_most >= TRIES, f"{phone.number} is locked for nothing")
            continue
        shown = f"{units / 100:,.2f}".removesuffix(".00")
        balance = phone.balance()
        verdict.demand(balance == shown, f"{phone.number} is shown {balance}, has {shown}")
        mine = [one for one in made if one.payer == phone.number]
        last = phone.last_payment()
        verdict.demand(
            f"Ref {mine[-1].reference}" in last if mine else "not paid anybody" in last,
            f"{phone.number} is told {last!r} of the last payment",
        )
