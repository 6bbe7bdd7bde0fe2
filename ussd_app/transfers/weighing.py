"""What PostgreSQL found of one payment: what stands in its way, or what became of it.

The function `transfer_send` reads and decides under a lock on the payer; here its answer is given
names, and a refusal becomes the error that says it.
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
    """The texts of `transfer_send`, in its order; `room` is None where no rule limits."""

    refusal: str | None
    rule: str
    room: str | None
    twin_at: str
    posting: str
    balance: str
    payee_name: str

    def error(self) -> Refusal:
        """What the refusal says to the caller."""
        error: Refusal
        match self.refusal:
            case "abandoned":
                error = Conflict("given up before")
            case "another":
                error = Conflict("that key was used for another payment")
            case "account":
                error = NotFound("no account")
            case "limit":
                error = LimitReached(self.rule, int(self.room or 0))
            case "payee_limit":
                error = PayeeLimit(self.rule, int(self.room or 0))
            case "twin":
                error = Twin(datetime.fromisoformat(self.twin_at))
            case "funds":
                error = NotEnough(int(self.room or 0))
            case who:
                error = NotAllowed(str(who))
        return error
