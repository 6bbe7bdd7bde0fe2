"""What members report in their own words: staff read it, call back, and say what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.errors import NotFound
from ussd_app.values import Reference, Remark

SHOWN_MOST = 50


@dataclass(frozen=True)
class Report:
    """A report; `words` are the member's own. What is closed has an answer, by whom and when."""

    id: int
    reference: Reference
    member: int
    name: str
    words: str
    made_at: datetime
    answer: str | None
    closed_by: str | None
    closed_at: datetime | None


class Reports:
    """Shows the staff what was reported, and takes down what came of it."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def open(self) -> Sequence[Report]:
        """What nobody answered yet, the oldest first; no more than a page."""
        return self._found("c.state = 'open' ORDER BY c.id")

    def closed(self) -> Sequence[Report]:
        """What was answered, the newest first; no more than a page."""
        return self._found("c.state = 'closed' ORDER BY c.id DESC")

    def close(self, report: int, answer: str, *, by: Actor) -> bool:
        """Say what came of it; False if it was closed before, and then nothing changes.

        What may be a PIN is blanked. Raises Invalid for an answer that says too little, NotFound.
        """
        said, now = Remark.parse(answer), self._clock.now()
        with self._db.work() as work:
            row = work.row("SELECT state FROM complaint WHERE id = %s FOR UPDATE", report)
            if row is None:
                raise NotFound("no such report")
            if row[0] == "closed":
                return False
            work.run(
                """
                UPDATE complaint SET state = 'closed', answer = %s, closed_by = %s, closed_at = %s
                WHERE id = %s
                """,
                said,
                by.id,
                now,
                report,
            )
            audit.record(work, by, "complaint.closed", subject=("complaint", report), at=now)
        return True

    def _found(self, which: LiteralString) -> Sequence[Report]:
        with self._db.reading() as reading:
            rows = reading.rows(_REPORTS + which + " LIMIT %s", SHOWN_MOST)
        return [Report(number, Reference.of_report(number), *rest) for number, *rest in rows]


_REPORTS: LiteralString = """
    SELECT c.id, c.member, m.name, c.words, c.made_at, c.answer, u.name, c.closed_at
    FROM complaint c JOIN member m ON m.id = c.member
        LEFT JOIN user_account u ON u.id = c.closed_by
    WHERE """
