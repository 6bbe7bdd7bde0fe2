"""R-A07: a payment is made once, whole, and both sides are told."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import FAILS_AT_COMMIT, Surgeon
from tests.people import AMINA, BARAKA
from tests.transfers.busy import all_weighed
from tests.transfers.town import AMINAS, BARAKAS, Town
from ussd_app.clock import Local
from ussd_app.commands import reconcile
from ussd_app.commands.findings import OK
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotEnough, NotFound, Unavailable
from ussd_app.ledger import service as ledger
from ussd_app.transfers.payments import PayeeLimit, Twin


def test_r_a07_a_payment_moves_its_amount(town: Town) -> None:
    receipt = town.pay(20)

    assert (town.balance(town.amina), town.balance(town.baraka)) == (AMINAS - 20, BARAKAS + 20)
    assert (str(receipt.amount), receipt.payee) == ("20 UMOJA", "Baraka O")
    assert str(receipt.balance) == "980 UMOJA"


def test_r_a07_both_sides_get_one_receipt(town: Town) -> None:
    receipt = town.pay(20)

    when = Local(town.world.settings.time_zone).day_and_hour(receipt.at)
    (to_amina,), (to_baraka,) = town.sms(AMINA), town.sms(BARAKA)
    assert to_amina == (
        f"{receipt.reference}: you sent 20 UMOJA to Baraka O 0700000002 on {when}."
        " Fee 0. Balance 980 UMOJA."
    )
    assert to_baraka == (
        f"{receipt.reference}: umepokea 20 UMOJA kutoka kwa Amina W 0700000001"
        f" tarehe {when}. Salio 70 UMOJA."
    )


def test_r_a07_a_payment_is_in_the_audit_by_its_posting(town: Town) -> None:
    receipt = town.pay(20)

    with town.world.db.reading() as reading:
        row = reading.the_row(
            """
            SELECT actor_kind, actor, subject_kind, subject, channel, details FROM audit
            WHERE action = 'transfer.sent'
            """
        )
    assert row == ("member", town.amina, "posting", receipt.reference.number, "ussd", None)


def test_r_a07_a_payment_leaves_the_books_in_order(town: Town) -> None:
    town.pay(20)
    town.world.run_errands()

    assert {found.grave for found in reconcile.findings(town.world.db)} == {OK}


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("UPDATE", "account"),
        ("INSERT", "posting"),
        ("INSERT", "entry"),
        ("INSERT", "transfer"),
        ("INSERT", "audit"),
        ("INSERT", "errand"),
        (FAILS_AT_COMMIT, "errand"),
        (FAILS_AT_COMMIT, "transfer"),
    ],
)
def test_r_a07_when_any_part_fails_nothing_is_sent(
    town: Town, surgeon: Surgeon, event: str, table: str
) -> None:
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        town.pay(20)

    assert surgeon.snapshot() == before


def test_r_a07_after_a_failure_the_same_key_still_pays(town: Town, surgeon: Surgeon) -> None:
    surgeon.sabotage("INSERT", "errand")
    with pytest.raises(psycopg.errors.RaiseException):
        town.pay(20)
    surgeon.heal()

    town.pay(20)

    assert town.balance(town.baraka) == BARAKAS + 20


def test_r_a07_the_same_key_again_gives_the_same_receipt_and_does_nothing(
    town: Town, surgeon: Surgeon
) -> None:
    first = town.pay(20)
    before = surgeon.snapshot()
    town.world.clock.advance(minutes=1)

    assert town.pay(20) == first
    assert surgeon.snapshot() == before


def test_r_a07_the_same_key_gives_its_receipt_whatever_came_after(town: Town) -> None:
    first = town.pay(20)
    town.pay(400, key="more", payee=town.neighbour(1))
    town.set_status(town.baraka, "BLOCKED")

    assert town.pay(20) == first


@pytest.mark.parametrize("other", ["amount", "payee", "payer"])
def test_r_a07_a_key_pays_for_one_payment_only(town: Town, surgeon: Surgeon, other: str) -> None:
    neema = town.neighbour(1)
    town.pay(20)
    before = surgeon.snapshot()

    with pytest.raises(Conflict):
        town.pay(
            21 if other == "amount" else 20,
            payee=neema if other == "payee" else None,
            payer=neema if other == "payer" else None,
        )

    assert surgeon.snapshot() == before


def test_r_a07_fifty_at_once_with_one_key_are_one_payment(town: Town) -> None:
    told = crowd(50, lambda _: insist(lambda: town.pay(20)))

    assert raised(told) == []
    assert len(set(given(told))) == 1
    assert (town.balance(town.amina), town.balance(town.baraka)) == (AMINAS - 20, BARAKAS + 20)
    assert [len(town.sms(phone)) for phone in (AMINA, BARAKA)] == [1, 1]


def test_r_a07_two_payers_with_one_key_at_once_make_one_payment(
    town: Town, surgeon: Surgeon
) -> None:
    payers = [town.neighbour(number) for number in range(4)]

    told = all_weighed(
        town.world, surgeon, town.baraka, 4, lambda number: town.pay(5, payer=payers[number])
    )

    assert len(given(told)) == 1
    assert {type(error) for error in raised(told)} == {Conflict}
    assert town.balance(town.baraka) == BARAKAS + 5


def test_r_a07_nobody_sends_more_than_they_have(town: Town, surgeon: Surgeon) -> None:
    before = surgeon.snapshot()

    with pytest.raises(NotEnough) as no:
        town.pay(51, payer=town.baraka, payee=town.amina)

    assert no.value.available == BARAKAS * 100
    assert surgeon.snapshot() == before


def test_r_a07_who_is_overtaken_every_time_is_told_so_and_sends_nothing(
    town: Town, surgeon: Surgeon
) -> None:
    surgeon.run("ALTER TABLE transfer ADD CONSTRAINT rival CHECK (amount <> 700) NOT VALID")
    before = surgeon.snapshot()
    try:
        with pytest.raises(Unavailable) as no:
            town.pay(7)
    finally:
        surgeon.run("ALTER TABLE transfer DROP CONSTRAINT rival")

    contended = no.value.__cause__
    assert contended
    assert "rival" in str(contended.__cause__)
    assert surgeon.snapshot() == before


def test_r_a07_what_is_held_is_not_sent(town: Town) -> None:
    token, now = town.world.services.tokens.first, town.world.clock.now()
    with town.world.db.work() as work:
        wallet = ledger.open_account(work, token.id, town.baraka, at=now)
        ledger.hold(work, "withdrawal", account=wallet, amount=token.whole(30).units, at=now)

    with pytest.raises(NotEnough) as no:
        town.pay(21, payer=town.baraka, payee=town.amina)

    assert no.value.available == 2000


def test_r_a07_twenty_who_spend_one_balance_at_once_spend_it_once(town: Town) -> None:
    payees = [town.neighbour(number) for number in range(20)]

    def spend(number: int) -> object:
        order = {"key": f"key-{number}", "payer": town.baraka, "payee": payees[number]}
        return insist(lambda: town.pay(BARAKAS, **order))  # type: ignore[arg-type]

    told = crowd(20, spend)

    assert len(given(told)) == 1
    assert {type(error) for error in raised(told)} == {NotEnough}
    assert town.balance(town.baraka) == 0


def test_r_a07_payments_in_both_directions_at_once_all_arrive(town: Town) -> None:
    town.no_limits()
    neema = town.neighbour(1, tokens=500)

    def hammer(number: int) -> None:
        here, there = (town.amina, neema) if number % 2 else (neema, town.amina)
        for turn in range(5):
            key = f"{number}-{turn}"
            insist(lambda key=key: town.pay(3, key=key, payer=here, payee=there, repeat=True))  # type: ignore[misc]

    assert raised(crowd(16, hammer)) == []
    assert (town.balance(town.amina), town.balance(neema)) == (AMINAS, 500)
    assert town.count("transfer") == 80
    assert {found.name for found in reconcile.findings(town.world.db) if found.grave} == set()


@pytest.mark.parametrize("status", ["INVITED", "BLOCKED", "EXPIRED", "DELETED"])
def test_r_a07_who_is_not_active_neither_pays_nor_is_paid(
    town: Town, surgeon: Surgeon, status: str
) -> None:
    town.set_status(town.baraka, status)
    before = surgeon.snapshot()

    with pytest.raises(NotAllowed, match="payer"):
        town.pay(5, payer=town.baraka, payee=town.amina)
    with pytest.raises(NotAllowed, match="payee"):
        town.pay(5)

    assert surgeon.snapshot() == before


def test_r_a07_nobody_pays_themselves(town: Town) -> None:
    with pytest.raises(NotAllowed):
        town.pay(5, payee=town.amina)


def test_r_a07_nobody_pays_who_does_not_exist(town: Town) -> None:
    with pytest.raises(NotFound):
        town.pay(5, payee=999_999)


def test_r_a07_the_same_payment_within_two_minutes_asks_first(town: Town, surgeon: Surgeon) -> None:
    first = town.pay(20)
    before = surgeon.snapshot()
    town.world.clock.advance(seconds=115)

    with pytest.raises(Twin) as ask:
        town.pay(20, key="another")

    assert ask.value.at == first.at
    assert surgeon.snapshot() == before


def test_r_a07_the_same_payment_goes_when_it_is_meant(town: Town) -> None:
    town.pay(20)

    town.pay(20, key="another", repeat=True)

    assert town.balance(town.baraka) == BARAKAS + 40


def test_r_a07_the_same_payment_goes_after_two_minutes(town: Town) -> None:
    town.pay(20)
    town.world.clock.advance(seconds=121)

    town.pay(20, key="another")

    assert town.balance(town.baraka) == BARAKAS + 40


def test_r_a07_another_amount_or_another_payee_is_no_twin(town: Town) -> None:
    town.pay(20)

    town.pay(21, key="another amount")
    town.pay(20, key="another payee", payee=town.neighbour(1))

    assert town.balance(town.amina) == AMINAS - 61


def test_r_a07_twins_sent_at_once_are_one_payment_unless_they_are_meant(town: Town) -> None:
    told = crowd(8, lambda number: insist(lambda: town.pay(20, key=f"key-{number}")))

    assert len(given(told)) == 1
    assert {type(error) for error in raised(told)} == {Twin}


def test_r_a07_what_stands_in_the_way_is_told_before_the_pin(town: Town) -> None:
    weigh, order = town.world.services.payments.weigh, town.order

    with pytest.raises(LimitReached):
        weigh(order(501))
    with pytest.raises(PayeeLimit):
        weigh(order(500, payee=town.neighbour(1, tokens=1900)))
    with pytest.raises(NotAllowed):
        weigh(order(5, payee=town.amina))
    town.pay(20)
    with pytest.raises(Twin):
        weigh(order(20, key="another"))
    weigh(order(20, key="another", repeat=True))


def test_r_a07_a_key_that_is_used_up_is_told_before_the_pin(town: Town) -> None:
    weigh, order = town.world.services.payments.weigh, town.order
    town.pay(20)
    town.world.services.payments.became(town.amina, "given up")

    weigh(order(20))
    for other in (order(21), order(5, key="given up")):
        with pytest.raises(Conflict) as no:
            weigh(other)
        assert not isinstance(no.value, Twin)


def test_r_a07_the_balance_is_not_told_before_the_pin(town: Town, surgeon: Surgeon) -> None:
    before = surgeon.snapshot()

    town.world.services.payments.weigh(town.order(60, payer=town.baraka, payee=town.amina))

    assert surgeon.snapshot() == before


def test_r_a07_the_last_payment_is_found_while_it_is_recent(town: Town) -> None:
    payments = town.world.services.payments
    receipt = town.pay(20)
    town.world.clock.advance(minutes=4)

    assert payments.last(town.amina, within=timedelta(minutes=5)) == receipt
    assert payments.last(town.amina, within=timedelta(minutes=3)) is None
    assert payments.last(town.amina) == receipt
    assert payments.last(town.baraka) is None
