"""The check of the owner's SIM: asked for outside of any transaction, answered now or later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import LiteralString

import structlog

from ussd_app.clock import Clock
from ussd_app.db import outbox
from ussd_app.db.work import Database, Work
from ussd_app.errors import GatewayError, Unavailable
from ussd_app.members.recovery_case import Case
from ussd_app.members.sim_swaps import UNKNOWN, SimSwaps

ERRAND = "recovery"
JUST_NOW = timedelta(seconds=30)  # longer than a question to the company may take

_BEING_ASKED: LiteralString = """
    SELECT FROM recovery
    WHERE state = 'open' AND sim_reference IS NULL
        AND (sim_known_at IS NULL OR sim_known_at < sim_asked_at)
        AND NOT EXISTS (SELECT FROM recovery WHERE sim_reference = %s)
        AND sim_asked_at > %s
    LIMIT 1
"""

log = structlog.get_logger(__name__)


class SimChecks:
    """Asks, and writes down what became of it. Only the last question of a recovery is answered."""

    def __init__(self, db: Database, clock: Clock, sim_swaps: SimSwaps) -> None:
        self._db, self._clock, self._sim_swaps = db, clock, sim_swaps

    def claim(self, work: Work, case: Case, now: datetime) -> str:
        """Be the one who asks; the number to ask about."""
        work.run(
            "UPDATE recovery SET sim_asked_at = %s, sim_reference = NULL WHERE id = %s",
            now,
            case.id,
        )
        (phone,) = work.the_row("SELECT phone FROM member WHERE id = %s", case.member)
        return str(phone)

    def ask(self, recovery: int, phone: str, asked_at: datetime) -> None:
        """Ask, and write down the answer or under which reference it comes."""
        verdict, reference = self._ask(recovery, phone)
        with self._db.work() as work:
            is_awaited = work.run(
                "UPDATE recovery SET sim_reference = %s WHERE id = %s AND sim_asked_at = %s",
                reference,
                recovery,
                asked_at,
            )
            if is_awaited and verdict:
                _note(work, recovery, verdict, self._clock.now())

    def give_up(self, work: Work, case: Case, now: datetime) -> None:
        """Wait no longer for the answer."""
        _note(work, case.id, UNKNOWN, now)

    def take_in(self, reference: str, verdict: str) -> None:
        """Write down the answer that came under this reference, better late than never.

        Raises Unavailable for one that nobody waits for while a reference is about to be stored:
        it may be that one, faster than we are, and is to be said again.
        """
        now = self._clock.now()
        with self._db.work() as work:
            row = work.row(
                """
                SELECT id FROM recovery
                WHERE sim_reference = %s AND state = 'open'
                    AND (sim_known_at IS NULL OR sim_known_at < sim_asked_at
                        OR (sim = %s AND sim <> %s))
                FOR UPDATE
                """,
                reference,
                UNKNOWN,
                verdict,
            )
            if row:
                _note(work, row[0], verdict, now)
                outbox.promise(work, ERRAND, row[0], at=now)
            elif work.row(_BEING_ASKED, reference, now - JUST_NOW) is not None:
                raise Unavailable("the reference may not be stored yet")

    def _ask(self, recovery: int, phone: str) -> tuple[str | None, str | None]:
        try:
            asked = self._sim_swaps.ask(phone)
        except GatewayError as error:
            log.warning("recovery.sim_unknown", recovery=recovery, why=type(error).__name__)
            return UNKNOWN, None
        if asked.verdict is None and asked.reference is None:
            return UNKNOWN, None
        return asked.verdict, asked.reference


def _note(work: Work, recovery: int, verdict: str, now: datetime) -> None:
    """Write down an answer. What gets worse is bad since now: nobody has decided knowing it."""
    work.run(
        """
        UPDATE recovery SET sim = %s, sim_known_at = %s, sim_bad_since = CASE
            WHEN %s = 'clean' THEN NULL
            WHEN %s = sim OR sim = 'swapped' THEN sim_bad_since
            ELSE %s END
        WHERE id = %s
        """,
        verdict,
        now,
        verdict,
        verdict,
        now,
        recovery,
    )
