"""Take a transaction back, once two people of the organisation want it: by a posting that names it.

It gives the payer no room back under their limits: those bound what may leave an account within a
time, and a payment that went astray has left it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, NotEnough, NotFound
from ussd_app.ledger import service as ledger
from ussd_app.messages.service import Draft, Messages
from ussd_app.office.approvals import Payload
from ussd_app.text import Text, _
from ussd_app.tokens.service import Tokens
from ussd_app.users.permissions import Permission
from ussd_app.values import UNITS_MOST, Amount, Name, Phone, Reference, Unit

KIND = "posting.reversal"
REVERSIBLE = ("transfer", "grant")
HOUSE = 0  # in a payload, where a member's number would be

BACK_TO_PAYER = _(
    "{ref}: {amount} to {name} on {when} came back to you. Balance {balance}. Call {support}."
)
BACK_FROM_PAYEE = _(
    "{ref}: {amount} from {name} on {when} was taken back. Balance {balance}. Call {support}."
)


class NotReversible(Conflict):
    """No transfer and no grant: a reversal, or a kind of which nothing goes back."""


class Reversed(Conflict):
    """It was taken back before."""


class PartyGone(Conflict):
    """One of the two is deleted."""


class NoRoom(Conflict):
    """Whoever paid has more already than a screen can show."""


@dataclass(frozen=True)
class _Books:
    """A posting of two legs; a side without an owner is the house's."""

    posting: int
    kind: str
    at: datetime
    reverses: int | None
    reversed_by: int | None
    amount: Amount
    payer: int | None
    payee: int | None
    payer_balance: int | None
    payee_available: int | None


class Reversal:
    """The deed: what was paid goes back from payee to payer, once, and both are told."""

    kind = KIND
    permission = Permission.ASK_REVERSAL
    private: Sequence[str] = ()

    def __init__(
        self,
        db: Database,
        clock: Clock,
        tokens: Tokens,
        messages: Messages,
        *,
        local: Local,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._tokens = db, clock, tokens
        self._messages, self._local, self._signature = messages, local, signature

    def payload(self, reference: Reference) -> Payload:
        """What is asked for when this is to be taken back: all that its checker decides on.

        Raises NotFound and NotReversible.
        """
        with self._db.reading() as reading:
            return _payload(_read(reading, reference.number))

    def check(self, work: Work, payload: Payload) -> None:
        """Raises NotFound, Conflict if that is not what stands in the books, and what is worded.

        Reversed, NotReversible, PartyGone, NoRoom, and NotEnough if the payee has it no more.
        """
        work.rows(
            "SELECT 1 FROM member WHERE id IN (%s, %s) ORDER BY id FOR SHARE",
            int(payload["payer"]),
            int(payload["payee"]),
        )
        books = _read(work, int(payload["posting"]))
        if _payload(books) != payload:
            raise Conflict("not what stands in the books")
        if books.reversed_by:
            raise Reversed("reversed before")
        if work.row(
            "SELECT 1 FROM member WHERE id IN (%s, %s) AND status = 'DELETED'",
            int(payload["payer"]),
            int(payload["payee"]),
        ):
            raise PartyGone("one of them is gone")
        if books.payee_available is not None and books.payee_available < books.amount.units:
            raise NotEnough(books.payee_available)
        if (books.payer_balance or 0) + books.amount.units > UNITS_MOST:
            raise NoRoom("more than a screen can show")

    def run(self, work: Work, payload: Payload, *, request: int, by: Actor, why: str) -> None:
        """Take it back and tell both. Raises Conflict and NotEnough if somebody was quicker."""
        now, posting = self._clock.now(), int(payload["posting"])
        books = _read(work, posting)
        made = ledger.reverse(work, posting, at=now)
        audit.record(
            work,
            by,
            "posting.reversed",
            subject=("posting", made),
            at=now,
            reverses=posting,
            request=request,
            why=why,
        )
        self._messages.queue(work, *self._drafts(work, made, books))

    def _drafts(self, work: Work, made: int, books: _Books) -> list[Draft]:
        """An SMS to each side that is a member; who gave or got it is named, or the organisation."""
        sides = {
            member: (Phone(phone), Name(name), language, balance)
            for member, phone, name, language, balance in work.rows(_SIDES, made)
        }
        drafts = []
        for member, (phone, _name, language, balance) in sides.items():
            is_payer = member == books.payer
            other = books.payee if is_payer else books.payer
            name = sides[other][1].short if other in sides else self._signature["org"]
            values = {
                **self._signature,
                "ref": Reference.of(made),
                "amount": books.amount,
                "name": name,
                "when": self._local.day_and_hour(books.at),
                "balance": Amount(balance, books.amount.unit),
            }
            text: Text = BACK_TO_PAYER if is_payer else BACK_FROM_PAYEE
            key = f"reversed:{made}:{'payer' if is_payer else 'payee'}"
            drafts.append(Draft(key, "receipt", phone, language, text, values, member))
        return drafts


def _payload(books: _Books) -> Payload:
    return {
        "posting": books.posting,
        "reference": str(Reference.of(books.posting)),
        "amount": str(books.amount),
        "payer": books.payer or HOUSE,
        "payee": books.payee or HOUSE,
    }


def _read(work: Work, posting: int) -> _Books:
    row = work.row(_POSTING, posting)
    if row is None:
        raise NotFound("no such posting")
    kind, at, reverses, reversed_by, code, decimals, units, *sides = row
    if kind not in REVERSIBLE or reverses:
        raise NotReversible(kind)
    amount = Amount(units, Unit(code, decimals))
    return _Books(posting, kind, at, reverses, reversed_by, amount, *sides)


# What can be taken back has two legs: from the first, to the second.
_POSTING: LiteralString = """
    SELECT p.kind, p.at, p.reverses, r.id, t.code, t.decimals, got.amount,
        payer.owner, payee.owner, payer.balance, payee.balance - payee.held
    FROM posting p JOIN entry paid ON paid.posting = p.id AND paid.leg = 1
        JOIN entry got ON got.posting = p.id AND got.leg = 2
        JOIN account payer ON payer.id = paid.account JOIN account payee ON payee.id = got.account
        JOIN token t ON t.id = got.token LEFT JOIN posting r ON r.reverses = p.id
    WHERE p.id = %s
"""
_SIDES: LiteralString = """
    SELECT m.id, m.phone, m.name, m.language, e.balance
    FROM entry e JOIN account a ON a.id = e.account JOIN member m ON m.id = a.owner
    WHERE e.posting = %s ORDER BY e.leg
"""
