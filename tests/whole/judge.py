"""What must be true once a storm is over: by what callers were told, by our books, by the company's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.whole.storm import TOKENS, Intent, Storm, Told
from tests.whole.system import System
from tests.whole.telephone import SMS_RECEIVED, SMS_SENT, Phone
from ussd_app.values import Reference

GREETING = 50


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
        WHERE t.state = 'posted' AND p.phone = ANY(%s) ORDER BY t.posting
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
    final = Told.SENT if Told.SENT in told else Told.NOT_SENT if Told.NOT_SENT in told else None
    verdict.counts[f"told {final or 'nothing'}"] += 1


def _judge_sms(storm: Storm, made: list[Made], verdict: Verdict) -> None:
    """Every SMS of ours arrived once, and both sides of every transfer have one."""
    company = Counter(
        (one["to"], one["text"]) for one in storm.system.desk.books("sms")
        if one["to"] in storm.numbers
    )  # fmt: skip
    ours = storm.system.rows(
        """
        SELECT id, phone, body, state, attempts, copies, failure, kind FROM message
        WHERE phone = ANY(%s)
        """,
        storm.numbers,
    )
    resent = [(phone, each) for each, phone, *_rest, copies, _failure, _kind in ours if copies > 1]
    for message, phone, body, state, attempts, copies, failure, kind in ours:
        arrived = company.pop((phone, body), 0)
        verdict.counts[f"sms {state}"] += 1
        verdict.demand(
            arrived == 1 and state == "delivered",
            f"{kind} {message} arrived {arrived} times: {state}, {attempts} attempts, "
            f"{copies} copies, {failure}; of this number resent: "
            f"{[each for number, each in resent if number == phone]}",
        )
    verdict.demand(not company, f"sent by nobody: {company}")
    told = Counter[tuple[str, str]]()
    for phone in storm.numbers:
        for text in storm.system.desk.sms(phone):
            if found := SMS_SENT.search(text) or SMS_RECEIVED.search(text):
                told[phone, found["ref"]] += 1
    for one in made:
        for phone in (one.payer, one.payee):
            count = told.pop((phone, one.reference), 0)
            verdict.demand(count == 1, f"{count} receipts of {one} at {phone}")
    verdict.demand(not told, f"receipts of nothing: {told}")


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
    left = system.value("SELECT count(*) FROM errand")
    verdict.demand(not left, f"{left} errands are left")


def _judge_phones(storm: Storm, made: list[Made], verdict: Verdict) -> None:
    """The truth is on the phone: the last payment and the balance, as the menus tell them."""
    for caller in storm.callers:
        phone: Phone = caller.phone
        (units,) = storm.system.rows(
            """
            SELECT a.balance FROM account a JOIN member m ON m.id = a.owner WHERE m.phone = %s
            """,
            phone.number,
        )[0]
        shown = f"{units / 100:,.2f}".removesuffix(".00")
        balance = phone.balance()
        verdict.demand(balance == shown, f"{phone.number} is shown {balance}, has {shown}")
        mine = [one for one in made if one.payer == phone.number]
        last = phone.last_payment()
        verdict.demand(
            f"Ref {mine[-1].reference}" in last if mine else "not paid anybody" in last,
            f"{phone.number} is told {last!r} of the last payment",
        )
