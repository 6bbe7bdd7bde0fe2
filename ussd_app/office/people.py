"""Find members, a million or a few: by name, number or id, by what they are, page by page.

A page begins after the last one's last row, wherever that stands by now: rows that are added or go
meanwhile neither hide another nor bring one twice.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString, NamedTuple

from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.digits import plain_digits
from ussd_app.errors import Invalid
from ussd_app.office.exporting import BATCH, Exports, Page
from ussd_app.office.filters import NOT_IN_LIST, InvalidFilter
from ussd_app.office.people_filter import BEST, PRIVATE, PeopleFilter
from ussd_app.text import _
from ussd_app.tokens.service import Tokens, TokenView
from ussd_app.values import Amount, Phone, Unit

PAGE = 30
SUFFIX_DIGITS_LEAST = 4
TRUNK_DIGITS_LEAST = 7
"""From so many digits on, leading zeros are dialled and no part of the number."""
ID_DIGITS_MOST = 18
WORDS_MOST = 4

NO_PAGE = _("There is no such page of the list.")


class PersonRow(NamedTuple):
    """A member as a list shows them; `balance` is in the token that was asked for, or the first."""

    id: int
    name: str
    phone: Phone
    kind: str
    status: str
    tier: int
    language: str
    joined_at: datetime | None
    balance: Amount
    pin: str
    group: int | None
    location: str


@dataclass
class _Question:
    """A query under construction: conditions, each with the values of its placeholders."""

    where: list[LiteralString] = field(default_factory=list)
    values: list[object] = field(default_factory=list)
    rank: LiteralString = "0::int"
    rank_values: list[object] = field(default_factory=list)

    def ask(self, condition: LiteralString, *values: object) -> None:
        self.where.append(condition)
        self.values += values


_ROWS: LiteralString = """
    SELECT m.id, m.name, m.phone, m.kind, m.status, m.tier, m.language, m.joined_at,
        coalesce(a.balance, 0), CASE WHEN p.member IS NULL THEN 'none'
            WHEN p.locked_until > %s THEN 'locked' ELSE 'ok' END,
        m.group_of, coalesce(m.location, '')
    FROM member m LEFT JOIN account a ON a.owner = m.id AND a.token = %s
        LEFT JOIN pin p ON p.member = m.id
"""
_PLAIN: Mapping[str, LiteralString] = {
    "status": "m.status = %s",
    "kind": "m.kind = %s",
    "tier": "m.tier::text = %s",
    "language": "m.language = %s",
    "tag": "m.id IN (SELECT member FROM tag WHERE tag = %s)",
    "group": "m.group_of = %s::bigint",
}
_PIN: Mapping[str, LiteralString] = {
    "none": "p.member IS NULL",
    "locked": "p.locked_until > %s",
    "ok": "p.member IS NOT NULL AND (p.locked_until > %s) IS NOT TRUE",
}
_SENT: LiteralString = """
    EXISTS (SELECT FROM transfer t WHERE t.payer = m.id AND t.at >= %s AND t.posting IS NOT NULL)
"""
_ACTIVE: LiteralString = """
    EXISTS (
        SELECT FROM account x JOIN entry e ON e.account = x.id JOIN posting o ON o.id = e.posting
        WHERE x.owner = m.id AND o.kind = 'transfer' AND o.at >= %s
    )
"""
_NAME: LiteralString = 'name_fold(m.name COLLATE "C")'
_KEYS: dict[str, LiteralString] = {
    "name": _NAME,
    "joined": "COALESCE(m.joined_at, '-infinity'::timestamptz)",
    "id": "m.id",
    "balance": "coalesce(a.balance, 0)",
}
_RANK: LiteralString = """
    CASE WHEN ' ' || name_fold(m.name) || ' ' LIKE ALL (%s::text[]) THEN 0
        WHEN ' ' || name_fold(m.name) LIKE ALL (%s::text[]) THEN 1 ELSE 2 END
"""


class People:
    """Lists members for the staff."""

    def __init__(self, db: Database, clock: Clock, tokens: Tokens, *, local: Local) -> None:
        self._db, self._clock, self._tokens, self._local = db, clock, tokens, local
        self._exports = Exports(db, clock)

    def page(self, wanted: PeopleFilter, *, after: str = "", most: int = PAGE) -> Page[PersonRow]:
        """A page of whom the filter wants. Raises Invalid."""
        with self._db.reading() as reading:
            return self._page(reading, wanted, after=after, most=most)

    def export(self, wanted: PeopleFilter, *, by: Actor, why: str) -> Generator[PersonRow]:
        """Everybody whom the filter wants, in its order, read in batches.

        That it began is written down before the first row leaves, and how many left at the end,
        however it ends. Raises Invalid, before anything is written, for a reason or a filter.
        """
        told = {name: value for name, value in wanted.asked.items() if name not in PRIVATE}
        return self._exports.begin(
            "people",
            lambda after: self.page(wanted, after=after or "", most=BATCH),
            by=by,
            why=why,
            is_search=wanted.is_private,
            **told,
        )

    def _page(
        self, reading: Work, wanted: PeopleFilter, *, after: str, most: int
    ) -> Page[PersonRow]:
        token = token_called(reading, wanted.token) if wanted.token else self._tokens.first
        asked = self._question(reading, wanted, token)
        keys: list[LiteralString] = [_KEYS.get(wanted.sorted_by, _NAME)]
        key_values: list[object] = []
        if wanted.sorted_by == BEST:
            keys.insert(0, asked.rank)
            key_values = asked.rank_values
        if after:
            self._begin_after(asked, after, wanted, keys, key_values)
        way: LiteralString = " DESC" if wanted.is_down else ""
        places = [key + way for key in (*keys, "m.id")]
        rows = reading.rows(
            f"{_ROWS} WHERE {' AND '.join(asked.where)} ORDER BY {', '.join(places)} LIMIT %s",
            self._clock.now(),
            token.id,
            *asked.values,
            *key_values,
            most + 1,
        )
        people = []
        for member, name, phone, *rest in rows[:most]:
            kind, status, tier, language, joined_at, balance, *more = rest
            standing = (kind, status, tier, language, joined_at)
            amount = token.amount(balance)
            people.append(PersonRow(member, name, Phone(phone or ""), *standing, amount, *more))
        last = people[-1] if len(rows) > most else None
        return Page(people, _cursor(last, wanted) if last else None)

    def _begin_after(
        self,
        asked: _Question,
        after: str,
        wanted: PeopleFilter,
        keys: Sequence[LiteralString],
        key_values: Sequence[object],
    ) -> None:
        """What stands in an address names nobody: the last one's place is read by their id."""
        found = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", after)
        if found is None or (found[2] is not None) != (wanted.sorted_by == "balance"):
            raise Invalid(NO_PAGE)
        compared: LiteralString = "<" if wanted.is_down else ">"
        ours: LiteralString = ", ".join((*keys, "m.id"))
        member = int(found[1])
        if found[2] is not None:
            asked.ask(f"({ours}) {compared} (%s, %s)", int(found[2]), member)
            return
        place: LiteralString = f"SELECT {ours} FROM member m WHERE m.id = %s"  # noqa: S608 - ours
        asked.ask(
            f"({ours}) {compared} ({place})",
            *key_values,
            *key_values,
            member,
        )

    def _question(self, reading: Work, wanted: PeopleFilter, token: TokenView) -> _Question:
        asked, now = _Question(), self._clock.now()
        for name, condition in _PLAIN.items():
            if (value := getattr(wanted, name)) is not None:
                asked.ask(condition, value)
        if not wanted.status:
            asked.ask("m.status <> 'DELETED'")
        if wanted.token:
            asked.ask("a.id IS NOT NULL")
        _bound_balance(asked, wanted, token)
        for day, condition in ((wanted.sent_since, _SENT), (wanted.active_since, _ACTIVE)):
            if day:
                asked.ask(condition, self._local.beginning(day))
        if wanted.pin:
            condition = _PIN[wanted.pin]
            asked.ask(condition, *[now] * condition.count("%s"))
        _search(reading, asked, wanted)
        return asked


def _bound_balance(asked: _Question, wanted: PeopleFilter, token: TokenView) -> None:
    """Whoever has no account has nothing; where that is too little, PostgreSQL's figures serve."""
    least = units_of(wanted.balance_from, token) if wanted.balance_from else 0
    balance: LiteralString = "a.balance" if least else "coalesce(a.balance, 0)"
    if least:
        asked.ask(f"{balance} >= %s", least)
    if wanted.balance_to:
        asked.ask(f"{balance} <= %s", units_of(wanted.balance_to, token))


def _search(reading: Work, asked: _Question, wanted: PeopleFilter) -> None:
    """By where they live, and by what was typed into the search."""
    if wanted.location:
        (folded,) = reading.the_row("SELECT name_fold(%s)", wanted.location)
        asked.ask("m.location IS NOT NULL")  # as the index does
        asked.ask("""name_fold(m.location COLLATE "C") LIKE %s""", f"{folded}%")
    if wanted.q:
        _search_words(reading, asked, wanted.q)


def _search_words(reading: Work, asked: _Question, typed: str) -> None:
    """By the id or the end of the number where digits were typed, by words of the name else."""
    digits = re.sub(r"[\s()+./-]", "", plain_digits(typed))
    if re.fullmatch(r"[0-9]+", digits):
        _search_digits(asked, digits)
        return
    (folded,) = reading.the_row("SELECT name_fold(%s)", typed)
    words = ["".join(filter(str.isalnum, word)) for word in folded.split()]
    words = [word for word in words if word][:WORDS_MOST]
    if not words:
        asked.ask("false")
    for word in words:
        asked.ask("name_keys(m.name) && name_wanted(%s)", word)
    asked.rank = _RANK
    asked.rank_values = [[f"% {word} %" for word in words], [f"% {word}%" for word in words]]


def _search_digits(asked: _Question, digits: str) -> None:
    number = digits.lstrip("0") if len(digits) >= TRUNK_DIGITS_LEAST else digits
    number = number if len(number) >= SUFFIX_DIGITS_LEAST else digits
    member = int(digits) if len(digits) <= ID_DIGITS_MOST else 0
    if len(number) < SUFFIX_DIGITS_LEAST:
        asked.ask("m.id = %s", member)
        return
    asked.ask("""(m.id = %s OR reverse(m.phone COLLATE "C") LIKE %s)""", member, number[::-1] + "%")
    asked.rank, asked.rank_values = "(m.id <> %s)::int", [member]


def token_called(reading: Work, code: str) -> TokenView:
    """The token with this code. Raises InvalidFilter."""
    row = reading.row("SELECT id, code, decimals, name FROM token WHERE code = %s", code)
    if row is None:
        raise InvalidFilter("token", NOT_IN_LIST)
    token, code, decimals, name = row
    return TokenView(token, Unit(code, decimals), name)


def units_of(typed: str, token: TokenView) -> int:
    """So many of the smallest units; what is finer than these is left away."""
    whole, _point, part = typed.partition(".")
    decimals = token.unit.decimals
    return int(whole + part[:decimals].ljust(decimals, "0"))


def _cursor(last: PersonRow, wanted: PeopleFilter) -> str:
    return f"{last.id}-{last.balance.units}" if wanted.sorted_by == "balance" else str(last.id)
