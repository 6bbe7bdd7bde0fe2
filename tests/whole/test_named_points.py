"""kill -9 at each point where a payment or its SMS could be lost or doubled.

Whoever was told "sent" has sent once; whoever was told nothing learns the truth at the next dial;
each receipt arrives once.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import pytest

from tests.whole import gates
from tests.whole.gates import (
    ANSWERED,
    CHARGED,
    CLEARED,
    FETCHED,
    HANDED,
    NOTED,
    PAID,
    PAYING,
    PROMISE_FETCHED,
    PROMISE_HANDED,
    SENDING,
    WORDED,
    WORDING,
    Gate,
)
from tests.whole.system import System
from tests.whole.telephone import LAST, SENT, Phone, Screen, eventually
from ussd_app.dialog.switchboard import DEADLINE_SECONDS
from ussd_app.values import Reference

TRANSPORT_SECONDS = 0.3  # from the telephone over the company to us and back, on a busy machine
LEASE_SECONDS = 9.0  # a line stays locked so long after its holder was killed
KILLS = 3


@pytest.fixture
def company(patient: System) -> Iterator[System]:
    gates.build(patient)
    patient.settle()
    yield patient
    patient.desk.calm()


@dataclass
class Payment:
    """A payment whose PIN is typed while something is about to go wrong."""

    system: System
    amount: str
    payer: Phone
    payee: Phone
    told: Screen = field(default=Screen("", ends=True))
    call: str = ""
    text: str = ""

    @classmethod
    def ready(cls, system: System, amount: str) -> Payment:
        """At the question for the PIN."""
        payer, payee = system.member(name="Neema Wambui"), system.member(name="Juma Otieno")
        payer.to_pin(payee, amount)
        made = cls(system, amount, payer, payee)
        made.call, made.text = payer.screen.call, payer.transcript(payer.pin)
        return made

    def type_pin(self) -> None:
        self.told = self.payer.say(self.payer.pin)

    def deliver(self) -> str:
        """The network delivers the PIN, perhaps once more, or long after the caller has gone."""
        return self.system.post(self.call, self.payer.number, self.text)

    def has_told_end(self) -> bool:
        """Whether the application has taken in that the call is over."""
        return self.system.desk.told_end(self.call, self.payer.number) == "acknowledged"

    @property
    def references(self) -> list[str]:
        """The references of the transfers that this payment has become."""
        rows = self.system.rows(
            """
            SELECT t.posting FROM transfer t JOIN member m ON m.id = t.payer
            WHERE m.phone = %s AND t.posting IS NOT NULL
            """,
            self.payer.number,
        )
        return [str(Reference.of(posting)) for (posting,) in rows]

    @property
    def receipts(self) -> tuple[int, int]:
        """How many receipts arrived at the payer's phone and at the payee's."""
        return (
            sum("you sent" in text for text in self.payer.sms()),
            sum("you got" in text for text in self.payee.sms()),
        )


def dial_until_answered(phone: Phone) -> Screen:
    """Dial again and again, as people do, while the line is busy."""

    def answered() -> Screen | None:
        screen = phone.dial()
        return None if screen.ends else screen

    found = eventually(answered, "an answer", seconds=LEASE_SECONDS + 10)
    assert found
    return found


def test_a_web_process_killed_at_any_point_of_a_payment_loses_and_doubles_nothing(
    company: System,
) -> None:
    points = {gate: Payment.ready(company, "3") for gate in (PAYING, PAID, CLEARED, CHARGED)}
    with ThreadPoolExecutor(4) as hands:
        for pair, victim in (((PAYING, PAID), "web"), ((CLEARED, CHARGED), "web child")):
            typing = [_held_at(company, hands, gate, points[gate]) for gate in pair]
            pids = company.kill_web_children() if victim == "web child" else [company.kill("web")]
            assert all(pids)
            for done in typing:
                done.result(30)
            gates.open_all(company)
            company.wait_until_back(victim, pids[0] or 0)
    assert [point.told.trouble for point in points.values()] == [
        "Connection problem or invalid MMI code."
    ] * 4

    tries = company.value(
        "SELECT failures FROM pin WHERE member = %s", company.member_of(points[CHARGED].payer)
    )
    assert tries == 1, "a try that was charged stays charged"
    for gate in (PAYING, PAID):  # one statement: PostgreSQL ends what it was asked, whoever died
        (reference,) = points[gate].references
        said = dial_until_answered(points[gate].payer)
        told = LAST.search(said.text)
        assert told, said
        assert (told["amount"], told["ref"]) == ("3", reference)
    for gate in (CLEARED, CHARGED):
        assert points[gate].references == []
        said = dial_until_answered(points[gate].payer)
        assert "Your payment was NOT sent, nothing was taken." in said.text, gate.name

    for payment in points.values():
        payment.deliver()
    assert [len(point.references) for point in points.values()] == [1, 1, 0, 0]
    company.settle()
    assert [point.receipts for point in points.values()] == [(1, 1), (1, 1), (0, 0), (0, 0)]
    assert company.reconciled() == []


@pytest.mark.parametrize("gate", [CLEARED, PAID], ids=["before the payment", "after it"])
def test_r_a15_whoever_hangs_up_on_the_answer_is_told_it_at_the_next_dial(
    company: System, gate: Gate
) -> None:
    payment = Payment.ready(company, "3")

    with ThreadPoolExecutor(1) as network, gates.closed(company, gate, payment.payer, seconds=2):
        answer = network.submit(payment.deliver)
        gates.wait_until_held(company)
        payment.payer.hang_up()
        eventually(payment.has_told_end, "the end of the call")
        assert gates.held(company), "the answer came before the end was told"
        gates.open_all(company)
        assert answer.result(20).startswith("END Sent 3 UMOJA")

    told = LAST.search(payment.payer.dial().text)
    assert told
    assert [told["ref"]] == payment.references


@pytest.mark.parametrize(
    ("typing", "carrying"),
    [
        pytest.param((PAYING, PAID), SENDING, id="short"),
        pytest.param((CLEARED, CHARGED), ANSWERED, id="PIN", marks=pytest.mark.soak),
        pytest.param((PAYING, PAID), WORDED, id="receipts", marks=pytest.mark.soak),
        pytest.param((PAYING, PAID), NOTED, id="SMS", marks=pytest.mark.soak),
    ],
)
def test_postgres_killed_while_money_is_in_flight_loses_and_doubles_nothing(
    company: System, typing: tuple[Gate, Gate], carrying: Gate
) -> None:
    """Two payments are being made and the SMS of a third is on its way when it dies."""
    told, *cut = (Payment.ready(company, amount) for amount in ("2", "3", "4"))
    gates.close(company, carrying, told.payee, seconds=20)
    told.type_pin()
    sent = SENT.search(told.told.text)
    assert sent
    gates.wait_until_held(company)

    with ThreadPoolExecutor(len(cut)) as hands:
        hanging = [_held_at(company, hands, *each) for each in zip(typing, cut, strict=True)]
        company.kill_and_wait("postgres")
        for done in hanging:
            done.result(30)
    gates.open_all(company)

    assert told.references == [sent["ref"]], "what was told as sent was durable"
    for gate, payment in zip(typing, cut, strict=True):
        assert "We are still checking your last step" in payment.told.text, gate.name
        said = dial_until_answered(payment.payer)
        assert "Your payment was NOT sent, nothing was taken." in said.text, gate.name
        payment.deliver()
    assert [payment.references for payment in cut] == [[], []]
    company.settle(seconds=60)
    assert [payment.receipts for payment in (told, *cut)] == [(1, 1), (0, 0), (0, 0)]
    assert company.reconciled() == []


def test_what_was_told_as_sent_outlives_postgres_killed_the_moment_after(company: System) -> None:
    """Nobody else writes meanwhile: what makes another's deed durable would make this one so too."""
    payments = [Payment.ready(company, "3") for _kill in range(KILLS)]
    company.settle()
    for payment in payments:
        pid = company.pid("postgres")
        assert pid
        with company.frozen("clock"), company.frozen("worker"):
            payment.type_pin()
            os.kill(pid, signal.SIGKILL)
        company.wait_until_back("postgres", pid)

    told = [SENT.search(payment.told.text) for payment in payments]

    assert [payment.references for payment in payments] == [[sent["ref"]] for sent in told if sent]
    company.settle()
    assert company.reconciled() == []


def test_redis_that_hangs_after_the_commit_leaves_the_caller_with_the_truth(
    company: System,
) -> None:
    payment = Payment.ready(company, "3")

    with ThreadPoolExecutor(1) as hand, gates.closed(company, PAID, payment.payer, seconds=0.6):
        typing = hand.submit(payment.type_pin)
        gates.wait_until_held(company)
        with company.frozen("redis"):
            typing.result(20)

    (reference,) = payment.references
    told = SENT.search(payment.told.text)
    if not told:
        assert "We are still checking your last step. Do not repeat it." in payment.told.text
        said = dial_until_answered(payment.payer)
        told = LAST.search(said.text)
        assert told, f"what became of it is not told: {said}"
    assert (told["amount"], told["ref"]) == ("3", reference)


def test_a_payment_slower_than_the_deadline_is_told_as_unknown_and_then_truly(
    company: System,
) -> None:
    payment = Payment.ready(company, "3")

    with gates.closed(company, PAYING, payment.payer, seconds=20):
        began = time.monotonic()
        payment.type_pin()
        took = time.monotonic() - began

    assert took < DEADLINE_SECONDS + TRANSPORT_SECONDS, "whatever hangs"
    assert "We are still checking your last step" in payment.told.text
    said = dial_until_answered(payment.payer)
    assert "NOT sent" in said.text or LAST.search(said.text)
    eventually(lambda: not gates.held(company), "the end of what was held", seconds=25)
    payment.deliver()
    assert len(payment.references) == int(bool(LAST.search(said.text)))
    company.settle()


@dataclass(frozen=True)
class Blow:
    """Where the bearer of an SMS is killed: behind a gate, or while the company is silent."""

    victim: str
    gate: Gate | None = None
    fault: str = ""


BLOWS = {
    "promise handed over, before the queue has it": Blow("clock", PROMISE_HANDED),
    "promise fetched, before it is claimed": Blow("worker", PROMISE_FETCHED),
    "receipts worded, before the commit": Blow("worker", WORDING),
    "receipts committed, before the job is done": Blow("worker", WORDED),
    "handed over, before the queue has it": Blow("clock", HANDED),
    "fetched, before it is claimed": Blow("worker", FETCHED),
    "state sending, before the wire": Blow("worker", SENDING),
    "on the wire, taken, answer unread": Blow("worker", fault="sms.hang_after"),
    "on the wire, not taken, answer unread": Blow("worker", fault="sms.hang_before"),
    "answer read, before the commit": Blow("worker", ANSWERED),
    "committed, before the job is done": Blow("worker", NOTED),
}


IN_SHORT = (
    "promise fetched, before it is claimed",
    "receipts committed, before the job is done",
    "handed over, before the queue has it",
    "state sending, before the wire",
    "on the wire, taken, answer unread",
    "answer read, before the commit",
)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(IN_SHORT, id="short"),
        pytest.param(tuple(BLOWS), id="all", marks=pytest.mark.soak),
    ],
)
def test_whoever_carries_an_sms_may_be_killed_anywhere_and_it_arrives_once(
    company: System, names: tuple[str, ...]
) -> None:
    payments = {name: Payment.ready(company, "2") for name in names}
    for name, payment in payments.items():
        blow = BLOWS[name]
        if blow.gate:
            gates.close(company, blow.gate, payment.payee)
        else:
            fault = {"name": blow.fault, "phone": payment.payee.number, "times": 1}
            company.desk.spoil({**fault, "seconds": 6})
        payment.type_pin()
        assert payment.told.text.startswith("Sent 2 UMOJA to Juma O."), name
        eventually(_reached(company, blow), name)
        assert company.kill(blow.victim)
        gates.open_all(company)
    company.settle(seconds=60)

    arrived = {name: payment.receipts for name, payment in payments.items()}
    assert arrived == dict.fromkeys(names, (1, 1))
    assert all(len(payment.references) == 1 for payment in payments.values())
    assert company.reconciled() == []


def _held_at(
    company: System, hands: ThreadPoolExecutor, gate: Gate, payment: Payment
) -> Future[None]:
    """Have the PIN typed, and wait until the process that answers is held."""
    before = gates.held(company)
    gates.close(company, gate, payment.payer)
    typing = hands.submit(payment.type_pin)
    gates.wait_until_held(company, before + 1)
    return typing


def _reached(company: System, blow: Blow) -> Callable[[], bool]:
    if blow.gate:
        return lambda: gates.held(company) > 0

    def struck() -> bool:
        with suppress(httpx.HTTPError):
            faults = company.desk.ask("GET", "/control/faults")["faults"]
            return any(fault["struck"] for fault in faults)
        return False

    return struck
