"""Limits as data, and what they say of one transfer. Pure: rules and facts in, a decision out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One limit. None in `tier` or `token` means every one; `value` is in whole tokens."""

    code: str
    tier: int | None
    token: int | None
    direction: str  # out, in
    measure: str  # amount, balance_after
    span: str  # transfer, day, 7d, 30d
    value: int


@dataclass(frozen=True)
class Facts:
    """What the rules ask about: smallest units; `sent` by span, without this transfer."""

    token: int
    decimals: int
    payer_tier: int
    payee_tier: int
    sent: Mapping[str, int]
    payee_balance: int


@dataclass(frozen=True)
class Room:
    """How much still fits, and the rule that says so; None where nothing limits."""

    amount: int | None
    rule: str


NO_LIMIT = Room(None, "")


def may_send(rules: Iterable[Rule], facts: Facts) -> Room:
    """The most that the payer may send now."""
    return _least(
        Room(max(0, rule.value * 10**facts.decimals - facts.sent.get(rule.span, 0)), rule.code)
        for rule in rules
        if rule.direction == "out"
        and rule.measure == "amount"
        and rule.tier in (None, facts.payer_tier)
        and rule.token in (None, facts.token)
    )


def may_receive(rules: Iterable[Rule], facts: Facts) -> Room:
    """The most that the payee may be given now."""
    return _least(
        Room(max(0, rule.value * 10**facts.decimals - facts.payee_balance), rule.code)
        for rule in rules
        if rule.direction == "in"
        and rule.measure == "balance_after"
        and rule.tier in (None, facts.payee_tier)
        and rule.token in (None, facts.token)
    )


def _least(rooms: Iterable[Room]) -> Room:
    return min(rooms, key=lambda room: room.amount or 0, default=NO_LIMIT)
