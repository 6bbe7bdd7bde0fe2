"""Write down who did what, in the work in which it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from ussd_app.db.work import Work

USSD, SYSTEM, SHELL, GATEWAY = "ussd", "system", "shell", "gateway"


@dataclass(frozen=True)
class Actor:
    """Who acts, through what: `Actor("member", 7, USSD)`."""

    kind: str
    id: int | None
    channel: str


THE_SYSTEM = Actor("system", None, SYSTEM)


def by_member(member: int) -> Actor:
    """A member acting on their own phone."""
    return Actor("member", member, USSD)


def record(
    work: Work,
    actor: Actor,
    action: str,
    *,
    subject: tuple[str, int | None],
    at: datetime,
    **details: int | str | bool,
) -> None:
    """One row: ids and states only, never a name, a number or a secret."""
    work.run(
        """
        INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject, channel, details)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        at,
        actor.kind,
        actor.id,
        action,
        *subject,
        actor.channel,
        Jsonb(details) if details else None,
    )
