"""Users: who they are, what they may, and what stands between them and the first page."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, NotAllowed, NotFound
from ussd_app.users.permissions import (
    INVITES,
    NEED_TWO_FACTORS,
    Permission,
    Role,
    permissions_of,
)

UNIQUIFIER_BYTES = 32
WEB = "web"


@dataclass(frozen=True)
class Staff:
    """Somebody who is signed in, as pages see them: read anew for each request."""

    id: int
    name: str
    email: str
    language: str
    tenant: int
    role: Role
    must_change: bool
    is_confirmed: bool
    has_second_factor: bool
    has_codes: bool
    uniquifier: str

    @property
    def actor(self) -> Actor:
        """As audit rows name them."""
        return Actor("staff", self.id, WEB)

    def may(self, permission: Permission) -> bool:
        return permission in permissions_of([self.role])

    @property
    def step(self) -> str | None:
        """What they must do before anything else: 'password', 'email', 'factor', 'codes', or None."""
        if self.must_change:
            return "password"
        if not self.is_confirmed:
            return "email"
        if self.role in NEED_TWO_FACTORS and not self.has_second_factor:
            return "factor"
        if self.has_second_factor and not self.has_codes:
            return "codes"
        return None


class Users:
    """Makes users, and says what they are at this moment."""

    def __init__(self, db: Database, clock: Clock, *, tenant: Callable[[], int]) -> None:
        self._db, self._clock, self._tenant = db, clock, tenant

    def get(self, user: int) -> Staff:
        """A user with a role, suspended or not. Raises NotFound."""
        with self._db.reading() as reading:
            row = reading.row(f"{STAFF} WHERE u.id = %s", user)
        if row is None:
            raise NotFound("no such user")
        return staff_of(row)

    def denied(self, staff: Staff, page: str) -> None:
        """Write down that somebody wanted a page that is not theirs."""
        now, whose = self._clock.now(), ("user", staff.id)
        with self._db.work() as work:
            audit.record(work, staff.actor, "user.denied", subject=whose, at=now, page=page)

    def create(
        self,
        work: Work,
        *,
        email: str,
        name: str,
        role: Role,
        language: str,
        by: Actor,
        password: str | None = None,
        password_until: datetime | None = None,
    ) -> int:
        """A new user of the first organisation; `password` is a hash. Raises Conflict."""
        now = self._clock.now()
        row = work.row(
            """
            INSERT INTO user_account
                (email, name, language, password, password_until, must_change, uniquifier, handle,
                 made_at)
            VALUES (lower(%s), %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (email) DO NOTHING RETURNING id
            """,
            email,
            name,
            language,
            password,
            password_until,
            password_until is not None,
            secrets.token_urlsafe(UNIQUIFIER_BYTES),
            secrets.token_urlsafe(UNIQUIFIER_BYTES),
            now,
        )
        if row is None:
            raise Conflict("that address is a user already")
        (user,) = row
        assert isinstance(user, int)
        work.run(
            "INSERT INTO staff_role (user_id, tenant, role, since) VALUES (%s, %s, %s, %s)",
            user,
            self._tenant(),
            role,
            now,
        )
        audit.record(work, by, "user.created", subject=("user", user), at=now, role=role)
        return user

    def create_first(
        self, *, email: str, name: str, password: str, password_until: datetime, by: Actor
    ) -> int | None:
        """The super admin that everything begins with; None if there is one, and nothing changes.

        Raises Conflict if the address is another user's.
        """
        with self._db.work() as work:
            work.run("SELECT pg_advisory_xact_lock(2)")
            if work.row("SELECT 1 FROM staff_role WHERE role = 'super_admin'"):
                return None
            return self.create(
                work,
                email=email,
                name=name,
                role=Role.SUPER_ADMIN,
                language="en",
                by=by,
                password=password,
                password_until=password_until,
            )

    def suspend(self, user: int, *, by: Actor, why: str) -> bool:
        """End every session and let nobody in; False if that was so.

        Raises NotFound, and NotAllowed for oneself, for whoever is above them and for the last
        super admin.
        """
        now = self._clock.now()
        with self._db.work() as work:
            _refuse_beyond(work, user, by)
            _keep_one_super_admin(work, user)
            changed = work.run(
                """
                UPDATE user_account SET status = 'SUSPENDED', uniquifier = %s
                WHERE id = %s AND status = 'ACTIVE'
                """,
                secrets.token_urlsafe(UNIQUIFIER_BYTES),
                user,
            )
            if changed:
                audit.record(work, by, "user.suspended", subject=("user", user), at=now, why=why)
            return bool(changed)

    def restore(self, user: int, *, by: Actor, why: str) -> bool:
        """Let a suspended user in again, who signs in anew; False if they were not suspended.

        Raises NotAllowed for oneself and for whoever is above them.
        """
        now = self._clock.now()
        with self._db.work() as work:
            _refuse_beyond(work, user, by)
            changed = work.run(
                "UPDATE user_account SET status = 'ACTIVE' WHERE id = %s AND status = 'SUSPENDED'",
                user,
            )
            if changed:
                audit.record(work, by, "user.restored", subject=("user", user), at=now, why=why)
            return bool(changed)

    def assign(self, user: int, role: Role, *, by: Actor) -> bool:
        """Make them this in the first organisation, from the next request on; False if they were.

        Raises NotFound, and NotAllowed for oneself, for what is above them and for the last super
        admin.
        """
        now = self._clock.now()
        with self._db.work() as work:
            _refuse_beyond(work, user, by, role)
            row = work.row(
                "SELECT role FROM staff_role WHERE user_id = %s AND tenant = %s FOR UPDATE",
                user,
                self._tenant(),
            )
            if row is None:
                raise NotFound("no such user")
            if row[0] == role:
                return False
            _keep_one_super_admin(work, user)
            work.run(
                "UPDATE staff_role SET role = %s, since = %s WHERE user_id = %s AND tenant = %s",
                role,
                now,
                user,
                self._tenant(),
            )
            audit.record(work, by, "user.role", subject=("user", user), at=now, was=row[0], to=role)
            return True


STAFF: LiteralString = """
    SELECT u.id, u.name, u.email, u.language, r.tenant, r.role, u.must_change,
        u.confirmed_at IS NOT NULL,
        u.factor IS NOT NULL OR EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.id),
        EXISTS (SELECT 1 FROM recovery_code c WHERE c.user_id = u.id), u.uniquifier
    FROM user_account u JOIN staff_role r ON r.user_id = u.id
"""


def staff_of(row: Sequence[Any]) -> Staff:
    """One of the staff, from a row of `STAFF`."""
    user, name, email, language, tenant, role, *more = row
    return Staff(user, name, email or "", language, tenant, Role(role), *more)


def _refuse_beyond(work: Work, user: int, by: Actor, *to_be: Role) -> None:
    """Raises NotAllowed if one of the staff may not do this to them; those who come next wait."""
    work.run("SELECT pg_advisory_xact_lock(2)")
    if by.kind != "staff":
        return
    if by.id == user:
        raise NotAllowed("oneself")
    row = work.row(
        """
        SELECT r.role FROM staff_role r JOIN user_account u ON u.id = r.user_id
        WHERE r.user_id = %s AND u.status = 'ACTIVE'
        """,
        by.id,
    )
    theirs = INVITES.get(Role(row[0]), frozenset()) if row else frozenset()
    was = [
        Role(one) for (one,) in work.rows("SELECT role FROM staff_role WHERE user_id = %s", user)
    ]
    if not {*was, *to_be} <= theirs:
        raise NotAllowed("above them")


def _keep_one_super_admin(work: Work, user: int) -> None:
    """Raises NotAllowed if nobody else could manage the staff."""
    others = work.row(
        """
        SELECT 1 FROM staff_role r JOIN user_account u ON u.id = r.user_id
        WHERE r.role = 'super_admin' AND u.status = 'ACTIVE' AND u.id <> %s LIMIT 1
        """,
        user,
    )
    is_one = work.row("SELECT 1 FROM staff_role WHERE user_id = %s AND role = 'super_admin'", user)
    if is_one and not others:
        raise NotAllowed("the last super admin")
