"""Whose data is shown to whoever said why, for a quarter of an hour, in this browser."""

from __future__ import annotations

from typing import Protocol

from flask import session

from admin.guard import services, staff
from ussd_app.audit.service import Actor
from ussd_app.users.permissions import Permission

SHOWN_SECONDS, SHOWN_MOST = 15 * 60, 20
SHOWN = "shown"


class Record(Protocol):
    """A session or an SMS; one of a stranger is no member's."""

    @property
    def id(self) -> int: ...

    @property
    def member(self) -> int | None: ...


class Book(Protocol):
    """Where such records stand."""

    def reveal(self, record: int, /, *, by: Actor, why: str) -> None: ...


def is_shown(member: int | str) -> bool:
    """Whether whoever asks has said why they look at this member, a moment ago, in this browser.

    What is nobody's, such as a session of a stranger, has a name of its own.
    """
    until = session.get(SHOWN, {}).get(str(member), 0)
    return staff().may(Permission.SEE_PRIVATE) and until > services().clock.now().timestamp()


def remember(member: int | str) -> None:
    """Let it be shown for a quarter of an hour."""
    now = services().clock.now().timestamp()
    live = {key: until for key, until in session.get(SHOWN, {}).items() if until > now}
    live[str(member)] = int(now) + SHOWN_SECONDS
    session[SHOWN] = dict(list(live.items())[-SHOWN_MOST:])


def whose(kind: str, record: Record) -> int | str:
    """Under what a record is remembered: the member, or the record itself."""
    return f"{kind} {record.id}" if record.member is None else record.member


def reveal(kind: str, record: Record, book: Book, *, why: str) -> None:
    """Write down why somebody looks at it, and show it, with all of its member. Raises Invalid."""
    if record.member is None:
        book.reveal(record.id, by=staff().actor, why=why)
    else:
        services().notebook.reveal(record.member, by=staff().actor, why=why)
    remember(whose(kind, record))
