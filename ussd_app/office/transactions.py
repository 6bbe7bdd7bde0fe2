"""All that the books hold, as the staff list it: newest first, page by page, and as it comes.

A page is found by ids alone, from an index for each thing that is asked, and read afterwards. Names
are read only for who may see them.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.connection import Row
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotFound
from ussd_app.office.exporting import BATCH, Exports
from ussd_app.office.filters import InvalidFilter
from ussd_app.office.people import People, token_called
from ussd_app.office.people_filter import PeopleFilter
from ussd_app.office.place import LOOK_BACK, Place
from ussd_app.office.transaction_filter import (
    GIVEN_UP,
    PARTIES_MOST,
    POSTED,
    REVERSAL,
    REVERSED,
    TransactionFilter,
)
from ussd_app.office.transaction_question import Question, question
from ussd_app.text import _
from ussd_app.tokens.service import Tokens, TokenView
from ussd_app.values import Amount, Reference, Unit

PAGE = 25
LIVE_MOST = 50
NOBODY = _("Nobody was found.")
MANY = _("That is many people. Type more of the name, a phone number or an id.")


@dataclass(frozen=True)
class Party:
    """A side of a transaction: a member, or the organisation itself; nameless to who may see none."""

    member: int | None
    name: str = ""


@dataclass(frozen=True)
class TransactionRow:
    """A posting as a list shows it, or a payment that was given up: that has no reference."""

    number: int
    at: datetime
    kind: str
    amount: Amount | None
    source: Party
    target: Party | None
    channel: str
    reverses: Reference | None = None
    reversed_by: Reference | None = None
    is_posted: bool = True

    @property
    def reference(self) -> Reference | None:
        return Reference.of(self.number) if self.is_posted else None

    @property
    def state(self) -> str:
        """One of STATES."""
        if not self.is_posted:
            return GIVEN_UP
        return REVERSAL if self.reverses else REVERSED if self.reversed_by else POSTED


@dataclass(frozen=True)
class Page:
    """Some transactions, and where the next page begins; None after the last."""

    rows: Sequence[TransactionRow]
    after: int | None
    place: Place
    """Where whoever has seen this page goes on, as new ones come."""


class Transactions:
    """Lists the books for the staff."""

    def __init__(
        self, db: Database, clock: Clock, tokens: Tokens, people: People, *, local: Local
    ) -> None:
        self._db, self._clock, self._tokens = db, clock, tokens
        self._people, self._local = people, local
        self._exports = Exports(db, clock)

    def members_like(self, typed: str) -> Sequence[int]:
        """Whom a name, a number or an id means; to be asked for who may see names.

        Raises InvalidFilter for nobody, and for too many.
        """
        found = self._people.page(PeopleFilter.parse({"q": typed}), most=PARTIES_MOST)
        members = [row.id for row in found.rows]
        if typed.isdecimal() and int(typed) in members:
            return [int(typed)]
        if not members or found.after:
            raise InvalidFilter("party", MANY if members else NOBODY)
        return members

    def page(
        self, wanted: TransactionFilter, *, named: bool, after: int = 0, most: int = PAGE
    ) -> Page:
        """A page of what the filter wants; names only if `named`. Raises InvalidFilter."""
        with self._db.reading() as reading:
            if wanted.state == GIVEN_UP:
                return self._given_up(reading, wanted, named=named, after=after, most=most)
            token = self._token(reading, wanted)
            asked = question(reading, wanted, token, self._local, after=after)
            ids = [
                posting
                for (posting,) in reading.rows(
                    f"{_IDS} WHERE {asked.conditions} ORDER BY p.id DESC LIMIT %s",
                    *asked.values,
                    most + 1 if after or wanted.asked else max(most + 1, LOOK_BACK),
                )
            ]
            shown = ids[:most]
            rows = self._rows(reading, shown, named=named)
        return Page(rows, shown[-1] if len(ids) > most else None, Place.of(ids))

    def get(self, reference: Reference, *, named: bool) -> TransactionRow:
        """The posting that is quoted so. Raises NotFound."""
        with self._db.reading() as reading:
            rows = self._rows(reading, [reference.number], named=named)
        if not rows:
            raise NotFound("no such transaction")
        return rows[0]

    def since(self, place: Place, *, named: bool) -> Sequence[TransactionRow]:
        """What was not there yet at that place, the oldest first; the rest when asked again."""
        with self._db.reading() as reading:
            ids = reading.rows(
                "SELECT id FROM posting WHERE id > %s OR id = ANY(%s) ORDER BY id LIMIT %s",
                place.last,
                list(place.missing),
                LIVE_MOST,
            )
            return self._rows(reading, [posting for (posting,) in ids], named=named)[::-1]

    def export(
        self, wanted: TransactionFilter, *, named: bool, by: Actor, why: str
    ) -> Generator[TransactionRow]:
        """Everything that the filter wants, in its order, read in batches.

        That it began is written down before the first row leaves, and how many left at the end,
        however it ends. Raises Invalid, before anything is written, for a reason or a filter.
        """
        return self._exports.begin(
            "transactions",
            lambda after: self.page(wanted, named=named, after=after or 0, most=BATCH),
            by=by,
            why=why,
            **wanted.asked,
        )

    def _rows(
        self, reading: Work, postings: Sequence[int], *, named: bool
    ) -> Sequence[TransactionRow]:
        found = reading.rows(_ROWS, named, named, list(postings)) if postings else ()
        return [_row(row) for row in found]

    def _token(self, reading: Work, wanted: TransactionFilter) -> TokenView:
        return token_called(reading, wanted.token) if wanted.token else self._tokens.first

    def _given_up(
        self, reading: Work, wanted: TransactionFilter, *, named: bool, after: int, most: int
    ) -> Page:
        """Payments of which the payer was told that nothing was sent: the audit alone has them."""
        asked = Question()
        begin, end = self._local.span(wanted.since, wanted.until)
        if after:
            asked.ask("a.id < %s", after)
        if wanted.party:
            asked.ask("a.subject = ANY(%s)", wanted.parties)
        if wanted.channel:
            asked.ask("a.channel = %s", wanted.channel)
        if begin:
            asked.ask("a.at >= %s", begin)
        if end:
            asked.ask("a.at < %s", end)
        is_of_first = self._token(reading, wanted).id == self._tokens.first.id
        if wanted.kind not in (None, "transfer") or not is_of_first:
            asked.ask("false")
        if wanted.amount_from or wanted.amount_to:  # nothing moved: they have no amount
            asked.ask("false")
        found = reading.rows(
            f"{_GIVEN_UP} AND {asked.conditions} ORDER BY a.id DESC LIMIT %s",
            named,
            *asked.values,
            most + 1,
        )
        rows = [
            TransactionRow(
                number,
                at,
                "transfer",
                None,
                Party(payer, name or ""),
                None,
                channel,
                is_posted=False,
            )
            for number, at, payer, name, channel in found[:most]
        ]
        return Page(rows, rows[-1].number if len(found) > most else None, Place(0))


def _row(row: Row) -> TransactionRow:
    number, at, kind, reverses, reversed_by, code, decimals, units, *sides, channel = row
    payer, payer_name, payee, payee_name = sides
    return TransactionRow(
        number,
        at,
        kind,
        Amount(units, Unit(code, decimals)),
        Party(payer, payer_name or ""),
        Party(payee, payee_name or ""),
        channel,
        Reference.of(reverses) if reverses else None,
        Reference.of(reversed_by) if reversed_by else None,
    )


_IDS: LiteralString = "SELECT p.id FROM posting p"
_ROWS: LiteralString = """
    SELECT p.id, p.at, p.kind, p.reverses, r.id, t.code, t.decimals, g.amount,
        s.owner, sm.name, g.owner, gm.name, coalesce(c.channel, 'system')
    FROM posting p JOIN LATERAL (
            SELECT a.owner, e.amount, e.token FROM entry e JOIN account a ON a.id = e.account
            WHERE e.posting = p.id AND e.amount >= 0 ORDER BY e.leg LIMIT 1
        ) g ON true JOIN token t ON t.id = g.token LEFT JOIN LATERAL (
            SELECT a.owner FROM entry e JOIN account a ON a.id = e.account
            WHERE e.posting = p.id AND e.amount < 0 ORDER BY e.leg LIMIT 1
        ) s ON true LEFT JOIN LATERAL (
            SELECT channel FROM audit WHERE subject_kind = 'posting' AND subject = p.id
            ORDER BY id LIMIT 1
        ) c ON true LEFT JOIN posting r ON r.reverses = p.id
        LEFT JOIN member sm ON sm.id = s.owner AND %s
        LEFT JOIN member gm ON gm.id = g.owner AND %s
    WHERE p.id = ANY(%s) ORDER BY p.id DESC
"""
_GIVEN_UP: LiteralString = """
    SELECT a.id, a.at, a.subject, m.name, a.channel
    FROM audit a LEFT JOIN member m ON m.id = a.subject AND %s
    WHERE a.action = 'transfer.abandoned'
"""
