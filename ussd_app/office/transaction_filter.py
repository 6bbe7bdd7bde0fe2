"""Which transactions are wanted: read from the query of an address, and from it alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ussd_app.office.filters import Filter, amount, code, day, like, one_of, read_by
from ussd_app.text import _

KINDS = ("transfer", "grant", "reversal")
CHANNELS = ("ussd", "web", "shell", "system")
POSTED, REVERSED, REVERSAL, GIVEN_UP = "posted", "reversed", "reversal", "given_up"
STATES = (POSTED, REVERSED, REVERSAL, GIVEN_UP)
PARTIES_MOST = 20
PARTIES = re.compile(rf"[0-9]{{1,18}}(,[0-9]{{1,18}}){{0,{PARTIES_MOST - 1}}}")

NO_ID = _("Type the id of a member.")


@dataclass(frozen=True)
class TransactionFilter(Filter):
    """What is asked of transactions. Amounts are in whole tokens, as typed.

    `party` are ids of members, so that an address names nobody; days are the organisation's.
    """

    kind: str | None = read_by(one_of(*KINDS))
    state: str | None = read_by(one_of(*STATES))
    party: str | None = read_by(like(PARTIES, NO_ID))
    channel: str | None = read_by(one_of(*CHANNELS))
    token: str | None = read_by(code)
    amount_from: str | None = read_by(amount)
    amount_to: str | None = read_by(amount)
    since: date | None = read_by(day)
    until: date | None = read_by(day)

    @property
    def parties(self) -> list[int]:
        """The members who paid or were paid; none asks nothing."""
        return [int(member) for member in (self.party or "").split(",") if member]
