"""R-A07: the errand that a payment leaves behind tells both sides, once each."""

from __future__ import annotations

import psycopg
import pytest

from tests.db.crowd import crowd, insist, raised
from tests.db.surgery import Surgeon
from tests.people import AMINA, BARAKA
from tests.transfers.town import Town
from ussd_app.commands import reconcile
from ussd_app.values import Name


def test_r_a07_receipts_told_twice_are_promised_once(town: Town, surgeon: Surgeon) -> None:
    posting = town.pay(20).reference.number
    town.world.services.receipts.tell(posting)
    before = surgeon.snapshot()

    town.world.services.receipts.tell(posting)

    assert surgeon.snapshot() == before


def test_r_a07_receipts_told_by_many_at_once_are_promised_once(town: Town) -> None:
    posting = town.pay(20).reference.number

    told = crowd(12, lambda _: insist(lambda: town.world.services.receipts.tell(posting)))

    assert raised(told) == []
    assert [len(town.sms(phone)) for phone in (AMINA, BARAKA)] == [1, 1]


@pytest.mark.parametrize("table", ["message", "errand"])
def test_r_a07_receipts_are_promised_both_or_neither(
    town: Town, surgeon: Surgeon, table: str
) -> None:
    posting = town.pay(20).reference.number
    surgeon.sabotage("INSERT", table)
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        town.world.services.receipts.tell(posting)

    assert surgeon.snapshot() == before


def test_r_a07_receipts_say_what_was_had_then_and_not_what_is_had_now(town: Town) -> None:
    first = town.pay(20)
    town.pay(30, key="another")

    told = town.sms(AMINA)

    assert len(told) == 2
    assert [text for text in told if str(first.reference) in text and "Balance 980 UMOJA" in text]


def test_r_a07_until_both_sides_are_told_an_errand_stands_for_it(town: Town) -> None:
    town.pay(20)

    assert {found.name for found in reconcile.findings(town.world.db) if found.grave} == set()


def test_r_a07_a_receipt_speaks_the_language_and_names_of_its_day(town: Town) -> None:
    town.world.services.members.speak(BARAKA, "en")
    town.world.services.members.rename(AMINA, Name("Amina binti Salim"))
    receipt = town.pay(20)

    (told,) = town.sms(BARAKA)

    assert told.startswith(f"{receipt.reference}: you got 20 UMOJA from Amina S 0700000001 on ")
