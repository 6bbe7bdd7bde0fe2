"""Somebody leaves for good: whom they vouched for, and who vouched for them, are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.db.work import Work
from ussd_app.members.guaranties import ACCEPTED, DECLINED, LEFT, REMOVED, hold, news
from ussd_app.messages.service import Messages

STATES = ("asked", "accepted", "declined", "lapsed", "removed", "left")


def lock(work: Work, member: int) -> None:
    """The member and everybody to whom a guaranty binds them, in the order in which all lock."""
    work.rows(
        """
        SELECT id FROM member WHERE id = %s OR id IN (
            SELECT CASE WHEN ward = %s THEN guarantor ELSE ward END FROM guarantor
            WHERE (ward = %s OR guarantor = %s) AND state IN ('asked', 'accepted')
        ) ORDER BY id FOR NO KEY UPDATE
        """,
        *[member] * 4,
    )


def part(
    work: Work,
    member: int,
    messages: Messages,
    signature: Mapping[str, str],
    *,
    at: datetime,
    by: Actor,
) -> None:
    """End every guaranty of theirs, and tell those who stay; then forget their recoveries.

    A guaranty by which they once vouched stays as two ids: it is why somebody else has a PIN.
    """
    _empty_old_news(work, member)
    for (guaranty,) in work.rows(
        """
        SELECT id FROM guarantor WHERE (ward = %s OR guarantor = %s)
            AND state IN ('asked', 'accepted') ORDER BY id
        """,
        member,
        member,
    ):
        bond = hold(work, guaranty)
        is_ward = bond.ward.id == member
        to = REMOVED if is_ward else LEFT if bond.state == ACCEPTED else DECLINED
        work.run("UPDATE guarantor SET state = %s, ended_at = %s WHERE id = %s", to, at, guaranty)
        to_ward, to_guarantor = news(replace(bond, state=to), "", signature)
        messages.queue(work, to_guarantor if is_ward else to_ward)
        subject = ("guarantor", guaranty)
        audit.record(work, by, f"guarantor.{to}", subject=subject, at=at)
    for statement in _FORGET:
        work.run(statement, *[member] * statement.count("%s"))


def _empty_old_news(work: Work, member: int) -> None:
    """What both sides were told of their guaranties, under whatever name they had then."""
    work.run(
        """
        UPDATE message SET body = '',
            state = CASE WHEN state IN ('waiting', 'sending', 'unclear') THEN 'suppressed'
                ELSE state END
        WHERE dedupe IN (
            SELECT 'guarantor:' || g.id || ':' || s.state || ':' || p.person
            FROM guarantor g, unnest(%s::text[]) AS s(state),
                LATERAL (VALUES (g.ward), (g.guarantor)) AS p(person)
            WHERE g.ward = %s OR g.guarantor = %s
        )
        """,
        list(STATES),
        member,
        member,
    )


_FORGET: tuple[LiteralString, ...] = (
    """
    DELETE FROM errand WHERE kind = 'recovery'
        AND subject IN (SELECT id FROM recovery WHERE member = %s)
    """,
    """
    DELETE FROM errand WHERE kind = 'guarantor'
        AND subject IN (SELECT id FROM guarantor WHERE ward = %s OR guarantor = %s)
    """,
    "DELETE FROM approval WHERE recovery IN (SELECT id FROM recovery WHERE member = %s)",
    "DELETE FROM vote WHERE recovery IN (SELECT id FROM recovery WHERE member = %s)",
    "DELETE FROM recovery WHERE member = %s",
    """
    DELETE FROM guarantor g WHERE (g.ward = %s OR g.guarantor = %s)
        AND NOT EXISTS (SELECT FROM vote v WHERE v.guarantor = g.id)
    """,
)
