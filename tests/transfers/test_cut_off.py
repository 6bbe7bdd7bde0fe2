"""R-A07: what became of a payment whose caller was cut off, said once and for certain."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.db.crowd import crowd, eventually, given, insist, raised
from tests.db.surgery import Surgeon
from tests.transfers.busy import WAITING, busy
from tests.transfers.town import AMINAS, BARAKAS, Town
from ussd_app.errors import Conflict
from ussd_app.transfers.payments import Receipt


def test_r_a07_a_payment_that_was_made_is_told_by_its_receipt(town: Town) -> None:
    receipt = town.pay(20)

    assert town.world.services.payments.became(town.amina, "a-key") == receipt


def test_r_a07_a_payment_that_was_not_made_never_will_be(town: Town, surgeon: Surgeon) -> None:
    payments = town.world.services.payments
    assert payments.became(town.amina, "a-key") is None
    before = surgeon.snapshot()

    with pytest.raises(Conflict):
        town.pay(20)

    assert surgeon.snapshot() == before
    assert payments.became(town.amina, "a-key") is None


def test_r_a07_asking_again_writes_nothing_more(town: Town, surgeon: Surgeon) -> None:
    payments = town.world.services.payments
    payments.became(town.amina, "a-key")
    before = surgeon.snapshot()

    payments.became(town.amina, "a-key")

    assert surgeon.snapshot() == before


def test_r_a07_giving_up_is_in_the_audit(town: Town) -> None:
    town.world.services.payments.became(town.amina, "a-key")

    with town.world.db.reading() as reading:
        rows = reading.rows("SELECT actor, subject FROM audit WHERE action = 'transfer.abandoned'")
    assert rows == [(town.amina, town.amina)]


def test_r_a07_nobody_learns_of_a_payment_by_the_key_of_another(town: Town) -> None:
    receipt = town.pay(20)

    assert town.world.services.payments.became(town.baraka, "a-key") is None
    assert town.world.services.payments.became(town.amina, "a-key") == receipt


def test_r_a07_a_payment_given_up_counts_for_no_limit_and_no_twin(town: Town) -> None:
    town.no_limits()
    town.limit(100, span="day")
    town.world.services.payments.became(town.amina, "a-key")

    town.pay(100, key="another")

    assert town.balance(town.baraka) == BARAKAS + 100


def test_r_a07_a_payment_given_up_is_not_the_last_one(town: Town) -> None:
    receipt = town.pay(20)
    town.world.services.payments.became(town.amina, "another")

    assert town.world.services.payments.last(town.amina) == receipt


def test_r_a07_a_late_copy_that_meets_the_question_is_refused(town: Town, surgeon: Surgeon) -> None:
    """The copy has read its facts when the question takes its key, and then wants to write."""
    with ThreadPoolExecutor(1) as threads:
        with busy(town.world, town.baraka):
            late = threads.submit(town.pay, 20)
            eventually(lambda: surgeon.one(WAITING) == 1)
            assert town.world.services.payments.became(town.amina, "a-key") is None

        with pytest.raises(Conflict):
            late.result()

    assert (town.balance(town.amina), town.balance(town.baraka)) == (AMINAS, BARAKAS)


def test_r_a07_a_question_that_meets_the_payment_waits_for_its_end(
    town: Town, surgeon: Surgeon
) -> None:
    """The payment has written its key and not committed when the question comes."""
    asked = threading.Event()

    def answer() -> Receipt | None:
        asked.wait(10)
        return insist(lambda: town.world.services.payments.became(town.amina, "a-key"))

    with ThreadPoolExecutor(1) as threads:
        question = threads.submit(answer)
        with town.world.db.work() as work:
            receipt = town.world.services.payments._send(work, town.order(20))
            asked.set()
            eventually(lambda: surgeon.one(WAITING) == 1)

        assert question.result() == receipt


def test_r_a07_whoever_races_for_a_key_one_wins_and_all_are_told_the_truth(town: Town) -> None:
    for turn in range(12):
        key = f"key-{turn}"

        def deed(number: int, key: str = key) -> Receipt | None:
            if number == 0:
                return insist(lambda: town.world.services.payments.became(town.amina, key))
            return insist(lambda: town.pay(1, key=key, repeat=True))

        before = town.balance(town.baraka)
        told = crowd(4, deed)

        paid = town.balance(town.baraka) - before
        question, *copies = told
        if paid:
            assert raised(told) == []
            assert len(set(given(told))) == 1
        else:
            assert question is None
            assert {type(copy) for copy in copies} == {Conflict}
