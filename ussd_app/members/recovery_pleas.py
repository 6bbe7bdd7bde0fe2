"""Recoveries as guarantors see them: whose they are, and what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ussd_app.db.work import Work
from ussd_app.members.recovery_case import Case, Progress, Stage, progress_of
from ussd_app.members.recovery_docket import Docket
from ussd_app.values import Name, Phone


@dataclass(frozen=True)
class Plea:
    """An open recovery as a guarantor sees it, and what they said of it, if anything."""

    id: int
    name: str
    phone: Phone
    answer: bool | None
    progress: Progress

    @property
    def waits(self) -> bool:
        """Whether it waits for their answer."""
        return self.answer is None and self.progress.stage is Stage.VOUCHING


def open_pleas(reading: Work, docket: Docket, guarantor: Phone, now: datetime) -> Sequence[Plea]:
    """Every open recovery in which this guarantor's word counts, oldest first."""
    found = [
        (docket.case(reading, recovery), Name(name).short, Phone(phone), answer)
        for recovery, name, phone, answer in reading.rows(_PLEAS, guarantor, now)
    ]
    return [
        Plea(case.id, name, phone, answer, progress_of(case, now))
        for case, name, phone, answer in found
        if may_vote(case, guarantor)
    ]


def may_vote(case: Case, guarantor: Phone) -> bool:
    """Whether this guarantor's word counts."""
    return any(one.phone == guarantor for one in case.guarantors)


_PLEAS = """
    SELECT r.id, o.name, o.phone, v.vouches
    FROM member m JOIN guarantor g ON g.guarantor = m.id AND g.state = 'accepted'
        JOIN recovery r ON r.member = g.ward AND r.state = 'open' AND r.path = 'guarantors'
        JOIN member o ON o.id = r.member
        LEFT JOIN vote v ON v.recovery = r.id AND v.voter = m.id
    WHERE m.phone = %s AND r.expires_at > %s
    ORDER BY r.opened_at, r.id
"""
