"""Tell both sides of a payment by SMS, once each.

The payment commits with one errand; the two SMS are worded when the errand is run, from the books,
which do not change. Each text fits one SMS at its widest, in every language.
"""

from __future__ import annotations

from dataclasses import dataclass

from ussd_app.clock import Local
from ussd_app.db.connection import Row
from ussd_app.db.work import Database
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import Text, _
from ussd_app.tokens.service import Tokens
from ussd_app.values import Name, Phone, Reference

ERRAND = "receipts"

SENT = _("{ref}: you sent {amount} to {name} {phone} on {when}. Fee 0. Balance {balance}.")
RECEIVED = _("{ref}: you got {amount} from {name} {phone} on {when}. Balance {balance}.")


@dataclass(frozen=True)
class _Side:
    """One party, and what they had after it."""

    member: int
    phone: Phone
    name: Name
    language: str
    balance: int


class Receipts:
    """Carries out the errand that every payment leaves behind."""

    def __init__(self, db: Database, tokens: Tokens, messages: Messages, local: Local) -> None:
        self._db, self._tokens, self._messages, self._local = db, tokens, messages, local

    def tell(self, posting: int) -> None:
        """Promise both receipts of a transfer's posting; again promises nothing more."""
        with self._db.work() as work:
            amount, at = work.the_row("SELECT amount, at FROM transfer WHERE posting = %s", posting)
            payer, payee = (
                _side(row)
                for row in work.rows(
                    """
                    SELECT m.id, m.phone, m.name, m.language, e.balance
                    FROM entry e JOIN account a ON a.id = e.account JOIN member m ON m.id = a.owner
                    WHERE e.posting = %s ORDER BY e.leg
                    """,
                    posting,
                )
            )
            told = {
                "ref": Reference.of(posting),
                "amount": self._tokens.first.amount(amount),
                "when": self._local.day_and_hour(at),
            }
            self._messages.queue(
                work,
                self._receipt(f"sent:{posting}", SENT, payer, payee, told),
                self._receipt(f"received:{posting}", RECEIVED, payee, payer, told),
            )

    def _receipt(
        self, key: str, text: Text, to: _Side, about: _Side, told: dict[str, object]
    ) -> Draft:
        return Draft(
            key=key,
            kind="receipt",
            phone=to.phone,
            language=to.language,
            text=text,
            values={
                **told,
                "name": about.name.short,
                "phone": about.phone.national,
                "balance": self._tokens.first.amount(to.balance),
            },
            member=to.member,
        )


def _side(row: Row) -> _Side:
    member, phone, name, language, balance = row
    return _Side(member, Phone(phone), Name(name), language, balance)
