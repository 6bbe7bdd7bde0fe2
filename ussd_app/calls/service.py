"""Take in what the gateway tells of a USSD session's end."""

from __future__ import annotations

from dataclasses import dataclass

from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.values import Phone


@dataclass(frozen=True)
class Ended:
    """A session's end as reported, without what was typed in it: `path` is the screens' names."""

    session: str
    phone: Phone
    service_code: str
    network: str
    status: str
    path: str
    hops: int
    milliseconds: int
    cost: int
    failure: str | None


class Calls:
    """The log of calls."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def ended(self, call: Ended) -> None:
        """Write down how a session ended; told twice, it is one row."""
        with self._db.work() as work:
            work.run(
                """
                INSERT INTO call (session, phone, service_code, network, status, path, hops,
                    milliseconds, cost, failure, ended_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (session) DO NOTHING
                """,
                call.session,
                call.phone,
                call.service_code,
                call.network,
                call.status,
                call.path,
                call.hops,
                call.milliseconds,
                call.cost,
                call.failure,
                self._clock.now(),
            )
