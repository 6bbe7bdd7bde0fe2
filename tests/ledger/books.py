"""Accounts to keep books with, in tokens of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.people import World
from ussd_app.db.work import Work
from ussd_app.ledger import service as ledger
from ussd_app.ledger.invariants import INVARIANTS

_owners = itertools.count(1000)
_codes = itertools.count(1)


@dataclass
class Books:
    """The books of one world: every amount in smallest units."""

    world: World
    token: int = field(init=False)

    def __post_init__(self) -> None:
        self.token = self.new_token()

    def new_token(self) -> int:
        with self.world.db.work() as work:
            (token,) = work.the_row(
                """
                INSERT INTO token (code, name, decimals, made_at)
                VALUES (%s, 'A token', 2, %s) RETURNING id
                """,
                f"TOK{next(_codes)}",
                self.world.clock.now(),
            )
        return int(token)

    def account(self, balance: int = 0, *, token: int | None = None) -> int:
        """The account of somebody new, who was granted so much."""
        account = self.opened(next(_owners), token=token)
        if balance:
            self.move(self.house(token=token), account, balance, kind="grant")
        return account

    def opened(self, owner: int, *, token: int | None = None) -> int:
        now = self.world.clock.now()
        with self.world.db.work() as work:
            return ledger.open_account(work, token or self.token, owner, at=now)

    def house(self, kind: str = ledger.GRANTS, *, token: int | None = None) -> int:
        now = self.world.clock.now()
        with self.world.db.work() as work:
            return ledger.house_account(work, token or self.token, kind, at=now)

    def move(self, source: int, target: int, amount: int, *, kind: str = "gift") -> ledger.Moved:
        now = self.world.clock.now()
        with self.world.db.work() as work:
            return ledger.move(work, kind, source=source, target=target, amount=amount, at=now)

    def post(self, *legs: tuple[int, int], kind: str = "sale") -> int:
        with self.world.db.work() as work:
            return ledger.post(work, kind, legs, at=self.world.clock.now())

    def reverse(self, posting: int) -> int:
        with self.world.db.work() as work:
            return ledger.reverse(work, posting, at=self.world.clock.now())

    def hold(self, key: str, account: int, amount: int) -> int:
        now = self.world.clock.now()
        with self.world.db.work() as work:
            return ledger.hold(work, key, account=account, amount=amount, at=now)

    def post_hold(self, hold: int, target: int) -> int:
        now = self.world.clock.now()
        with self.world.db.work() as work:
            return ledger.post_hold(work, hold, "withdrawal", target=target, at=now)

    def void_hold(self, hold: int) -> None:
        with self.world.db.work() as work:
            ledger.void_hold(work, hold, at=self.world.clock.now())

    def funds(self, account: int) -> tuple[int, int]:
        """The balance, and how much of it is held."""
        with self.world.db.reading() as reading:
            balance, held = reading.the_row(
                "SELECT balance, held FROM account WHERE id = %s", account
            )
        return int(balance), int(held)

    def owner(self, account: int) -> int:
        with self.world.db.reading() as reading:
            return int(reading.the_row("SELECT owner FROM account WHERE id = %s", account)[0])

    def legs(self, posting: int) -> list[tuple[int, int, int | None]]:
        """Account, amount and the balance after it, leg by leg."""
        with self.world.db.reading() as reading:
            return list(
                reading.rows(
                    "SELECT account, amount, balance FROM entry WHERE posting = %s ORDER BY leg",
                    posting,
                )
            )

    def postings(self) -> int:
        """How many there are in all."""
        with self.world.db.reading() as reading:
            return int(reading.the_row("SELECT count(*) FROM posting")[0])

    def broken(self) -> list[str]:
        """The invariants of the books that do not hold."""
        with self.world.db.reading() as reading:
            return [one.name for one in INVARIANTS if _breaks(reading, one.query)]


def _breaks(reading: Work, query: str) -> Sequence[object]:
    return reading.rows(query)
