"""Look things up in the audit, and take out what was found as a file."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.chain import hash_of
from ussd_app.audit.rounds import VERIFIED
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.connection import Row
from ussd_app.db.work import Database
from ussd_app.values import Reason

PAGE = 30
EXPORT_BATCH = 1000


@dataclass(frozen=True)
class Filter:
    """What is looked for; None means whatever. `action` is how it begins, `before` a row's id."""

    actor_kind: str | None = None
    actor: int | None = None
    action: str | None = None
    subject_kind: str | None = None
    subject: int | None = None
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True)
class Found:
    """A row of the audit; `seal` is its place in the chain, None while it has none."""

    actor_name: str | None
    seal: int | None
    is_whole: bool
    details: Mapping[str, Any]
    id: int
    at: datetime
    actor_kind: str
    actor: int | None
    action: str
    subject_kind: str
    subject: int | None
    channel: str


@dataclass(frozen=True)
class Standing:
    """How far the audit is sealed, and what its last whole verification found."""

    sealed: int
    sealed_until: datetime | None
    verified: int | None
    verified_at: datetime | None
    faults: int


class AuditSearch:
    """Finds rows of the audit, the newest first."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def page(self, wanted: Filter, *, most: int = PAGE) -> Sequence[Found]:
        """So many rows; of the next page, `before` is the id of the last of these."""
        clauses, values = _clauses(wanted)
        where: LiteralString = " AND ".join(clauses)
        with self._db.reading() as reading:
            rows = reading.rows(
                f"{_FOUND} WHERE {where} ORDER BY a.id DESC LIMIT %s", *values, most
            )
        return [_found(row) for row in rows]

    def export(self, wanted: Filter, *, by: Actor, why: str) -> Generator[Found]:
        """Every row of the filter, a batch at a time; what was taken out is audited first.

        Raises Invalid for a reason that cannot be kept.
        """
        reason, now = Reason.parse(why), self._clock.now()
        asked = " ".join(f"{name}={value}" for name, value in asdict(wanted).items() if value)
        with self._db.work() as work:
            subject = ("audit", None)
            audit.record(
                work, by, "audit.exported", subject=subject, at=now, why=reason, asked=asked
            )
        return self._all(wanted)

    def _all(self, wanted: Filter) -> Generator[Found]:
        while rows := self.page(wanted, most=EXPORT_BATCH):
            yield from rows
            wanted = replace(wanted, before=rows[-1].id)

    def standing(self) -> Standing:
        """How far it is sealed, and how it was found when all of it was last verified."""
        with self._db.reading() as reading:
            sealed = reading.row(_SEALED)
            verified = reading.row(_VERIFIED, VERIFIED)
        seq, until = sealed or (0, None)
        upto, at, details = verified or (None, None, {})
        return Standing(seq, until, upto, at, details.get("faults", 0))


def _clauses(wanted: Filter) -> tuple[list[LiteralString], list[object]]:
    clauses: list[LiteralString] = ["TRUE"]
    values: list[object] = []
    if wanted.actor_kind not in (None, "member"):
        clauses.append("a.actor_kind <> 'member'")  # so that the index of others is thought of
    tests: Sequence[tuple[LiteralString, object]] = (
        ("a.actor_kind = %s", wanted.actor_kind),
        ("a.actor = %s", wanted.actor),
        ("starts_with(a.action, %s)", wanted.action),
        ("a.subject_kind = %s", wanted.subject_kind),
        ("a.subject = %s", wanted.subject),
        ("a.channel = %s", wanted.channel),
        ("a.at >= %s", wanted.since),
        ("a.at < %s", wanted.until),
        ("a.id < %s", wanted.before),
    )
    for clause, value in tests:
        if value is not None:
            clauses.append(clause)
            values.append(value)
    return clauses, values


def _found(row: Row) -> Found:
    *columns, name, seq, seal, before = row
    is_whole = seq is None or hash_of(bytes(before), tuple(columns)) == bytes(seal)
    *columns, details = columns
    return Found(name, seq, is_whole, details or {}, *columns)


_FOUND: LiteralString = """
    SELECT a.id, a.at, a.actor_kind, a.actor, a.action, a.subject_kind, a.subject, a.channel,
        a.details, u.name, s.seq, s.hash, coalesce(b.hash, decode(repeat('00', 32), 'hex'))
    FROM audit a LEFT JOIN user_account u ON a.actor_kind = 'staff' AND u.id = a.actor
        LEFT JOIN audit_seal s ON s.audit = a.id LEFT JOIN audit_seal b ON b.seq = s.seq - 1
"""
_SEALED: LiteralString = """
    SELECT s.seq, a.at FROM audit_seal s LEFT JOIN audit a ON a.id = s.audit
    ORDER BY s.seq DESC LIMIT 1
"""
_VERIFIED: LiteralString = """
    SELECT subject, at, details FROM audit WHERE action = %s AND actor_kind = 'system'
        AND actor_kind <> 'member' ORDER BY id DESC LIMIT 1
"""
