"""The tokens there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.values import Amount, Unit

SHOWN_MOST = 500


@dataclass(frozen=True)
class TokenView:
    """A token as features see it."""

    id: int
    unit: Unit
    name: str

    def amount(self, units: int) -> Amount:
        """So many of its smallest units."""
        return Amount(units, self.unit)

    def whole(self, tokens: int) -> Amount:
        """So many whole tokens."""
        return self.amount(tokens * 10**self.unit.decimals)


class Tokens:
    """Knows the tokens. The first one is everybody's until there are others."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._first: TokenView | None = None
        self._lock = Lock()

    def ensure_first(self, code: str, name: str, decimals: int) -> TokenView:
        """Make the organisation's first token, unless there is one already. Repeatable."""
        with self._db.work() as work:
            work.run("SELECT pg_advisory_xact_lock(0)")
            if not work.row("SELECT 1 FROM token LIMIT 1"):
                work.run(
                    "INSERT INTO token (code, name, decimals, made_at) VALUES (%s, %s, %s, %s)",
                    code,
                    name,
                    decimals,
                    self._clock.now(),
                )
        return self.first

    def all(self) -> Sequence[TokenView]:
        """Every token, the first one first."""
        with self._db.reading() as reading:
            rows = reading.rows(
                "SELECT id, code, decimals, name FROM token ORDER BY id LIMIT %s", SHOWN_MOST
            )
        return [
            TokenView(token, Unit(code, decimals), name) for token, code, decimals, name in rows
        ]

    @property
    def first(self) -> TokenView:
        """The first token; it never changes, so it is read once."""
        if self._first is None:
            with self._lock, self._db.reading() as reading:
                token, code, name, decimals = reading.the_row(
                    "SELECT id, code, name, decimals FROM token ORDER BY id LIMIT 1"
                )
                self._first = TokenView(token, Unit(code, decimals), name)
        return self._first
