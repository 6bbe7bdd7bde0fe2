"""USSD sessions as the staff look through them, newest first, and each with what the phone showed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database
from ussd_app.dialog.lines import CALL_SECONDS
from ussd_app.errors import NotFound
from ussd_app.office.exporting import BATCH, Exports, Page
from ussd_app.office.log_filter import CallFilter
from ussd_app.office.log_pages import ID_MOST, PAGE, cursor, place
from ussd_app.values import Phone, Reason

SCREENS_MOST = 500  # of one session
KEY_LETTERS_MOST = 3  # of a choice, or of a key that leads somewhere

OPEN, OVER, UNKNOWN = "open", "over", "unknown"
"""A session of whose end the network has not told: it goes on, we ended it, or nobody knows."""


@dataclass(frozen=True)
class CallRow:
    """A session as a list shows it; `state` is the gateway's word of its end, or one of ours."""

    id: int
    began_at: datetime
    member: int | None
    name: str
    phone: Phone
    state: str
    path: Sequence[str]
    screens: int
    seconds: int
    failure: str | None


@dataclass(frozen=True)
class Screen:
    """A screen as it was shown, and how it was reached; `keys` are empty where nothing is kept."""

    at: datetime
    label: str
    text: str
    is_over: bool
    how: str
    keys: str
    can_go_on: bool

    @property
    def choices(self) -> str:
        """The keys with what is longer than a choice left away: a number or a name is private."""
        return "*".join(
            key if len(key) <= KEY_LETTERS_MOST else "…" for key in self.keys.split("*")
        )


class CallBook:
    """Shows sessions to the staff; every question is bounded."""

    def __init__(self, db: Database, clock: Clock, *, local: Local, near: str) -> None:
        self._db, self._clock, self._local, self._near = db, clock, local, near
        self._exports = Exports(db, clock)

    def page(self, wanted: CallFilter, *, after: str = "", most: int = PAGE) -> Page[CallRow]:
        """A page of what the filter wants. Raises Invalid."""
        where, values = self._asked(wanted)
        if after:
            where.append("(c.began_at, c.id) < (%s, %s)")
            values += place(after)
        narrowed: LiteralString = " AND ".join(where)
        with self._db.reading() as reading:
            rows = reading.rows(
                f"{_ROWS} WHERE {narrowed} ORDER BY c.began_at DESC, c.id DESC LIMIT %s",
                *values,
                most + 1,
            )
        calls = [self._row(row) for row in rows[:most]]
        last = calls[-1] if len(rows) > most else None
        return Page(calls, cursor(last.began_at, last.id) if last else None)

    def of_member(self, member: int) -> Sequence[CallRow]:
        """The newest of a member."""
        return self.page(CallFilter(who=str(member))).rows

    def get(self, call: int) -> CallRow:
        """One of them. Raises NotFound."""
        with self._db.reading() as reading:
            row = reading.row(f"{_ROWS} WHERE c.id = %s", min(call, ID_MOST))
        if row is None:
            raise NotFound("no such session")
        return self._row(row)

    def screens(self, call: int) -> Sequence[Screen]:
        """What the phone showed, in order."""
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT at, label, screen, is_over, how, keys, place IS NOT NULL
                    AND NOT bool_or(how = 'secret') OVER (ORDER BY at, number)
                FROM call_screen WHERE call = %s ORDER BY at, number LIMIT %s
                """,
                call,
                SCREENS_MOST,
            )
        return [Screen(*row) for row in rows]

    def reveal(self, call: int, *, by: Actor, why: str) -> None:
        """Write down that somebody looks at the screens of whoever is no member. Raises Invalid."""
        reason, now = Reason.parse(why), self._clock.now()
        with self._db.work() as work:
            audit.record(work, by, "call.revealed", subject=("call", call), at=now, why=reason)

    def export(self, wanted: CallFilter, *, by: Actor, why: str) -> Generator[CallRow]:
        """Every session of the filter, read in batches; its beginning and its end are audited.

        Raises Invalid, before anything is written, for a reason or a filter.
        """
        return self._exports.begin(
            "calls",
            lambda after: self.page(wanted, after=after or "", most=BATCH),
            by=by,
            why=why,
            is_of_one=bool(wanted.who),
            **wanted.told,
        )

    def _asked(self, wanted: CallFilter) -> tuple[list[LiteralString], list[object]]:
        since, until = self._local.span(wanted.since, wanted.until)
        tests: Sequence[tuple[LiteralString, object]] = (
            ("c.member = %s", wanted.member),
            ("c.phone = %s", wanted.phone(self._near)),
            ("c.status = %s", wanted.status),
            ("c.began_at >= %s", since),
            ("c.began_at < %s", until),
            ("c.id IN (SELECT s.call FROM call_screen s WHERE s.label = %s)", wanted.label),
        )
        asked = [(clause, value) for clause, value in tests if value is not None]
        where: list[LiteralString] = ["TRUE", *(clause for clause, _value in asked)]
        if wanted.failed:
            where.append("c.failure IS NOT NULL")
        return where, [value for _clause, value in asked]

    def _row(self, row: Sequence[Any]) -> CallRow:
        call, began, member, name, phone, status, path, hops, milliseconds, *rest = row
        failure, ended_at, labels, last_at, is_over = rest
        shown = list(labels or [part for part in path.split("|") if part])
        seconds = milliseconds // 1000
        if ended_at is None and last_at:
            seconds = int((last_at - began).total_seconds())
        state = status if ended_at else self._state(last_at, is_over=bool(is_over))
        screens = max(hops, len(shown))
        return CallRow(
            call, began, member, name or "", Phone(phone), state, shown, screens, seconds, failure
        )

    def _state(self, last_at: datetime | None, *, is_over: bool) -> str:
        if is_over:
            return OVER
        lasting = timedelta(seconds=CALL_SECONDS)
        return OPEN if last_at and self._clock.now() - last_at < lasting else UNKNOWN


_ROWS: LiteralString = """
    SELECT c.id, c.began_at, c.member, m.name, c.phone, c.status, c.path, c.hops, c.milliseconds,
        c.failure, c.ended_at, s.labels, s.last_at, s.is_over
    FROM call c LEFT JOIN member m ON m.id = c.member LEFT JOIN LATERAL (
        SELECT array_agg(x.label ORDER BY x.at, x.number) AS labels, max(x.at) AS last_at,
            bool_or(x.is_over) AS is_over
        FROM call_screen x WHERE x.call = c.id
    ) s ON true
"""
