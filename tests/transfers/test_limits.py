"""R-A07: what may be sent and held, over which time, and however many ask at once."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.transfers.busy import all_weighed
from tests.transfers.town import Town
from ussd_app.errors import LimitReached
from ussd_app.transfers.payments import PayeeLimit
from ussd_app.values import UNITS_MOST

SECONDS_A_DAY = 86_400


def until_local_midnight(town: Town) -> float:
    """Seconds until the day ends in Nairobi."""
    now, local = town.world.clock.now(), town.world.services.local
    return (local.midnight(now) + timedelta(days=1) - now).total_seconds()


@pytest.mark.parametrize(
    ("tier", "amounts", "balance"),
    [
        (0, (50, 50, 50, 100), 200),
        (1, (50, 50, 50, 200), 400),
        (2, (500, 500, 500, 1000), 2000),
        (3, (5000, 5000, 5000, 10_000), 20_000),
    ],
)
def test_r_a07_each_tier_begins_with_limits_of_its_own(
    town: Town, tier: int, amounts: tuple[int, ...], balance: int
) -> None:
    with town.world.db.reading() as reading:
        rows = reading.rows(
            "SELECT direction, measure, span, value FROM limit_rule WHERE tier = %s", tier
        )

    spans = zip(("transfer", "day", "7d", "30d"), amounts, strict=True)
    assert sorted(rows) == sorted(
        [
            ("in", "balance_after", "transfer", balance),
            *(("out", "amount", span, value) for span, value in spans),
        ]
    )


def test_r_a16_nobody_can_hold_more_than_a_screen_shows_also_without_a_rule(
    town: Town, surgeon: Surgeon
) -> None:
    town.no_limits()
    surgeon.run("UPDATE account SET balance = %s WHERE owner = %s", UNITS_MOST - 4000, town.baraka)

    with pytest.raises(PayeeLimit) as no:
        town.pay(41)
    assert town.pay(40, key="the rest").amount.units == 4000

    assert (no.value.rule, no.value.remaining) == ("SCREEN", 4000)


def test_r_a16_no_rule_allows_more_than_a_screen_shows(town: Town) -> None:
    town.limit(9_999_999)

    with pytest.raises(psycopg.errors.CheckViolation):
        town.limit(10_000_000)


@pytest.mark.parametrize(("tier", "most"), [(0, 50), (1, 50), (2, 500)])
def test_r_a07_a_payment_up_to_the_limit_of_the_tier_goes(town: Town, tier: int, most: int) -> None:
    neema = town.neighbour(1, tokens=600, tier=tier)

    with pytest.raises(LimitReached) as no:
        town.pay(most + 1, payer=neema)
    town.pay(most, payer=neema)

    assert (no.value.remaining, no.value.rule[:2]) == (most * 100, f"T{tier}")


@pytest.mark.parametrize("span", ["day", "7d", "30d"])
def test_r_a07_what_was_sent_within_the_span_counts(town: Town, span: str) -> None:
    town.no_limits()
    town.limit(100, span=span)
    town.pay(60)

    with pytest.raises(LimitReached) as no:
        town.pay(41, key="another")
    town.pay(40, key="the rest")

    assert (no.value.rule, no.value.remaining) == ("OWN-0", 4000)


def test_r_a07_a_limit_of_one_payment_counts_no_other(town: Town) -> None:
    town.no_limits()
    town.limit(100)
    town.pay(100)

    town.pay(100, key="another", repeat=True)

    with pytest.raises(LimitReached):
        town.pay(101, key="too much")


@pytest.mark.parametrize(("span", "days"), [("7d", 7), ("30d", 30)])
def test_r_a07_a_span_of_days_rolls_on(town: Town, span: str, days: int) -> None:
    town.no_limits()
    town.limit(100, span=span)
    town.pay(100)
    town.world.clock.advance(days=days, minutes=-1)
    with pytest.raises(LimitReached):
        town.pay(1, key="too early")

    town.world.clock.advance(minutes=2)

    town.pay(100, key="later")


def test_r_a07_a_day_ends_at_midnight_in_nairobi(town: Town) -> None:
    town.no_limits()
    town.limit(100, span="day")
    town.world.clock.advance(seconds=until_local_midnight(town) - 60)
    town.pay(100)
    with pytest.raises(LimitReached):
        town.pay(1, key="too early")

    town.world.clock.advance(seconds=60)

    assert town.world.clock.now().hour == 21  # midnight is 21:00 UTC
    town.pay(100, key="tomorrow", repeat=True)


def test_r_a07_midnight_elsewhere_does_not_end_the_day(town: Town) -> None:
    town.no_limits()
    town.limit(100, span="day")
    town.world.clock.advance(seconds=until_local_midnight(town) + 2.5 * 3600)
    town.pay(100)
    yesterday = town.world.clock.now().date()

    town.world.clock.advance(hours=1)

    assert town.world.clock.now().date() == yesterday + timedelta(days=1)
    with pytest.raises(LimitReached):
        town.pay(1, key="still the same day")


def test_r_a07_the_narrowest_rule_is_the_one_that_is_named(town: Town) -> None:
    town.no_limits()
    town.limit(100, span="7d")
    town.limit(60)
    town.limit(80, span="day")

    with pytest.raises(LimitReached) as no:
        town.pay(61)

    assert (no.value.rule, no.value.remaining) == ("OWN-1", 6000)


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"tier": 2}, True),
        ({"tier": 1}, False),
        ({"tier": None}, True),
        ({"token": None}, True),
        ({"token": 1}, True),
        ({"token": 2}, False),
        ({"days": (-2, -1)}, False),
        ({"days": (1, None)}, False),
        ({"days": (-1, 1)}, True),
    ],
    ids=str,
)
def test_r_a07_a_rule_holds_for_its_tier_its_token_and_its_time(
    town: Town, rule: dict[str, object], holds: bool
) -> None:
    town.no_limits()
    town.limit(10, **rule)  # type: ignore[arg-type]

    if holds:
        with pytest.raises(LimitReached):
            town.pay(11)
    else:
        town.pay(11)


def test_r_a07_without_any_rule_nothing_limits(town: Town) -> None:
    town.no_limits()

    town.pay(1000)

    assert town.balance(town.amina) == 0


def test_r_a07_a_changed_limit_is_heeded_at_once(town: Town) -> None:
    town.no_limits()
    town.limit(10)
    payments = town.world.services.payments
    before = payments.room(town.amina, town.baraka).units
    with town.world.db.work() as work:
        work.run("UPDATE limit_rule SET value = 20")

    assert (before, payments.room(town.amina, town.baraka).units) == (1000, 2000)


def test_r_a07_the_room_shrinks_by_what_was_sent(town: Town) -> None:
    payments = town.world.services.payments
    before = payments.room(town.amina, town.baraka)
    town.pay(120)

    assert str(before) == "500 UMOJA"
    assert str(payments.room(town.amina, town.baraka)) == "380 UMOJA"


def test_r_a07_of_many_that_fit_alone_as_many_go_as_fit_together(town: Town) -> None:
    town.no_limits()
    town.limit(70, span="day")

    def send(number: int) -> object:
        return insist(lambda: town.pay(10, key=f"key-{number}", repeat=True))

    told = crowd(20, send)

    assert len(given(told)) == 7
    assert {type(error) for error in raised(told)} == {LimitReached}
    assert town.balance(town.baraka) == 50 + 70


def test_r_a07_the_payee_holds_no_more_than_their_tier_may(town: Town, surgeon: Surgeon) -> None:
    neema = town.neighbour(1, tokens=350, tier=1)
    before = surgeon.snapshot()

    with pytest.raises(PayeeLimit):
        town.pay(51, payee=neema)

    assert surgeon.snapshot() == before
    town.pay(50, payee=neema)
    assert town.balance(neema) == 400


def test_r_a07_however_many_pay_at_once_the_payee_holds_no_more(
    town: Town, surgeon: Surgeon
) -> None:
    payers = [town.neighbour(number) for number in range(4)]
    town.no_limits()
    town.limit(100, direction="in")

    told = all_weighed(
        town.world,
        surgeon,
        town.baraka,
        4,
        lambda number: town.pay(20, key=f"key-{number}", payer=payers[number]),
    )

    assert len(given(told)) == 2
    assert {type(error) for error in raised(told)} == {PayeeLimit}
    assert town.balance(town.baraka) == 90


def test_r_a07_a_payee_who_has_too_much_already_is_given_nothing(town: Town) -> None:
    town.no_limits()
    town.limit(40, direction="in")

    with pytest.raises(PayeeLimit) as no:
        town.pay(1)

    assert no.value.remaining == 0


def test_r_a05_after_a_recovery_little_is_sent_for_a_day(town: Town) -> None:
    now = town.world.clock.now()
    with town.world.db.work() as work:
        work.run(
            "UPDATE member SET careful_until = %s WHERE id = %s",
            now + timedelta(hours=24),
            town.amina,
        )

    with pytest.raises(LimitReached) as no:
        town.pay(21)
    town.pay(15)
    with pytest.raises(LimitReached) as rest:
        town.pay(6, key="too much")

    assert (no.value.rule[:7], no.value.remaining) == ("CAREFUL", 2000)
    assert rest.value.remaining == 500
    town.world.clock.advance(hours=24)
    town.pay(21, key="later")


def test_r_a05_who_got_a_pin_back_is_paid_as_ever(town: Town) -> None:
    with town.world.db.work() as work:
        work.run(
            "UPDATE member SET careful_until = %s WHERE id = %s",
            town.world.clock.now() + timedelta(hours=24),
            town.baraka,
        )

    town.pay(100)
