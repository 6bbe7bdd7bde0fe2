"""All that decides one payment, read in one round trip and under the payer's lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ussd_app.db.work import Work
from ussd_app.errors import NotFound
from ussd_app.transfers.limits import Facts
from ussd_app.values import Name

ACTIVE = "ACTIVE"


class _Row(NamedTuple):
    """What the function `transfer_facts` gives, in its order."""

    known_state: str | None
    known_posting: int | None
    known_payer: int
    known_payee: int
    known_amount: int
    payer_account: int | None
    payer_available: int
    payer_tier: int
    payer_status: str
    payee_account: int
    payee_balance: int
    payee_tier: int
    payee_status: str
    payee_name: str
    sent_day: int
    sent_7d: int
    sent_30d: int
    twin_at: datetime | None


@dataclass(frozen=True)
class Known:
    """What the payment's key was used for before."""

    state: str
    posting: int | None
    payer: int
    payee: int
    amount: int


@dataclass(frozen=True)
class PaymentFacts:
    """Both wallets, what was sent lately, and whether this key or this payment was seen before."""

    payer_account: int
    payee_account: int
    available: int
    payer_is_active: bool
    payee_is_active: bool
    payee_name: Name
    for_limits: Facts
    twin_at: datetime | None
    known: Known | None


def read(
    work: Work,
    key: str,
    *,
    payer: int,
    payee: int,
    token: int,
    decimals: int,
    amount: int,
    now: datetime,
    day: datetime,
) -> PaymentFacts:
    """The facts; until the work ends, no other payment of this payer is decided.

    `day` is when the payer's day began. Raises NotFound if one of them has no account.
    """
    row = _Row(
        *work.the_row(
            "SELECT * FROM transfer_facts(%s, %s, %s, %s, %s, %s, %s)",
            key,
            payer,
            payee,
            token,
            amount,
            now,
            day,
        )
    )
    if row.payer_account is None:
        raise NotFound("no account")
    return PaymentFacts(
        payer_account=row.payer_account,
        payee_account=row.payee_account,
        available=row.payer_available,
        payer_is_active=row.payer_status == ACTIVE,
        payee_is_active=row.payee_status == ACTIVE,
        payee_name=Name(row.payee_name),
        for_limits=Facts(
            token=token,
            decimals=decimals,
            payer_tier=row.payer_tier,
            payee_tier=row.payee_tier,
            sent={"day": row.sent_day, "7d": row.sent_7d, "30d": row.sent_30d},
            payee_balance=row.payee_balance,
        ),
        twin_at=row.twin_at,
        known=Known(*row[:5]) if row.known_state is not None else None,  # type: ignore[arg-type]
    )
