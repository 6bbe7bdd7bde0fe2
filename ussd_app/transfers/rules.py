"""The limits in force, read now and then."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from ussd_app.clock import Clock
from ussd_app.db.work import Work
from ussd_app.transfers.limits import Rule

KEPT_SECONDS = 10.0  # a changed limit is heeded within


class Rules:
    """Reads the limit rules and keeps them for a few seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: Sequence[Rule] = ()
        self._until = 0.0

    def now(self, work: Work) -> Sequence[Rule]:
        """The rules in force."""
        if monotonic() >= self._until:
            now = self._clock.now()
            rows = work.rows(
                """
                SELECT code, tier, token, direction, measure, span, value FROM limit_rule
                WHERE active_from <= %s AND (active_to IS NULL OR active_to > %s)
                """,
                now,
                now,
            )
            self._rules = [Rule(*row) for row in rows]
            self._until = monotonic() + KEPT_SECONDS
        return self._rules
