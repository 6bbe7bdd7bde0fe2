"""What came and went: on the screen, and by SMS a few times a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.errors import LimitReached
from ussd_app.ledger import service as ledger
from ussd_app.members.service import FORMER, MemberView
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import Catalogs, Text, _, septets, to_gsm7
from ussd_app.tokens.service import Tokens
from ussd_app.values import Amount, Name, Reference

LINES_ON_SCREEN = 20
LINES_IN_SMS = 8
SMS_ROOM = 150
KIND = "statement"
STATEMENT = _("{org} {when}. Balance {balance}.{lines}")

HOUSE_NAMES: dict[str, Text] = {"grant": _("Welcome gift"), "reversal": _("Correction")}
OTHER = _("Other")
REVERSAL = "reversal"
"""What the house took back: named by that, or it would look like a payment of the other side."""


@dataclass(frozen=True)
class StatementLine:
    """One movement: positive came in, negative went out."""

    reference: Reference
    at: datetime
    amount: Amount
    balance: Amount
    other: str
    is_by_house: bool
    """Whether `other` names what the house did, and nobody's name."""


class Statements:
    """Balances and statements, in the first token."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        tokens: Tokens,
        messages: Messages,
        catalogs: Catalogs,
        *,
        local: Local,
        a_day: int,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._tokens, self._messages = db, clock, tokens, messages
        self._catalogs, self._local, self._a_day = catalogs, local, a_day
        self._signature = signature

    def balance(self, member: int) -> Amount:
        """What the member has and may spend."""
        token = self._tokens.first
        with self._db.reading() as reading:
            return token.amount(ledger.funds(reading, token.id, member).available)

    def lines(self, member: MemberView) -> Sequence[StatementLine]:
        """The newest movements, newest first, in the member's language."""
        with self._db.reading() as reading:
            return self._lines(reading, member, LINES_ON_SCREEN)

    def line(self, member: MemberView, reference: Reference) -> StatementLine:
        """The member's movement with this reference, however old. Raises NotFound."""
        with self._db.reading() as reading:
            found = ledger.line(reading, self._tokens.first.id, member.id, reference.number)
            (line,) = self._named(reading, member, [found])
            return line

    def send_sms(self, member: MemberView, key: str) -> int:
        """Promise a statement by SMS; how many more there are today. One for each `key`.

        Raises LimitReached when today's are used up, OptedOut for who wants no SMS.
        """
        now = self._clock.now()
        with self._db.work() as work:
            self._messages.refuse_opted_out(work, member.phone)
            work.run("SELECT pg_advisory_xact_lock(%s)", member.id)
            sent = self._messages.count_since(work, member.id, KIND, self._local.midnight(now))
            if self._messages.is_promised(work, f"statement:{key}"):
                return self._a_day - sent
            if sent >= self._a_day:
                raise LimitReached("statements", 0)
            token = self._tokens.first
            balance = token.amount(ledger.funds(work, token.id, member.id).available)
            when = self._local.day_and_hour(now)
            values = {**self._signature, "when": when, "balance": balance}
            lines = self._fitting(self._lines(work, member, LINES_IN_SMS), values, member)
            self._messages.queue(
                work,
                Draft(
                    key=f"statement:{key}",
                    kind=KIND,
                    phone=member.phone,
                    language=member.language,
                    text=STATEMENT,
                    values={**values, "lines": lines},
                    member=member.id,
                ),
            )
        return self._a_day - sent - 1

    def _lines(self, work: Work, member: MemberView, most: int) -> list[StatementLine]:
        found = ledger.statement(work, self._tokens.first.id, member.id, most=most)
        return self._named(work, member, found)

    def _named(
        self, work: Work, member: MemberView, found: Sequence[ledger.Line]
    ) -> list[StatementLine]:
        """Lines of the ledger with the names of those on the other side."""
        token = self._tokens.first
        others = [line.other for line in found if line.other is not None]
        rows = work.rows("SELECT id, name FROM member WHERE id = ANY(%s)", others)
        former = self._catalogs.translate(FORMER, member.language)
        names = {owner: Name(name).short if name else former for owner, name in rows}
        return [
            StatementLine(
                Reference.of(line.posting),
                line.at,
                token.amount(line.amount),
                token.amount(line.balance),
                names[line.other] if is_paid else self._house(line.kind, member.language),
                not is_paid,
            )
            for line in found
            for is_paid in [line.other in names and line.kind != REVERSAL]
        ]

    def _house(self, kind: str, language: str) -> str:
        return self._catalogs.translate(HOUSE_NAMES.get(kind, OTHER), language)

    def _fitting(
        self, lines: Sequence[StatementLine], values: dict[str, object], member: MemberView
    ) -> str:
        """As many of the newest lines as one SMS has room for."""
        head = self._catalogs.say(STATEMENT, member.language, **values, lines="")
        kept = ""
        for line in lines:
            row = f"\n{self._local.day(line.at)} {signed(line.amount)} {line.other}"
            if septets(head + to_gsm7(kept + row)) > SMS_ROOM:
                break
            kept += row
        return kept


def signed(amount: Amount) -> str:
    """'+50' or '-20': the number alone, with its direction."""
    return f"{'+' if amount.units > 0 else ''}{amount.number}"
