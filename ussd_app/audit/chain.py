"""Seal what was audited, and prove that it stands as it was sealed; docs/audit.md says how.

Rows are written in the work of each deed. A chain through those works would let all payments wait
for each other, so rows are sealed after they have committed, in the order in which they appear.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import LiteralString

from ussd_app.clock import Clock
from ussd_app.db.connection import Row
from ussd_app.db.work import Database, Work
from ussd_app.errors import Invalid
from ussd_app.text import _

BATCH = 2000  # a tenth of a second, for which the relay waits
LOOK_BACK = 20_000  # ids below the newest sealed among which rows of long works are looked for
LATE = timedelta(minutes=5)  # no work lasts as long: what appears after it was put in by hand
START = bytes(hashlib.sha256().digest_size)  # before the first row
LOCK = 0x5EA1

NOT_AN_ANCHOR = _("An anchor is a number, a colon and 64 hexadecimal digits.")


@dataclass(frozen=True)
class Anchor:
    """A seal to be kept elsewhere: whoever keeps it notices when history before it changes."""

    seq: int
    hash: bytes

    @classmethod
    def parse(cls, typed: str) -> Anchor:
        """Read `12:ab34…` as `str` writes it. Raises Invalid."""
        seq, _colon, digits = typed.strip().partition(":")
        try:
            found = cls(int(seq), bytes.fromhex(digits))
        except ValueError:
            raise Invalid(NOT_AN_ANCHOR) from None
        if len(found.hash) != len(START):
            raise Invalid(NOT_AN_ANCHOR)
        return found

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"


BEGINNING = Anchor(0, START)


@dataclass(frozen=True)
class Fault:
    """What is wrong with one row of the audit, or with its seal."""

    row: int
    what: str


class Chain:
    """Seals rows and verifies the seals."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def seal(self, *, most: int = BATCH, everywhere: bool = False) -> int:
        """Seal rows that have none, in the order of their ids; how many that were.

        One sealer at a time: another finds nothing to do. Rows of works that took long are looked
        for a little way back, or `everywhere`. Either all of a turn is sealed or nothing.
        """
        with self._db.work() as work:
            (is_mine,) = work.the_row("SELECT pg_try_advisory_xact_lock(%s)", LOCK)
            if not is_mine:
                return 0
            last = _last(work)
            (newest,) = work.the_row("SELECT coalesce(max(audit), 0) FROM audit_seal")
            beyond = 0 if everywhere else newest - LOOK_BACK
            rows = work.rows(_UNSEALED, beyond, beyond, most)
            if not rows:
                return 0
            seals = list(_chained(last, rows))
            work.run(
                "INSERT INTO audit_seal (seq, audit, hash) SELECT * FROM"
                " unnest(%s::bigint[], %s::bigint[], %s::bytea[])",
                [seal.seq for seal in seals],
                [row[0] for row in rows],
                [seal.hash for seal in seals],
            )
        return len(seals)

    def last(self) -> Anchor:
        """The newest seal."""
        with self._db.reading() as reading:
            return _last(reading)

    def waiting(self) -> tuple[int, datetime | None]:
        """How many rows have no seal, and since when the oldest waits for it."""
        with self._db.reading() as reading:
            count, oldest = reading.the_row(f"SELECT count(*), min(at) {_WITHOUT_SEAL}")
        return count, oldest

    def verify(self, *, anchor: Anchor | None = None) -> Iterator[Fault]:
        """Everything that is wrong, as it is come upon; nothing when the audit is whole.

        After a fault it goes on from the seal as it stands, so that each is told by itself.
        """
        walk = Walk(self._db)
        while not walk.is_over:
            yield from walk.step()
            if anchor and walk.kept.get(anchor.seq, anchor.hash) != anchor.hash:
                yield Fault(walk.rows[anchor.seq], "is sealed otherwise than when it was anchored")
        if anchor and anchor.seq > walk.at.seq:
            gone = f"is cut off: {anchor.seq} seals were anchored and {walk.at.seq} are left"
            yield Fault(walk.row, gone)
        yield from self._forgotten()

    def _forgotten(self) -> Iterator[Fault]:
        with self._db.reading() as reading:
            rows = reading.rows(_FORGOTTEN, self._clock.now() - LATE, BATCH)
        for (row,) in rows:
            yield Fault(row, "has had no seal for minutes")


class Walk:
    """A verification under way, a batch at a time, which remembers no more than where it stands."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.at, self.row, self.is_over = BEGINNING, 0, False
        self.kept: dict[int, bytes] = {}
        self.rows: dict[int, int] = {}
        self._newest, self._latest = 0, datetime.min.replace(tzinfo=UTC)

    def step(self) -> Iterator[Fault]:
        """Verify the next batch."""
        with self._db.reading() as reading:
            found = reading.rows(_SEALED, self.at.seq, BATCH)
        self.is_over = len(found) < BATCH
        self.kept = {seq: bytes(seal) for seq, _audit, seal, *_row in found}
        self.rows = {seq: audit for seq, audit, *_row in found}
        for seq, audit, seal, *row in found:
            yield from self._judge(Anchor(seq, bytes(seal)), audit, tuple(row))

    def _judge(self, seal: Anchor, audit: int, row: Row) -> Iterator[Fault]:
        before, self.at, self.row = self.at, seal, audit
        if seal.seq != before.seq + 1:
            missing = f"{before.seq + 1} to {seal.seq - 1}"
            yield Fault(audit, f"follows seals that are missing: {missing}")
        elif row[0] is None:
            yield Fault(audit, "is missing")
        elif hash_of(before.hash, row) != seal.hash:
            yield Fault(audit, "is not as it was sealed, or the seal before it is not")
        if row[0] is not None:
            yield from self._judge_time(audit, row[1])

    def _judge_time(self, audit: int, at: datetime) -> Iterator[Fault]:
        """A row that fills a gap between older ones appears within minutes, or was put in later."""
        if audit < self._newest and at < self._latest - LATE:
            yield Fault(audit, "was put in later than it says")
        self._newest, self._latest = max(self._newest, audit), max(self._latest, at)


def hash_of(before: bytes, row: Row) -> bytes:
    """The seal of a row after the seal `before`."""
    return hashlib.sha256(before + canonical(row)).digest()


def canonical(row: Row) -> bytes:
    """A row as it is sealed: a JSON array of its columns, in ASCII, keys in order, times in UTC."""
    number, at, *rest = row
    fields = [number, at.astimezone(UTC).isoformat(timespec="microseconds"), *rest]
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _chained(last: Anchor, rows: Iterable[Row]) -> Iterator[Anchor]:
    for row in rows:
        last = Anchor(last.seq + 1, hash_of(last.hash, row))
        yield last


def _last(work: Work) -> Anchor:
    row = work.row("SELECT seq, hash FROM audit_seal ORDER BY seq DESC LIMIT 1")
    return Anchor(row[0], bytes(row[1])) if row else BEGINNING


_COLUMNS: LiteralString = """
    a.id, a.at, a.actor_kind, a.actor, a.action, a.subject_kind, a.subject, a.channel, a.details
"""
_WITHOUT_SEAL: LiteralString = """
    FROM audit a WHERE NOT EXISTS (SELECT FROM audit_seal s WHERE s.audit = a.id)
"""
_NEAR_WITHOUT_SEAL: LiteralString = """
    FROM audit a WHERE a.id > %s
        AND NOT EXISTS (SELECT FROM audit_seal s WHERE s.audit = a.id AND s.audit > %s)
"""  # said of both, or all the seals there are would be read
_UNSEALED: LiteralString = f"SELECT {_COLUMNS} {_NEAR_WITHOUT_SEAL} ORDER BY a.id LIMIT %s"
_FORGOTTEN: LiteralString = f"SELECT a.id {_WITHOUT_SEAL} AND a.at < %s ORDER BY a.id LIMIT %s"
_FROM_SEALS: LiteralString = "FROM audit_seal s LEFT JOIN audit a ON a.id = s.audit"
_SEALED: LiteralString = f"SELECT s.seq, s.audit, s.hash, {_COLUMNS} {_FROM_SEALS} WHERE s.seq > %s ORDER BY s.seq LIMIT %s"
