"""One transaction as the staff see it: what moved, what was allowed, who was told, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from ussd_app.clock import Local
from ussd_app.db.work import Database
from ussd_app.tokens.service import Tokens
from ussd_app.values import Amount, Unit

LEGS_MOST = 100
LIMITS_MOST = 40
DEEDS_MOST = 30
WEEK, MONTH = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True)
class Leg:
    """What it did to one account; the house's have a purpose and no owner, and store no balance."""

    account: int
    kind: str
    owner: int | None
    amount: Amount
    balance: Amount | None


@dataclass(frozen=True)
class RuleThen:
    """A limit that was in force, and what of it was used with this payment."""

    code: str
    direction: str
    span: str
    most: Amount
    used: Amount


@dataclass(frozen=True)
class Told:
    """An SMS about it; `reported` is the last that its carrier said."""

    member: int | None
    kind: str
    state: str
    failure: str | None
    reported: str | None
    at: datetime
    body: str


@dataclass(frozen=True)
class TwoPeople:
    """Who asked to take it back, and who decided."""

    request: int
    state: str
    why: str
    maker: int
    maker_name: str
    checker: int | None
    checker_name: str | None
    made_at: datetime
    decided_at: datetime | None


class TransactionBook:
    """Shows the staff one transaction; every question is bounded."""

    def __init__(self, db: Database, tokens: Tokens, *, local: Local) -> None:
        self._db, self._tokens, self._local = db, tokens, local

    def legs(self, posting: int) -> Sequence[Leg]:
        """Every account it touched, in the order of its legs."""
        with self._db.reading() as reading:
            rows = reading.rows(_LEGS, posting, LEGS_MOST)
        legs = []
        for account, kind, owner, units, balance, code, decimals in rows:
            unit = Unit(code, decimals)
            after = None if balance is None else Amount(balance, unit)
            legs.append(Leg(account, kind, owner, Amount(units, unit), after))
        return legs

    def limits(self, posting: int) -> Sequence[RuleThen]:
        """The rules of a transfer's payer and payee when it was made, of the tiers they have now.

        What was used is what the books say, this payment included. Empty for what is no transfer.
        """
        with self._db.reading() as reading:
            row = reading.row("SELECT at FROM transfer WHERE posting = %s", posting)
            if row is None:
                return []
            (at,) = row
            rows = reading.rows(
                _LIMITS,
                self._local.midnight(at),
                at - WEEK,
                at - MONTH,
                posting,
                LIMITS_MOST,
            )
        first = self._tokens.first
        return [
            RuleThen(code, direction, span, first.whole(value), first.amount(int(used)))
            for code, direction, span, value, used in rows
        ]

    def told(self, posting: int, *, worded: bool) -> Sequence[Told]:
        """The SMS about it and what became of each; their words only if `worded`."""
        keys = [key.format(posting) for key in _KEYS]
        with self._db.reading() as reading:
            return [Told(*row) for row in reading.rows(_TOLD, worded, keys)]

    def two_people(self, posting: int) -> Sequence[TwoPeople]:
        """The requests to take it back, or, of a reversal, the one that it is; the newest first."""
        with self._db.reading() as reading:
            rows = reading.rows(_REQUESTS, posting, DEEDS_MOST)
        return [TwoPeople(*row) for row in rows]

    def deeds(self, posting: int) -> Sequence[Mapping[str, Any]]:
        """The rows of the audit about it, the newest first."""
        names = ("at", "action", "actor_kind", "actor", "channel", "details")
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT at, action, actor_kind, actor, channel, details FROM audit
                WHERE subject_kind = 'posting' AND subject = %s ORDER BY id DESC LIMIT %s
                """,
                posting,
                DEEDS_MOST,
            )
        return [dict(zip(names, row, strict=True)) for row in rows]


_KEYS = ("sent:{}", "received:{}", "reversed:{}:payer", "reversed:{}:payee")
_LEGS: LiteralString = """
    SELECT a.id, a.kind, a.owner, e.amount, e.balance, t.code, t.decimals
    FROM entry e JOIN account a ON a.id = e.account JOIN token t ON t.id = e.token
    WHERE e.posting = %s ORDER BY e.leg LIMIT %s
"""
# As transfer_send read them then, but for the rules after a recovery: of those only the last end
# is known.
_LIMITS: LiteralString = """
    SELECT r.code, r.direction, r.span, r.value, CASE
        WHEN r.direction = 'in' THEN got.balance
        WHEN r.span = 'day' THEN s.day WHEN r.span = '7d' THEN s.week
        WHEN r.span = '30d' THEN s.month ELSE t.amount END
    FROM transfer t JOIN entry got ON got.posting = t.posting AND got.leg = 2
        JOIN member payer ON payer.id = t.payer JOIN member payee ON payee.id = t.payee
        CROSS JOIN LATERAL (
            SELECT sum(amount) FILTER (WHERE at >= %s) AS day,
                sum(amount) FILTER (WHERE at > %s) AS week, sum(amount) AS month
            FROM transfer x
            WHERE x.payer = t.payer AND x.token = t.token AND x.at > %s AND x.at <= t.at
        ) s JOIN limit_rule r ON r.tier IS NULL
            OR r.tier = CASE r.direction WHEN 'out' THEN payer.tier ELSE payee.tier END
    WHERE t.posting = %s AND (r.token IS NULL OR r.token = t.token)
        AND r.active_from <= t.at AND (r.active_to IS NULL OR r.active_to > t.at)
    ORDER BY r.direction DESC, array_position(ARRAY['transfer', 'day', '7d', '30d'], r.span), r.code
    LIMIT %s
"""
_TOLD: LiteralString = """
    SELECT m.member, m.kind, m.state, m.failure, (
        SELECT d.status FROM delivery_report d WHERE d.provider_id = m.provider_id
        ORDER BY d.received_at DESC LIMIT 1
    ), m.made_at, CASE WHEN %s THEN m.body ELSE '' END
    FROM message m WHERE m.dedupe = ANY(%s) ORDER BY m.id
"""
_REQUESTS: LiteralString = """
    SELECT r.id, r.state, r.why, r.maker, m.name, r.checker, c.name, r.made_at, r.decided_at
    FROM approval_request r JOIN user_account m ON m.id = r.maker
        LEFT JOIN user_account c ON c.id = r.checker
    WHERE r.kind = 'posting.reversal' AND r.payload ->> 'posting' = (
        SELECT coalesce(reverses, id)::text FROM posting WHERE id = %s
    ) ORDER BY r.id DESC LIMIT %s
"""
