"""All that decides one payment, and what stands in its way: found by PostgreSQL in one statement.

The functions `transfer_weigh` and `transfer_send` read and decide under a lock on the payer; here
their answer is given names, and a refusal becomes the error that says it.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotEnough, NotFound, Refusal

KNOWN, FUNDS = "known", "funds"


class Twin(Conflict):
    """The same payment was made a moment ago, at `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__("the same payment a moment ago")
        self.at = at


class PayeeLimit(LimitReached):
    """The payee may not hold so much; how much fits is nobody else's business."""


class Weighed(NamedTuple):
    """One row of `transfer_weigh`, in its order; a room is None where no rule limits."""

    refusal: str | None
    known_posting: int | None
    known_payer: int | None
    known_payee: int | None
    known_amount: int | None
    payer_account: int | None
    available: int
    payee_account: int | None
    payee_name: str
    out_rule: str
    out_room: int | None
    in_rule: str
    in_room: int | None
    payee_most: int | None
    twin_at: datetime

    def error(self) -> Refusal:
        """What the refusal says to the caller."""
        match self.refusal:
            case "account":
                return NotFound("no account")
            case "limit":
                return LimitReached(self.out_rule, self.out_room or 0)
            case "payee_limit":
                return PayeeLimit(self.in_rule, self.in_room or 0)
            case "twin":
                return Twin(self.twin_at)
            case "funds":
                return NotEnough(self.available)
            case who:
                return NotAllowed(str(who))
