"""One member as the staff see them: who they are, what they have, what they may, what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database
from ussd_app.errors import NotFound
from ussd_app.tokens.service import Tokens
from ussd_app.values import Amount, Name, Phone, Reference, Unit

LINES = 30
ID_MOST = 2**63 - 1
BALANCES_MOST, BELONGING_MOST = 50, 100
WEEK, MONTH = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True)
class Invited:
    """The last invitation of somebody; `inviter` is an agent, or None for the organisation."""

    state: str
    kind: str
    inviter: int | None
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class LastRecovery:
    """The last recovery of a PIN: states alone."""

    id: int
    state: str
    path: str
    opened_at: datetime


@dataclass(frozen=True)
class Person:
    """Who somebody is. Names and numbers are here whole: to mask them is the page's."""

    id: int
    name: Name
    phone: Phone
    language: str
    kind: str
    status: str
    tier: int
    joined_at: datetime | None
    careful_until: datetime | None
    group: int | None
    group_name: str
    location: str
    token: str | None
    auto_convert: bool
    version: str
    pin: str
    wards: int
    """For how many they are a guarantor."""
    guarantors: Mapping[str, int]
    """How many they have asked, by state."""
    recovery: LastRecovery | None
    invitation: Invited | None


@dataclass(frozen=True)
class Balance:
    """What they have of a token, and what of it is set aside."""

    amount: Amount
    held: Amount


@dataclass(frozen=True)
class Limit:
    """A rule for them: how much at most, and what remains of it now."""

    code: str
    direction: str
    span: str
    most: Amount
    room: Amount


@dataclass(frozen=True)
class Movement:
    """A line of their account: positive came in. `other` is the member on the other side, if any."""

    reference: Reference
    at: datetime
    kind: str
    amount: Amount
    balance: Amount
    other: int | None
    other_name: str


class Persons:
    """Shows the staff a member; every question is bounded."""

    def __init__(self, db: Database, clock: Clock, tokens: Tokens, *, local: Local) -> None:
        self._db, self._clock, self._tokens, self._local = db, clock, tokens, local

    def get(self, member: int) -> Person:
        """Who they are. Raises NotFound."""
        if member > ID_MOST:
            raise NotFound("no such member")
        now = self._clock.now()
        with self._db.reading() as reading:
            row = reading.row(_PERSON, now, now, member)
            if row is None:
                raise NotFound("no such member")
            member, name, phone, *rest = row
            guarantors = reading.rows(
                "SELECT state, count(*) FROM guarantor WHERE ward = %s GROUP BY state", member
            )
            recovery = reading.row(
                """
                SELECT id, state, path, opened_at FROM recovery
                WHERE member = %s ORDER BY opened_at DESC LIMIT 1
                """,
                member,
            )
            invitation = reading.row(
                """
                SELECT state, kind, inviter, made_at, expires_at FROM invitation
                WHERE member = %s ORDER BY id DESC LIMIT 1
                """,
                member,
            )
        rest.append(dict(guarantors))
        rest.append(LastRecovery(*recovery) if recovery else None)
        rest.append(Invited(*invitation) if invitation else None)
        return Person(member, Name(name), Phone(phone or ""), *rest)

    def belonging(self, group: int) -> Sequence[tuple[int, str]]:
        """Who belongs to the group, by id and name; the first hundred."""
        with self._db.reading() as reading:
            rows = reading.rows(
                "SELECT id, name FROM member WHERE group_of = %s ORDER BY id LIMIT %s",
                group,
                BELONGING_MOST,
            )
        return [(member, name) for member, name in rows]

    def complaints(self, member: int) -> Sequence[Mapping[str, Any]]:
        """What they reported, and whether it is settled; the newest first."""
        return self._lines(
            ("id", "words", "state", "at"),
            """
            SELECT id, words, state, made_at FROM complaint WHERE member = %s
            ORDER BY id DESC LIMIT %s
            """,
            member,
        )

    def balances(self, member: int) -> Sequence[Balance]:
        """What they have, token by token."""
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT t.code, t.decimals, a.balance, a.held
                FROM account a JOIN token t ON t.id = a.token WHERE a.owner = %s
                ORDER BY t.id LIMIT %s
                """,
                member,
                BALANCES_MOST,
            )
        return [
            Balance(Amount(balance, Unit(code, decimals)), Amount(held, Unit(code, decimals)))
            for code, decimals, balance, held in rows
        ]

    def limits(self, member: int) -> Sequence[Limit]:
        """The limits of their tier in the first token, and what remains of each at this moment."""
        now, token = self._clock.now(), self._tokens.first
        with self._db.reading() as reading:
            rows = reading.rows(
                _LIMITS,
                self._local.midnight(now),
                now - WEEK,
                member,
                token.id,
                now - MONTH,
                token.id,
                member,
                now,
                token.id,
                now,
                now,
            )
        limits = []
        for code, direction, span, value, used in rows:
            most = token.whole(value)
            room = token.amount(max(0, most.units - int(used)))
            limits.append(Limit(code, direction, span, most, room))
        return limits

    def movements(self, member: int) -> Sequence[Movement]:
        """Their newest movements in every token, newest first."""
        with self._db.reading() as reading:
            rows = reading.rows(_MOVEMENTS, member, LINES)
        return [
            Movement(
                Reference.of(posting),
                at,
                kind,
                Amount(amount, Unit(code, decimals)),
                Amount(balance, Unit(code, decimals)),
                other,
                other_name or "",
            )
            for posting, at, kind, amount, balance, code, decimals, other, other_name in rows
        ]

    def audit(self, member: int) -> Sequence[Mapping[str, Any]]:
        """The newest deeds that concern them."""
        return self._lines(
            ("at", "action", "actor_kind", "actor", "channel", "details"),
            """
            SELECT at, action, actor_kind, actor, channel, details FROM audit
            WHERE subject_kind = 'member' AND subject = %s ORDER BY id DESC LIMIT %s
            """,
            member,
        )

    def _lines(
        self, names: tuple[str, ...], query: LiteralString, whose: object
    ) -> list[Mapping[str, Any]]:
        with self._db.reading() as reading:
            rows = reading.rows(query, whose, LINES)
        return [dict(zip(names, row, strict=True)) for row in rows]


_PERSON: LiteralString = """
    SELECT m.id, m.name, m.phone, m.language, m.kind, m.status, m.tier, m.joined_at,
        CASE WHEN m.careful_until > %s THEN m.careful_until END,
        m.group_of, coalesce(b.name, ''), coalesce(m.location, ''), t.code, m.auto_convert,
        m.xmin::text,
        CASE WHEN p.member IS NULL THEN 'none' WHEN p.locked_until > %s THEN 'locked'
            ELSE 'ok' END,
        (SELECT count(*) FROM guarantor g WHERE g.guarantor = m.id AND g.state = 'accepted')
    FROM member m LEFT JOIN pin p ON p.member = m.id LEFT JOIN member b ON b.id = m.group_of
        LEFT JOIN token t ON t.id = m.default_token
    WHERE m.id = %s
"""
# As transfer_send reads them, of the payer's side and of the payee's.
_LIMITS: LiteralString = """
    SELECT r.code, r.direction, r.span, r.value, CASE
        WHEN r.direction = 'in' THEN coalesce(a.balance, 0)
        WHEN r.span = 'day' THEN s.day WHEN r.span = '7d' THEN s.week
        WHEN r.span = '30d' THEN s.month ELSE 0 END
    FROM (
        SELECT coalesce(sum(amount) FILTER (WHERE at >= %s), 0) AS day,
            coalesce(sum(amount) FILTER (WHERE at > %s), 0) AS week,
            coalesce(sum(amount), 0) AS month
        FROM transfer WHERE payer = %s AND token = %s AND at > %s
    ) s CROSS JOIN member m LEFT JOIN account a ON a.owner = m.id AND a.token = %s
        JOIN limit_rule r ON r.tier IS NULL OR r.tier = m.tier
            OR (r.tier = -1 AND r.direction = 'out')
    WHERE m.id = %s AND (r.tier IS DISTINCT FROM -1 OR m.careful_until > %s)
        AND (r.token IS NULL OR r.token = %s)
        AND r.active_from <= %s AND (r.active_to IS NULL OR r.active_to > %s)
    ORDER BY r.direction DESC, r.tier DESC,
        array_position(ARRAY['transfer', 'day', '7d', '30d'], r.span), r.code LIMIT 40
"""
_MOVEMENTS: LiteralString = """
    SELECT e.posting, p.at, p.kind, e.amount, e.balance, t.code, t.decimals, o.owner, m.name
    FROM account a JOIN entry e ON e.account = a.id JOIN posting p ON p.id = e.posting
        JOIN token t ON t.id = a.token
        LEFT JOIN LATERAL (
            SELECT oa.owner FROM entry x JOIN account oa ON oa.id = x.account
            WHERE x.posting = e.posting AND x.account <> e.account ORDER BY x.leg LIMIT 1
        ) o ON true LEFT JOIN member m ON m.id = o.owner
    WHERE a.owner = %s ORDER BY e.posting DESC LIMIT %s
"""
