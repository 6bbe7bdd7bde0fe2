"""R-A07: what limits leave, as PostgreSQL finds it, beside the same in plain words of Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings, strategies as st

from tests.db.surgery import Surgeon
from tests.transfers.town import Town
from ussd_app.errors import LimitReached
from ussd_app.transfers.payments import Order, PayeeLimit, Payments
from ussd_app.values import UNITS_MOST

SPANS = {"day": None, "7d": timedelta(days=7), "30d": timedelta(days=30)}
PAYER_TIER, PAYEE_TIER, TOKEN = 2, 1, 1
CAREFUL = -1  # the tier of rules for who got their PIN back a moment ago


@dataclass(frozen=True)
class Rule:
    """One limit; None in `tier` or `token` means every one; `value` is in whole tokens."""

    tier: int | None
    token: int | None
    direction: str
    span: str
    value: int

    def holds_for(self, direction: str, tier: int, *, is_careful: bool) -> bool:
        return (
            self.direction == direction
            and (self.tier in (None, tier) or (self.tier == CAREFUL and is_careful))
            and self.token in (None, TOKEN)
        )


@dataclass(frozen=True)
class Sent:
    """A payment of the payer's, so many hours ago, in smallest units."""

    hours: int
    units: int


rules = st.lists(
    st.builds(
        Rule,
        tier=st.none() | st.integers(CAREFUL, 3),
        token=st.none() | st.integers(1, 2),
        direction=st.sampled_from(["out", "in"]),
        span=st.sampled_from(["transfer", *SPANS]),
        value=st.integers(0, 1000) | st.just(9_999_999),
    ),
    max_size=6,
)
history = st.lists(
    st.builds(Sent, hours=st.integers(0, 800), units=st.integers(1, 60_000)), max_size=5
)


@dataclass(frozen=True)
class Case:
    """What stands before one payment of `amount`, in smallest units as the payee's balance is."""

    rules: list[Rule]
    history: list[Sent]
    balance: int
    amount: int
    is_careful: bool


cases = st.builds(
    Case,
    rules=rules,
    history=history,
    balance=st.integers(0, 200_000),
    amount=st.integers(1, 100_000),
    is_careful=st.booleans(),
)


def out_room(case: Case, now: datetime, day: datetime) -> int | None:
    def sent(span: str) -> int:
        if span == "transfer":
            return 0
        return sum(
            one.units
            for one in case.history
            for at in [now - timedelta(hours=one.hours)]
            if (at >= day if span == "day" else at > now - (SPANS[span] or timedelta()))
        )

    rooms = [
        max(0, rule.value * 100 - sent(rule.span))
        for rule in case.rules
        if rule.holds_for("out", PAYER_TIER, is_careful=case.is_careful)
    ]
    return min(rooms, default=None)


def in_room(case: Case) -> int:
    rooms = [
        max(0, rule.value * 100 - case.balance)
        for rule in case.rules
        if rule.holds_for("in", PAYEE_TIER, is_careful=case.is_careful)
    ]
    return min([*rooms, max(0, UNITS_MOST - case.balance)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(case=cases)
def test_r_a07_limits_leave_what_the_tightest_rule_leaves(
    town: Town, surgeon: Surgeon, case: Case
) -> None:
    now = town.world.clock.now()
    surgeon.run("DELETE FROM limit_rule")
    surgeon.run("DELETE FROM transfer")
    surgeon.run("UPDATE member SET tier = %s WHERE id = %s", PAYER_TIER, town.amina)
    surgeon.run("UPDATE member SET tier = %s WHERE id = %s", PAYEE_TIER, town.baraka)
    until = now + timedelta(hours=1 if case.is_careful else -1)
    surgeon.run("UPDATE member SET careful_until = %s WHERE id = %s", until, town.amina)
    surgeon.run("UPDATE account SET balance = %s WHERE owner = %s", case.balance, town.baraka)
    for number, rule in enumerate(case.rules):
        surgeon.run(
            """
            INSERT INTO limit_rule (code, tier, token, direction, measure, span, value, active_from)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            f"R{number}",
            rule.tier,
            rule.token,
            rule.direction,
            "amount" if rule.direction == "out" else "balance_after",
            rule.span,
            rule.value,
            now - timedelta(days=60),
        )
    for number, one in enumerate(case.history):
        surgeon.run(
            """
            INSERT INTO transfer (key, payer, payee, token, amount, posting, at)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            """,
            f"key-{number}",
            town.amina,
            town.baraka,
            TOKEN,
            one.units,
            number,
            now - timedelta(hours=one.hours),
        )

    token, payments = town.world.services.tokens.first, town.world.services.payments
    room = out_room(case, now, town.world.services.local.midnight(now))
    payee_room = in_room(case)
    order = Order("new", town.amina, town.baraka, token.amount(case.amount), repeat=True)

    assert payments.room(town.amina, town.baraka).units == (UNITS_MOST if room is None else room)
    if room is not None and case.amount > room:
        assert refusal(payments, order) == (LimitReached, room)
    elif case.amount > payee_room:
        assert refusal(payments, order) == (PayeeLimit, payee_room)
    else:
        assert refusal(payments, order) is None


def refusal(payments: Payments, order: Order) -> tuple[type[LimitReached], int] | None:
    try:
        payments.weigh(order)
    except LimitReached as limit:
        return type(limit), limit.remaining
    return None
