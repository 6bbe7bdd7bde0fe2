"""What limits say of one transfer: rules and facts in, a decision out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ussd_app.transfers.limits import NO_LIMIT, Facts, Room, Rule, may_receive, may_send

SPANS = ("transfer", "day", "7d", "30d")


def out(value: int, *, span: str = "transfer", **narrower: int) -> Rule:
    tier, token = narrower.get("tier"), narrower.get("token")
    return Rule(f"out-{span}-{value}", tier, token, "out", "amount", span, value)


def into(value: int, *, tier: int | None = None, token: int | None = None) -> Rule:
    return Rule(f"in-{value}", tier, token, "in", "balance_after", "transfer", value)


def facts(
    *, sent: dict[str, int] | None = None, payee_balance: int = 0, decimals: int = 2
) -> Facts:
    """A payer of tier 2 and a payee of tier 1, in token 7."""
    return Facts(
        token=7,
        decimals=decimals,
        payer_tier=2,
        payee_tier=1,
        sent=sent or {},
        payee_balance=payee_balance,
    )


@pytest.mark.parametrize(
    ("rules", "of", "room"),
    [
        ([], facts(), NO_LIMIT),
        ([out(50)], facts(), Room(5000, "out-transfer-50")),
        ([out(50)], facts(decimals=0), Room(50, "out-transfer-50")),
        ([out(50)], facts(decimals=6), Room(50_000_000, "out-transfer-50")),
        ([out(0)], facts(), Room(0, "out-transfer-0")),
        ([out(50, tier=2)], facts(), Room(5000, "out-transfer-50")),
        ([out(50, tier=1)], facts(), NO_LIMIT),
        ([out(50, token=7)], facts(), Room(5000, "out-transfer-50")),
        ([out(50, token=8)], facts(), NO_LIMIT),
        ([out(50, span="day")], facts(sent={"day": 2000}), Room(3000, "out-day-50")),
        ([out(50, span="day")], facts(sent={"day": 5000}), Room(0, "out-day-50")),
        ([out(50, span="day")], facts(sent={"day": 9000}), Room(0, "out-day-50")),
        ([out(50, span="7d")], facts(sent={"day": 2000, "7d": 100}), Room(4900, "out-7d-50")),
        ([out(50)], facts(sent={"day": 2000}), Room(5000, "out-transfer-50")),
        ([out(50), out(40, span="30d")], facts(), Room(4000, "out-30d-40")),
        ([out(40, span="30d"), out(50)], facts(sent={"30d": 500}), Room(3500, "out-30d-40")),
        ([into(10)], facts(), NO_LIMIT),
    ],
)
def test_the_payer_may_send_what_every_rule_leaves(
    rules: list[Rule], of: Facts, room: Room
) -> None:
    assert may_send(rules, of) == room


@pytest.mark.parametrize(
    ("rules", "of", "room"),
    [
        ([], facts(), NO_LIMIT),
        ([into(50)], facts(), Room(5000, "in-50")),
        ([into(50)], facts(payee_balance=1200), Room(3800, "in-50")),
        ([into(50)], facts(payee_balance=5000), Room(0, "in-50")),
        ([into(50)], facts(payee_balance=9000), Room(0, "in-50")),
        ([into(50, tier=1)], facts(), Room(5000, "in-50")),
        ([into(50, tier=2)], facts(), NO_LIMIT),
        ([into(50, token=8)], facts(), NO_LIMIT),
        ([into(50), into(20)], facts(), Room(2000, "in-20")),
        ([out(10)], facts(), NO_LIMIT),
    ],
)
def test_the_payee_may_be_given_what_every_rule_leaves(
    rules: list[Rule], of: Facts, room: Room
) -> None:
    assert may_receive(rules, of) == room


any_rule = st.builds(
    Rule,
    code=st.text("abc", max_size=3),
    tier=st.none() | st.integers(0, 3),
    token=st.none() | st.integers(6, 8),
    direction=st.sampled_from(["out", "in"]),
    measure=st.just("amount"),
    span=st.sampled_from(SPANS),
    value=st.integers(0, 1000),
)
any_facts = st.builds(
    facts, sent=st.dictionaries(st.sampled_from(SPANS[1:]), st.integers(0, 200_000))
)


@given(rules=st.lists(any_rule), of=any_facts)
def test_room_is_never_less_than_nothing(rules: list[Rule], of: Facts) -> None:
    room = may_send(rules, of)

    assert room.amount is None or room.amount >= 0


@given(rules=st.lists(any_rule, min_size=1), more=any_rule, of=any_facts)
def test_one_more_rule_never_allows_more(rules: list[Rule], more: Rule, of: Facts) -> None:
    before, after = may_send(rules, of).amount, may_send([*rules, more], of).amount

    assert before is None or (after is not None and after <= before)


@given(rules=st.lists(any_rule), of=any_facts, shuffled=st.randoms())
def test_the_order_of_rules_decides_no_amount(
    rules: list[Rule], of: Facts, shuffled: object
) -> None:
    turned = list(rules)
    shuffled.shuffle(turned)  # type: ignore[attr-defined]

    assert may_send(turned, of).amount == may_send(rules, of).amount


@given(rules=st.lists(any_rule), of=any_facts, more=st.integers(0, 50_000))
def test_having_sent_more_leaves_no_more(rules: list[Rule], of: Facts, more: int) -> None:
    later = facts(sent={span: of.sent.get(span, 0) + more for span in SPANS[1:]})
    before, after = may_send(rules, of).amount, may_send(rules, later).amount

    assert (before is None) == (after is None)
    assert before is None or after is None or after <= before
