"""The organisations there are, and who belongs to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from threading import Lock

from anyascii import anyascii

from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work

SLUG_LETTERS = 40


@dataclass(frozen=True)
class TenantView:
    """An organisation as features see it."""

    id: int
    slug: str
    name: str


class Tenants:
    """Knows the organisations. The first one is everybody's until there are others."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._first: TenantView | None = None
        self._lock = Lock()

    def ensure_first(
        self, name: str, *, time_zone: str, language: str, service_code: str
    ) -> TenantView:
        """Make the first organisation, unless there is one, and take everybody in. Repeatable."""
        now = self._clock.now()
        with self._db.work() as work:
            work.run("SELECT pg_advisory_xact_lock(1)")
            if not work.row("SELECT 1 FROM tenant LIMIT 1"):
                work.run(
                    """
                    INSERT INTO tenant (slug, name, time_zone, language, service_code, made_at)
                    VALUES (%s, %s, %s, %s, %s, %s)
                    """,
                    slug_of(name),
                    name,
                    time_zone,
                    language,
                    service_code,
                    now,
                )
            work.run(
                """
                INSERT INTO membership (member, tenant, since)
                SELECT m.id, (SELECT min(id) FROM tenant), %s FROM member m
                WHERE NOT EXISTS (SELECT FROM membership WHERE member = m.id)
                """,
                now,
            )
        return self.first

    @property
    def first(self) -> TenantView:
        """The first organisation; it never changes, so it is read once."""
        if self._first is None:
            with self._lock, self._db.reading() as reading:
                self._first = TenantView(
                    *reading.the_row("SELECT id, slug, name FROM tenant ORDER BY id LIMIT 1")
                )
        return self._first

    def admit(self, work: Work, member: int, tenant: int | None = None) -> None:
        """Let a member belong to an organisation, the first unless told; again changes nothing."""
        work.run(
            """
            INSERT INTO membership (member, tenant, since) VALUES (%s, %s, %s)
            ON CONFLICT DO NOTHING
            """,
            member,
            tenant or self.first.id,
            self._clock.now(),
        )


def slug_of(name: str) -> str:
    """A name as addresses write it: 'Umoja wa Wote' as 'umoja-wa-wote'."""
    words = re.findall(r"[a-z0-9]+", anyascii(name).lower())
    return "-".join(words)[:SLUG_LETTERS].strip("-") or "first"
