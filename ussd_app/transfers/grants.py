"""Tokens the house gives: what greets a new member."""

from __future__ import annotations

from ussd_app.clock import Clock
from ussd_app.db.work import Work
from ussd_app.ledger import service as ledger
from ussd_app.tokens.service import Tokens
from ussd_app.values import Amount

KIND = "grant"


class WelcomeGrant:
    """Opens a new member's wallet and puts the greeting grant in."""

    def __init__(self, clock: Clock, tokens: Tokens, *, whole_tokens: int) -> None:
        self._clock, self._tokens, self._whole_tokens = clock, tokens, whole_tokens

    @property
    def grant(self) -> Amount:
        return self._tokens.first.whole(self._whole_tokens)

    def give(self, work: Work, member: int) -> None:
        """In the transaction that makes the member, and so once."""
        now = self._clock.now()
        token = self._tokens.first.id
        wallet = ledger.open_account(work, token, member, at=now)
        house = ledger.house_account(work, token, ledger.GRANTS, at=now)
        if self.grant.units:
            ledger.move(work, KIND, source=house, target=wallet, amount=self.grant.units, at=now)
