"""All that decides one payment, read in one round trip and under the payer's lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ussd_app.db.work import Work
from ussd_app.errors import NotFound
from ussd_app.transfers.limits import Facts
from ussd_app.values import Name, Phone

_FACTS = "SELECT * FROM transfer_facts(%s, %s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True)
class Party:
    """One side of a payment; `funds` is what is available to the payer, or the payee's balance."""

    id: int
    account: int
    funds: int
    tier: int
    status: str
    name: Name
    phone: Phone
    language: str

    @property
    def is_active(self) -> bool:
        return self.status == "ACTIVE"


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
    """Both parties, what was sent lately, and whether this key or this payment was seen before."""

    payer: Party
    payee: Party
    sent_day: int
    sent_7d: int
    sent_30d: int
    twin_at: datetime | None
    known: Known | None

    def for_limits(self, token: int, decimals: int) -> Facts:
        """The part that limits are a matter of."""
        return Facts(
            token=token,
            decimals=decimals,
            payer_tier=self.payer.tier,
            payee_tier=self.payee.tier,
            sent={"transfer": 0, "day": self.sent_day, "7d": self.sent_7d, "30d": self.sent_30d},
            payee_balance=self.payee.funds,
        )


def read(
    work: Work,
    key: str,
    *,
    payer: int,
    payee: int,
    token: int,
    amount: int,
    now: datetime,
    day: datetime,
) -> PaymentFacts:
    """The facts; until the work ends, no other payment of this payer is decided.

    `day` is when the payer's day began. Raises NotFound if one of them has no account.
    """
    row = work.the_row(_FACTS, key, payer, payee, token, amount, now, day)
    known = Known(*row[:5]) if row[0] is not None else None
    if row[5] is None or row[12] is None:
        raise NotFound("no account")
    return PaymentFacts(
        payer=_party(payer, row[5:12]),
        payee=_party(payee, row[12:19]),
        sent_day=row[19],
        sent_7d=row[20],
        sent_30d=row[21],
        twin_at=row[22],
        known=known,
    )


def _party(member: int, row: tuple[object, ...]) -> Party:
    account, funds, tier, status, name, phone, language = row
    return Party(
        member,
        account,  # type: ignore[arg-type]
        funds,  # type: ignore[arg-type]
        tier,  # type: ignore[arg-type]
        str(status),
        Name(name),
        Phone(phone),
        str(language),
    )
