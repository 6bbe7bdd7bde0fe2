"""How often one may knock: so many at once, and as many again over a while, whichever process."""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass
from datetime import timedelta

from ussd_app.clock import Clock
from ussd_app.db.work import Database

APART = timedelta(seconds=1)  # as much as those who knock at once may read different clocks


@dataclass(frozen=True)
class Limit:
    """`most` at once; each comes back after its part of `within`."""

    most: int
    within: timedelta


class Turnstile:
    """Counts knocks by a MAC of who and what (GCRA, ITU-T I.371).

    It is kept where accounts are: nothing that can be lost or away lets anybody guess faster. What
    is refused is not counted, so that nobody is kept out for longer by those who go on.
    """

    def __init__(self, db: Database, clock: Clock, *, key: bytes) -> None:
        self._db, self._clock, self._key = db, clock, key

    def wait(self, what: str, who: str, limit: Limit) -> int:
        """0, and it is counted; or for how many seconds to wait."""
        now, part = self._clock.now(), limit.within / limit.most
        name = self._mac(what, who)
        with self._db.reading() as one:
            if one.run(
                """
                INSERT INTO rate AS r (name, due) VALUES (%s, %s)
                ON CONFLICT (name) DO UPDATE SET due = greatest(r.due, %s) + %s
                WHERE greatest(r.due, %s) + %s <= %s
                """,
                name,
                now + part,
                now,
                part,
                now,
                part,
                now + limit.within + APART,
            ):
                return 0
            row = one.row("SELECT due FROM rate WHERE name = %s", name)
        due = row[0] if row else now
        return max(1, math.ceil((due + part - limit.within - now).total_seconds()))

    def forget(self, *, most: int) -> int:
        """Remove what limits nobody any more; how many that were."""
        with self._db.reading() as one:
            return one.run(
                "DELETE FROM rate WHERE name IN (SELECT name FROM rate WHERE due < %s LIMIT %s)",
                self._clock.now(),
                most,
            )

    def _mac(self, what: str, who: str) -> bytes:
        text = f"turnstile\x1f{what}\x1f{who}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)
