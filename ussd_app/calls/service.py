"""Take in what is known of USSD sessions: their screens, and the gateway's word of their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import LiteralString

from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.dialog.traces import Taken, Traces
from ussd_app.values import Phone

BATCH, BATCHES_MOST = 1000, 5  # of screens, in one turn


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

    def __init__(self, db: Database, clock: Clock, traces: Traces) -> None:
        self._db, self._clock, self._traces = db, clock, traces

    def take_in(self) -> int:
        """Write down the screens that were shown since; how many. Twice the same is one row.

        They are forgotten where they waited only once they are written. Raises Unavailable.
        """
        count = 0
        for _ in range(BATCHES_MOST):
            shown, upto = self._traces.read(BATCH)
            if upto is None:
                break
            self._db.attempt(partial(self._write, shown))
            self._traces.drop(upto)
            count += len(shown)
        return count

    def ended(self, call: Ended) -> None:
        """Write down how a session ended; told twice, the first word counts."""
        now = self._clock.now()
        with self._db.work() as work:
            work.run(
                _ENDED,
                call.session,
                call.phone,
                call.phone,
                call.service_code,
                call.network,
                call.status,
                call.path,
                call.hops,
                call.milliseconds,
                call.cost,
                call.failure,
                now - timedelta(milliseconds=call.milliseconds),
                now,
            )

    def forget(self, *, after_days: int, most: int) -> int:
        """Forget sessions that began so long ago, with their screens; how many were forgotten."""
        with self._db.work() as work:
            return work.run(
                """
                DELETE FROM call WHERE id = ANY (ARRAY(
                    SELECT id FROM call WHERE began_at < %s
                    ORDER BY began_at LIMIT %s FOR UPDATE SKIP LOCKED
                ))
                """,
                self._clock.now() - timedelta(days=after_days),
                most,
            )

    def _write(self, shown: Sequence[Taken]) -> None:
        traces = [one.trace for one in shown]
        sessions, moments = [one.session for one in traces], [one.at for one in shown]
        with self._db.work() as work:
            work.run(
                _BEGAN,
                sessions,
                [one.phone for one in traces],
                [one.service_code for one in traces],
                moments,
            )
            work.run(
                _SHOWN,
                sessions,
                moments,
                [one.number for one in shown],
                [one.label for one in traces],
                [one.screen for one in traces],
                [one.is_over for one in traces],
                [one.how for one in traces],
                [one.keys for one in traces],
                [bytes.fromhex(one.place) or None for one in traces],
            )


# In the order of their sessions, so that two who write the same wait and do not lock each other out.
_BEGAN: LiteralString = """
    INSERT INTO call AS c (session, phone, member, service_code, began_at)
    SELECT s.session, s.phone, m.id, s.service_code, s.at FROM (
        SELECT DISTINCT ON (t.session) t.* FROM unnest(
            %s::text[], %s::text[], %s::text[], %s::timestamptz[]
        ) AS t(session, phone, service_code, at) ORDER BY t.session, t.at
    ) s LEFT JOIN member m ON m.phone = s.phone ORDER BY s.session
    ON CONFLICT (session) DO UPDATE SET member = coalesce(c.member, excluded.member),
        began_at = least(c.began_at, excluded.began_at)
    WHERE c.began_at > excluded.began_at OR (c.member IS NULL AND excluded.member IS NOT NULL)
"""
_SHOWN: LiteralString = """
    INSERT INTO call_screen (call, at, number, label, screen, is_over, how, keys, place)
    SELECT c.id, t.at, t.number, t.label, t.screen, t.is_over, t.how, t.keys, t.place FROM unnest(
        %s::text[], %s::timestamptz[], %s::smallint[], %s::text[], %s::text[], %s::boolean[],
        %s::text[], %s::text[], %s::bytea[]
    ) AS t(session, at, number, label, screen, is_over, how, keys, place)
    JOIN call c ON c.session = t.session
    ON CONFLICT DO NOTHING
"""
_ENDED: LiteralString = """
    INSERT INTO call AS c (session, phone, member, service_code, network, status, path, hops,
        milliseconds, cost, failure, began_at, ended_at)
    VALUES (%s, %s, (SELECT id FROM member WHERE phone = %s), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (session) DO UPDATE SET network = excluded.network, status = excluded.status,
        path = excluded.path, hops = excluded.hops, milliseconds = excluded.milliseconds,
        cost = excluded.cost, failure = excluded.failure, ended_at = excluded.ended_at,
        member = coalesce(c.member, excluded.member)
    WHERE c.ended_at IS NULL
"""
