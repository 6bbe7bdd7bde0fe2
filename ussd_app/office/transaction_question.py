"""What a filter of transactions means in PostgreSQL: a condition for each thing that is asked.

Each has an index that finds what is rare; what is common is met soon by walking down the ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString

from ussd_app.clock import Local
from ussd_app.db.work import Work
from ussd_app.office.people import units_of
from ussd_app.office.transaction_filter import POSTED, REVERSAL, REVERSED, TransactionFilter
from ussd_app.tokens.service import TokenView

UNITS_EVER = 2**63 - 1
SKEW = timedelta(hours=1)
"""By so much the clocks of the web processes differ at most, and so the times of two neighbours."""


@dataclass
class Question:
    """Conditions, each with the values of its placeholders."""

    where: list[LiteralString] = field(default_factory=lambda: ["true"])
    values: list[object] = field(default_factory=list)

    @property
    def conditions(self) -> LiteralString:
        return " AND ".join(self.where)

    def ask(self, condition: LiteralString, *values: object) -> None:
        self.where.append(condition)
        self.values += values


def question(
    reading: Work, wanted: TransactionFilter, token: TokenView, local: Local, *, after: int
) -> Question:
    """Which postings `p` are wanted, of those before `after`; amounts are in `token`."""
    asked = Question()
    if after:
        asked.ask("p.id < %s", after)
    if wanted.kind == "transfer":
        asked.ask("p.kind = 'transfer'")
    elif wanted.kind:  # the index of the rare kinds
        asked.ask("p.kind <> 'transfer' AND p.kind = %s", wanted.kind)
    if wanted.state:
        asked.ask(_STATES[wanted.state])
    if wanted.party:
        asked.ask(_PARTIES, wanted.parties)
    if wanted.channel == "system":
        asked.ask(_BY_ITSELF)
    elif wanted.channel == "ussd":
        asked.ask(_BY_USSD)
    elif wanted.channel:
        asked.ask(_BY_CHANNEL, wanted.channel)
    if wanted.token or wanted.amount_from or wanted.amount_to:
        least = units_of(wanted.amount_from, token) if wanted.amount_from else 0
        most = units_of(wanted.amount_to, token) if wanted.amount_to else UNITS_EVER
        asked.ask(_AMOUNT, token.id, least, most)
    _ask_days(reading, asked, local.span(wanted.since, wanted.until))
    return asked


def _ask_days(
    reading: Work, asked: Question, span: tuple[datetime | None, datetime | None]
) -> None:
    """Times rise with ids, but for the skew of clocks: so days are found among the ids."""
    begin, end = span
    if begin:
        asked.ask("p.id >= %s AND p.at >= %s", _first_at(reading, begin - SKEW), begin)
    if end:
        asked.ask("p.id < %s AND p.at < %s", _first_at(reading, end + SKEW), end)


def _first_at(reading: Work, moment: datetime) -> int:
    """The id from which on times are at or after `moment`, found by halving the ids there are."""
    (low, high) = reading.the_row(
        "SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM posting"
    )
    while low < high:
        middle = (low + high) // 2
        (posting, at) = reading.the_row(
            "SELECT id, at FROM posting WHERE id >= %s ORDER BY id LIMIT 1", middle
        )
        if at < moment:
            low = posting + 1
        else:
            high = middle
    return int(low)


_STATES: dict[str, LiteralString] = {
    POSTED: "p.reverses IS NULL AND NOT EXISTS (SELECT FROM posting r WHERE r.reverses = p.id)",
    REVERSED: "p.id IN (SELECT reverses FROM posting WHERE reverses IS NOT NULL)",
    REVERSAL: "p.kind <> 'transfer' AND p.reverses IS NOT NULL",
}
_PARTIES: LiteralString = """
    p.id IN (SELECT e.posting FROM account a JOIN entry e ON e.account = a.id
        WHERE a.owner = ANY(%s))
"""
_AMOUNT: LiteralString = """
    p.id IN (SELECT posting FROM entry WHERE token = %s AND amount > 0 AND amount BETWEEN %s AND %s)
"""
# Every transfer is in the audit, nearly all of them by USSD: an index has the others.
_BY_USSD: LiteralString = """
    EXISTS (SELECT FROM audit a WHERE a.subject_kind = 'posting' AND a.subject = p.id
        AND a.channel = 'ussd')
"""
_BY_CHANNEL: LiteralString = """
    p.id IN (SELECT subject FROM audit WHERE subject_kind = 'posting' AND channel <> 'ussd'
        AND channel = %s)
"""
# A grant has no row of its own there: it is part of joining.
_BY_ITSELF: LiteralString = "p.kind <> 'transfer' AND p.kind = 'grant'"
