"""Passkeys: second factors in a telephone, a laptop or a token, which sign what is asked of them.

What they signed is verified by whoever asked (admin/sign_in/passkeys.py); here is what is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.connection import Row
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, Invalid, TooMany
from ussd_app.messages.mail import Mail
from ussd_app.text import _
from ussd_app.users.factors import refuse_without_factor
from ussd_app.users.letters import FACTOR_REMOVED, PASSKEY_ADDED, notice

PASSKEYS_MOST = 10
NAME_LETTERS = 40
CHALLENGE_BYTES = 32
ANSWER_WITHIN = timedelta(minutes=5)

NO_NAME = _("Give it a name of at most 40 letters.")


@dataclass(frozen=True)
class Signature:
    """What a new passkey says of itself; `sign_count` grows with each use, or stays 0."""

    credential: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]
    device: str
    backed_up: bool


@dataclass(frozen=True)
class Key:
    """A passkey that somebody has; `used_at` is None until it has let them in."""

    id: int
    name: str
    credential: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]
    made_at: datetime
    used_at: datetime | None


class Passkeys:
    """Asks, adds, counts and removes them."""

    def __init__(self, db: Database, clock: Clock, mail: Mail) -> None:
        self._db, self._clock, self._mail = db, clock, mail

    def of(self, user: int) -> Sequence[Key]:
        """All they have, the oldest first."""
        with self._db.reading() as reading:
            return [_key(row) for row in reading.rows(f"{_KEYS} ORDER BY id", user)]

    def ask(self, user: int) -> bytes:
        """What a passkey of theirs is to sign: one at a time, answered once, within minutes."""
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        with self._db.reading() as one:
            one.run(
                "UPDATE user_account SET challenge = %s, challenge_until = %s WHERE id = %s",
                challenge,
                self._clock.now() + ANSWER_WITHIN,
                user,
            )
        return challenge

    def answered(self, user: int) -> bytes | None:
        """What was asked, taken away; None if nothing was, or it was answered, or is too old."""
        with self._db.reading() as one:
            row = one.row(
                """
                UPDATE user_account u SET challenge = NULL
                FROM (
                    SELECT id, challenge FROM user_account
                    WHERE id = %s AND challenge IS NOT NULL AND challenge_until > %s FOR UPDATE
                ) AS asked
                WHERE u.id = asked.id RETURNING asked.challenge
                """,
                user,
                self._clock.now(),
            )
        return bytes(row[0]) if row else None

    def add(self, user: int, typed: str, signature: Signature) -> None:
        """From now on it lets them in after their password. They are told.

        Raises Invalid for its name, Conflict if that or the passkey itself is known, and TooMany.
        """
        name, now = parsed_name(typed), self._clock.now()
        with self._db.work() as work:
            work.row("SELECT 1 FROM user_account WHERE id = %s FOR NO KEY UPDATE", user)
            if len(work.rows("SELECT 1 FROM passkey WHERE user_id = %s", user)) >= PASSKEYS_MOST:
                raise TooMany("as many as one may have")
            if not _insert(work, user, name, signature, now):
                raise Conflict("known")
            audit.record(work, _self(user), "user.passkey_added", subject=("user", user), at=now)
            notice(work, self._mail, user, PASSKEY_ADDED, now)

    def used(self, key: Key, sign_count: int) -> bool:
        """Note that it has signed; False if it has signed since, or is a copy that counts anew."""
        with self._db.reading() as one:
            return bool(
                one.run(
                    """
                    UPDATE passkey SET sign_count = %s, used_at = %s
                    WHERE id = %s AND (sign_count < %s OR (sign_count = 0 AND %s = 0))
                    """,
                    sign_count,
                    self._clock.now(),
                    key.id,
                    sign_count,
                    sign_count,
                )
            )

    def remove(self, user: int, key: int) -> bool:
        """It lets them in no more, and they are told; False if they have none such.

        Raises NotAllowed for the last second factor of whoever needs one.
        """
        now = self._clock.now()
        with self._db.work() as work:
            work.row("SELECT 1 FROM user_account WHERE id = %s FOR NO KEY UPDATE", user)
            removed = work.run("DELETE FROM passkey WHERE user_id = %s AND id = %s", user, key)
            if removed:
                refuse_without_factor(work, user)
                whose = ("user", user)
                audit.record(work, _self(user), "user.passkey_removed", subject=whose, at=now)
                notice(work, self._mail, user, FACTOR_REMOVED, now)
        return bool(removed)


def parsed_name(typed: str) -> str:
    """What somebody calls a passkey of theirs. Raises Invalid."""
    name = " ".join(typed.split())
    if not 1 <= len(name) <= NAME_LETTERS or not name.isprintable():
        raise Invalid(NO_NAME)
    return name


_KEYS: LiteralString = """
    SELECT id, name, credential, public_key, sign_count, transports, made_at,
        CASE WHEN used_at > made_at THEN used_at END
    FROM passkey WHERE user_id = %s
"""


def _insert(work: Work, user: int, name: str, signature: Signature, now: datetime) -> bool:
    return bool(
        work.run(
            """
            INSERT INTO passkey (user_id, credential, public_key, name, sign_count, transports,
                device, backed_up, made_at, used_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
            """,
            user,
            signature.credential,
            signature.public_key,
            name,
            signature.sign_count,
            list(signature.transports),
            signature.device,
            signature.backed_up,
            now,
            now,
        )
    )


def _key(row: Row) -> Key:
    key, name, credential, public_key, *more = row
    return Key(key, name, bytes(credential), bytes(public_key), *more)


def _self(user: int) -> Actor:
    return Actor("staff", user, "web")
