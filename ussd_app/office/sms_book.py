"""The SMS log as the staff look through it, newest first, each with what the company told of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotFound
from ussd_app.messages.service import HIDDEN
from ussd_app.office.exporting import BATCH, Exports, Page
from ussd_app.office.log_filter import SmsFilter
from ussd_app.office.log_pages import ID_MOST, PAGE, cursor, place
from ussd_app.values import Reason


@dataclass(frozen=True)
class Report:
    """What the company told of an SMS, and when."""

    status: str
    failure: str | None
    at: datetime


@dataclass(frozen=True)
class SmsRow:
    """An SMS; what was secret in `body` stands there as stars. `cost` is in hundredths, as told."""

    id: int
    made_at: datetime
    member: int | None
    name: str
    phone: str
    kind: str
    state: str
    failure: str | None
    attempts: int
    cost: int | None
    tried_at: datetime | None
    valid_until: datetime
    body: str
    author: str | None
    again_of: int | None
    again: int | None
    reports: Sequence[Report] = ()

    @property
    def is_lost(self) -> bool:
        """Whether it did not arrive, and nothing more is done for it."""
        return self.state in ("failed", "expired", "suppressed")

    @property
    def has_secret(self) -> bool:
        """Whether there was something in it that is not kept."""
        return HIDDEN in self.body


class SmsBook:
    """Shows SMS to the staff; every question is bounded."""

    def __init__(self, db: Database, clock: Clock, *, local: Local, near: str) -> None:
        self._db, self._clock, self._local, self._near = db, clock, local, near
        self._exports = Exports(db, clock)

    def page(self, wanted: SmsFilter, *, after: str = "", most: int = PAGE) -> Page[SmsRow]:
        """A page of what the filter wants. Raises Invalid."""
        where, values = self._asked(wanted)
        if after:
            where.append("(c.made_at, c.id) < (%s, %s)")
            values += place(after)
        narrowed: LiteralString = " AND ".join(where)
        with self._db.reading() as reading:
            rows = reading.rows(
                f"{_ROWS} WHERE {narrowed} ORDER BY c.made_at DESC, c.id DESC LIMIT %s",
                *values,
                most + 1,
            )
            found = _with_reports(reading, rows[:most])
        last = found[-1] if len(rows) > most else None
        return Page(found, cursor(last.made_at, last.id) if last else None)

    def of_member(self, member: int) -> Sequence[SmsRow]:
        """The newest to a member."""
        return self.page(SmsFilter(who=str(member))).rows

    def get(self, message: int) -> SmsRow:
        """One of them. Raises NotFound."""
        with self._db.reading() as reading:
            row = reading.row(f"{_ROWS} WHERE c.id = %s", min(message, ID_MOST))
            if row is None:
                raise NotFound("no such SMS")
            (found,) = _with_reports(reading, [row])
        return found

    def reveal(self, message: int, *, by: Actor, why: str) -> None:
        """Write down that somebody looks at an SMS to whoever is no member. Raises Invalid."""
        reason, now = Reason.parse(why), self._clock.now()
        with self._db.work() as work:
            subject = ("message", message)
            audit.record(work, by, "message.revealed", subject=subject, at=now, why=reason)

    def export(self, wanted: SmsFilter, *, by: Actor, why: str) -> Generator[SmsRow]:
        """Every SMS of the filter, read in batches; its beginning and its end are audited.

        Raises Invalid, before anything is written, for a reason or a filter.
        """
        return self._exports.begin(
            "messages",
            lambda after: self.page(wanted, after=after or "", most=BATCH),
            by=by,
            why=why,
            is_of_one=bool(wanted.who),
            **wanted.told,
        )

    def _asked(self, wanted: SmsFilter) -> tuple[list[LiteralString], list[object]]:
        since, until = self._local.span(wanted.since, wanted.until)
        tests: Sequence[tuple[LiteralString, object]] = (
            ("c.member = %s", wanted.member),
            ("c.phone = %s", wanted.phone(self._near)),
            ("c.kind = %s", wanted.kind),
            ("c.state = %s", wanted.state),
            ("c.made_at >= %s", since),
            ("c.made_at < %s", until),
        )
        asked = [(clause, value) for clause, value in tests if value is not None]
        where: list[LiteralString] = ["TRUE", *(clause for clause, _value in asked)]
        if wanted.failed:
            where.append("c.state IN ('failed', 'expired', 'suppressed')")
        return where, [value for _clause, value in asked]


def _with_reports(reading: Work, rows: Sequence[Sequence[Any]]) -> list[SmsRow]:
    """The rows with what was reported of each, oldest first."""
    reports: dict[str, list[Report]] = {}
    for provider_id, *told in reading.rows(
        """
        SELECT provider_id, status, failure, received_at FROM delivery_report
        WHERE provider_id = ANY (%s) ORDER BY received_at
        """,
        [row[-1] for row in rows if row[-1]],
    ):
        reports.setdefault(provider_id, []).append(Report(*told))
    found = []
    for *columns, provider_id in rows:
        columns.append(reports.get(provider_id, []))
        found.append(SmsRow(*columns))
    return found


_ROWS: LiteralString = """
    SELECT c.id, c.made_at, c.member, coalesce(m.name, ''), c.phone, c.kind, c.state, c.failure, c.attempts,
        c.cost, c.tried_at, c.valid_until, c.body, u.name, c.again_of,
        (SELECT a.id FROM message a WHERE a.dedupe = 'again-' || c.id), c.provider_id
    FROM message c LEFT JOIN member m ON m.id = c.member
        LEFT JOIN user_account u ON u.id = c.author
"""
