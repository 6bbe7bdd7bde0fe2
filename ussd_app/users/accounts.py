"""What signing in reads and writes of a user: the password, the address, and links by e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.errors import Conflict
from ussd_app.messages.mail import Mail
from ussd_app.users.letters import CONFIRM, PASSWORD_CHANGED, RESET, Draft, link, notice

By = Literal["id", "uniquifier", "email"]


@dataclass(frozen=True)
class Person:
    """A user as signing in sees them."""

    id: int
    email: str
    name: str
    language: str
    is_active: bool
    is_super: bool
    password: str | None
    password_until: datetime | None
    uniquifier: str
    factor: str | None
    totp_secret: str | None
    has_passkeys: bool

    @property
    def has_second_factor(self) -> bool:
        return self.has_passkeys or self.factor is not None


class Accounts:
    """Finds users, and changes what they sign in with."""

    def __init__(self, db: Database, clock: Clock, mail: Mail) -> None:
        self._db, self._clock, self._mail = db, clock, mail

    def find(self, by: By, value: str | int) -> Person | None:
        """The user so named, active or not; an e-mail address is compared without case."""
        with self._db.reading() as reading:
            row = reading.row(_PERSON + _WHERE[by], value)
        return Person(*row) if row else None

    def handle(self, user: int) -> str:
        """By what passkeys know them: it says nothing of who they are."""
        with self._db.reading() as reading:
            (handle,) = reading.the_row("SELECT handle FROM user_account WHERE id = %s", user)
        return str(handle)

    def change_password(self, user: int, password: str, *, was: str, uniquifier: str) -> None:
        """Set this hash and end every session but by the new `uniquifier`; they are told.

        Raises Conflict if the `uniquifier` that `was` is another by now: a link works once.
        """
        now = self._clock.now()
        with self._db.work() as work:
            changed = work.run(
                """
                UPDATE user_account SET password = %s, uniquifier = %s, must_change = false,
                    password_until = NULL, failures = 0, locked_until = NULL
                WHERE id = %s AND uniquifier = %s AND status = 'ACTIVE'
                """,
                password,
                uniquifier,
                user,
                was,
            )
            if not changed:
                raise Conflict("changed meanwhile")
            audit.record(work, _self(user), "user.password", subject=("user", user), at=now)
            notice(work, self._mail, user, PASSWORD_CHANGED, now)

    def rehash(self, user: int, password: str, *, was: str) -> None:
        """The same password, hashed as it is done by now."""
        with self._db.reading() as one:
            one.run(
                "UPDATE user_account SET password = %s WHERE id = %s AND password = %s",
                password,
                user,
                was,
            )

    def confirm_email(self, user: int, email: str) -> bool:
        """They have read a letter sent to that address; False if that was known."""
        now = self._clock.now()
        with self._db.work() as work:
            changed = work.run(
                """
                UPDATE user_account SET confirmed_at = %s
                WHERE id = %s AND email = %s AND confirmed_at IS NULL
                """,
                now,
                user,
                email,
            )
            if changed:
                audit.record(work, _self(user), "user.confirmed", subject=("user", user), at=now)
        return bool(changed)

    def send_reset(self, user: int, address: str) -> None:
        """Send the link to a page on which a new password is chosen."""
        self._send(user, RESET, "user.reset_asked", address)

    def send_confirmation(self, user: int, address: str) -> None:
        """Send the link to a page that says whose the e-mail address is."""
        self._send(user, CONFIRM, "user.confirmation_asked", address)

    def _send(self, user: int, draft: Draft, action: str, address: str) -> None:
        now = self._clock.now()
        with self._db.work() as work:
            audit.record(work, _self(user), action, subject=("user", user), at=now)
            link(work, self._mail, user, draft, now, address=address)


_PERSON: LiteralString = """
    SELECT u.id, coalesce(u.email, ''), u.name, u.language, u.status = 'ACTIVE',
        EXISTS (SELECT 1 FROM staff_role r WHERE r.user_id = u.id AND r.role = 'super_admin'),
        u.password, u.password_until, u.uniquifier, u.factor, u.totp_secret,
        EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.id)
    FROM user_account u
"""
_WHERE: dict[By, LiteralString] = {
    "id": "WHERE u.id = %s",
    "uniquifier": "WHERE u.uniquifier = %s",
    "email": "WHERE u.email = lower(%s)",
}


def _self(user: int) -> Actor:
    return Actor("staff", user, "web")
