"""Move amounts between accounts. Every function takes the open `work` first and commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, NamedTuple

import psycopg.errors

from ussd_app.db.work import Work
from ussd_app.errors import Conflict, NotEnough, NotFound

GRANTS = "grants"
"""The house's account that tokens are given out of."""

COVERED = "ck_account_covered"

_LINES: LiteralString = """
    SELECT e.posting, p.at, p.kind, e.amount, e.balance,
        (SELECT oa.owner FROM entry o JOIN account oa ON oa.id = o.account
         WHERE o.posting = e.posting AND o.account <> e.account ORDER BY o.leg LIMIT 1)
    FROM account a JOIN entry e ON e.account = a.id JOIN posting p ON p.id = e.posting
    WHERE a.owner = %s AND a.token = %s
"""


class Moved(NamedTuple):
    """A posting of two legs. A balance is None for an account of the house, which stores none."""

    posting: int
    from_balance: int | None
    to_balance: int | None


@dataclass(frozen=True)
class Funds:
    """What an account has; `available` is what is not held."""

    balance: int
    held: int

    @property
    def available(self) -> int:
        return self.balance - self.held


@dataclass(frozen=True)
class Line:
    """One line of an account's statement; `other` owns the account on the other side, if one does."""

    posting: int
    at: datetime
    kind: str
    amount: int
    balance: int
    other: int | None


def open_account(work: Work, token: int, owner: int, *, at: datetime) -> int:
    """The owner's account in `token`, made if there is none."""
    return _account(work, token, "member", owner, at)


def house_account(work: Work, token: int, kind: str, *, at: datetime) -> int:
    """The house's account for a purpose, made if there is none."""
    return _account(work, token, kind, None, at)


def _account(work: Work, token: int, kind: str, owner: int | None, at: datetime) -> int:
    (account,) = work.the_row("SELECT ledger_open(%s, %s, %s, %s)", token, kind, owner, at)
    assert isinstance(account, int)
    return account


def move(work: Work, kind: str, *, source: int, target: int, amount: int, at: datetime) -> Moved:
    """Take `amount` (> 0, smallest units) from one account to another, in one round trip.

    Raises NotEnough if a member's account does not cover it; the transaction is then lost.
    """
    try:
        (moved,) = work.the_row(
            "SELECT ledger_move(%s, %s, %s, %s, %s)", kind, at, source, target, amount
        )
    except psycopg.errors.CheckViolation as error:
        raise refusal(error) from None
    return Moved(*moved)


def post(work: Work, kind: str, legs: Sequence[tuple[int, int]], *, at: datetime) -> int:
    """Post legs of (account, amount), which must sum to zero in each token at the commit.

    Raises NotEnough; an unbalanced posting fails when the work commits.
    """
    try:
        (posting,) = work.the_row(
            "SELECT ledger_post(%s, %s, %s, %s)",
            kind,
            at,
            [account for account, _amount in legs],
            [amount for _account, amount in legs],
        )
    except psycopg.errors.CheckViolation as error:
        raise refusal(error) from None
    assert isinstance(posting, int)
    return posting


def reverse(work: Work, posting: int, *, at: datetime) -> int:
    """Undo a posting by its opposite, which names it. Raises Conflict if that was done before."""
    try:
        (made,) = work.the_row("SELECT ledger_reverse(%s, %s)", posting, at)
    except psycopg.errors.UniqueViolation:
        raise Conflict("reversed before") from None
    except psycopg.errors.NoDataFound:
        raise NotFound("no such posting") from None
    except psycopg.errors.CheckViolation as error:
        raise refusal(error) from None
    assert isinstance(made, int)
    return made


def hold(work: Work, key: str, *, account: int, amount: int, at: datetime) -> int:
    """Set an amount aside; the same key gives the same hold.

    Raises NotEnough, Conflict, and NotFound for what is no member's account.
    """
    try:
        (made,) = work.the_row("SELECT ledger_hold(%s, %s, %s, %s)", key, account, amount, at)
    except psycopg.errors.CheckViolation as error:
        raise refusal(error) from None
    except psycopg.errors.UniqueViolation:
        raise Conflict("that key holds something else") from None
    except psycopg.errors.NoDataFound:
        raise NotFound("no account to hold in") from None
    assert isinstance(made, int)
    return made


def post_hold(work: Work, hold_id: int, kind: str, *, target: int, at: datetime) -> int:
    """Take what was held to `target`; again gives the same posting. Raises Conflict if voided."""
    return _end_hold(work, hold_id, kind, target, at) or 0


def void_hold(work: Work, hold_id: int, *, at: datetime) -> None:
    """Let what was held go; again does nothing. Raises Conflict if it was posted."""
    _end_hold(work, hold_id, None, None, at)


def _end_hold(
    work: Work, hold_id: int, kind: str | None, target: int | None, at: datetime
) -> int | None:
    try:
        (posting,) = work.the_row(
            "SELECT ledger_end_hold(%s, %s, %s, %s)", hold_id, at, kind, target
        )
    except psycopg.errors.ObjectNotInPrerequisiteState:
        raise Conflict("that hold has ended otherwise") from None
    except psycopg.errors.NoDataFound:
        raise NotFound("no such hold") from None
    assert posting is None or isinstance(posting, int)
    return posting


def funds(work: Work, token: int, owner: int) -> Funds:
    """What the owner has in `token`. Raises NotFound if there is no account."""
    row = work.row(
        "SELECT balance, held FROM account WHERE owner = %s AND token = %s", owner, token
    )
    if row is None:
        raise NotFound("no account")
    return Funds(*row)


def house_balance(work: Work, token: int, kind: str) -> int:
    """What a house account comes to: summed, for it stores no balance."""
    (total,) = work.the_row(
        """
        SELECT coalesce(sum(e.amount), 0)::bigint
        FROM account a LEFT JOIN entry e ON e.account = a.id
        WHERE a.owner IS NULL AND a.token = %s AND a.kind = %s
        """,
        token,
        kind,
    )
    assert isinstance(total, int)
    return total


def statement(work: Work, token: int, owner: int, *, most: int) -> Sequence[Line]:
    """The newest lines of the owner's account, newest first."""
    newest = _LINES + "ORDER BY e.posting DESC LIMIT %s"
    return [Line(*row) for row in work.rows(newest, owner, token, most)]


def line(work: Work, token: int, owner: int, posting: int) -> Line:
    """The line of one posting in the owner's account. Raises NotFound."""
    row = work.row(_LINES + "AND e.posting = %s ORDER BY e.leg LIMIT 1", owner, token, posting)
    if row is None:
        raise NotFound("no such line")
    return Line(*row)


def refusal(error: psycopg.errors.CheckViolation) -> Exception:
    """What a failed check means: NotEnough if an account would not be covered."""
    return NotEnough(0) if error.diag.constraint_name == COVERED else error
