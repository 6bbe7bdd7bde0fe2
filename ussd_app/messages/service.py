"""Write SMS with the deed they tell of; take in what people send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString

from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.digits import without_pins
from ussd_app.errors import NotAllowed
from ussd_app.seal import Sealer
from ussd_app.text import Catalogs, Text

ERRAND = "sms"
STOP_WORDS, START_WORDS = {"STOP", "ACHA", "KOMESHA"}, {"START", "ANZA"}
HIDDEN = "******"  # what is kept of a secret


class OptedOut(NotAllowed):
    """This number wants no SMS from us; an SMS of START is how it changes its mind."""


@dataclass(frozen=True)
class Draft:
    """An SMS to be: `key` makes it one, however often it is promised.

    A `secret` is what its text shows as {code}; until the SMS has left it is kept sealed alone.
    `author` is the user who wrote it, or had the SMS `again_of` repeated.
    `about` is the member whose name a stranger is told, so that it can be forgotten with them.
    """

    key: str
    kind: str
    phone: str
    language: str
    text: Text
    values: Mapping[str, object] = field(default_factory=dict)
    member: int | None = None
    hours: float = 24
    secret: str | None = None
    again_of: int | None = None
    author: int | None = None
    about: int | None = None


class Messages:
    """SMS as the rest of the application knows them."""

    def __init__(self, db: Database, clock: Clock, catalogs: Catalogs, sealer: Sealer) -> None:
        self._db, self._clock, self._catalogs, self._sealer = db, clock, catalogs, sealer

    def queue(self, work: Work, *drafts: Draft) -> int:
        """Promise these SMS with the deed; how many were not promised before."""
        now = self._clock.now()
        return work.run(
            """
            WITH fresh AS (
                INSERT INTO message (
                    dedupe, kind, member, phone, body, sealed, valid_until, again_of, author,
                    about, made_at
                )
                SELECT d.*, %s::timestamptz FROM unnest(
                    %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bytea[],
                    %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[]
                ) AS d
                ON CONFLICT (dedupe) DO NOTHING RETURNING id
            )
            INSERT INTO errand (kind, subject, due_at) SELECT 'sms', id, %s::timestamptz FROM fresh
            """,
            now,
            [d.key for d in drafts],
            [d.kind for d in drafts],
            [d.member for d in drafts],
            [d.phone for d in drafts],
            [self._worded(d, HIDDEN) for d in drafts],
            [self._sealed(d) for d in drafts],
            [now + timedelta(hours=d.hours) for d in drafts],
            [d.again_of for d in drafts],
            [d.author for d in drafts],
            [d.about for d in drafts],
            now,
        )

    def refuse_opted_out(self, work: Work, phone: str) -> None:
        """Raises OptedOut if an SMS to this number would not be sent."""
        if work.row("SELECT 1 FROM opt_out WHERE phone = %s", phone):
            raise OptedOut("no SMS to this number")

    def is_promised(self, work: Work, key: str) -> bool:
        """Whether the SMS of this key was promised before."""
        return work.row("SELECT 1 FROM message WHERE dedupe = %s", key) is not None

    def count_since(self, work: Work, member: int, kind: str, since: datetime) -> int:
        """How many SMS of a kind were promised to a member since then, repetitions left away."""
        (count,) = work.the_row(
            """
            SELECT count(*) FROM message
            WHERE member = %s AND kind = %s AND made_at >= %s AND again_of IS NULL
            """,
            member,
            kind,
            since,
        )
        assert isinstance(count, int)
        return count

    def take_in(self, provider_id: str, *, phone: str, body: str) -> None:
        """Take in an SMS somebody sent, once however often it comes; STOP and START are heeded.

        What may be a PIN in it is not kept.
        """
        now = self._clock.now()
        with self._db.work() as work:
            fresh = work.run(
                """
                INSERT INTO inbound_message (provider_id, phone, body, received_at)
                VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
                """,
                provider_id,
                phone,
                without_pins(body),
                now,
            )
            word = body.strip().upper()
            if fresh and word in STOP_WORDS:
                _opt_out(work, phone, now)
            if fresh and word in START_WORDS:
                work.run("DELETE FROM opt_out WHERE phone = %s", phone)

    def forget_words(self, *, after_days: int, most: int) -> int:
        """Empty SMS so long ago, ours and those that came in; how many. When and what kind stays."""
        before = self._clock.now() - timedelta(days=after_days)
        with self._db.work() as work:
            return sum(work.run(emptied, before, most) for emptied in (_OLD_SENT, _OLD_RECEIVED))

    def opt_out(self, phone: str) -> None:
        """This number wants no more SMS. Again changes nothing."""
        with self._db.work() as work:
            _opt_out(work, phone, self._clock.now())

    def _worded(self, draft: Draft, code: str) -> str:
        values = draft.values if draft.secret is None else {**draft.values, "code": code}
        return self._catalogs.say(draft.text, draft.language, **values)

    def _sealed(self, draft: Draft) -> bytes | None:
        """The whole text, for its message alone."""
        if draft.secret is None:
            return None
        text = self._worded(draft, draft.secret)
        return self._sealer.seal(text.encode(), bound_to=draft.key.encode())


def _opt_out(work: Work, phone: str, now: datetime) -> None:
    work.run(
        "INSERT INTO opt_out (phone, since) VALUES (%s, %s) ON CONFLICT DO NOTHING", phone, now
    )


_OLD_SENT: LiteralString = """
    UPDATE message SET body = '' WHERE id = ANY (ARRAY(
        SELECT id FROM message
        WHERE body <> '' AND made_at < %s AND state NOT IN ('waiting', 'sending', 'unclear')
        LIMIT %s FOR UPDATE SKIP LOCKED
    ))
"""
_OLD_RECEIVED: LiteralString = """
    UPDATE inbound_message SET body = '' WHERE provider_id = ANY (ARRAY(
        SELECT provider_id FROM inbound_message WHERE body <> '' AND received_at < %s
        LIMIT %s FOR UPDATE SKIP LOCKED
    ))
"""
