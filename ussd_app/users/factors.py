"""Second factors: the telephone that shows TOTP codes, and the codes on paper for its loss.

Passkeys are the others (`passkeys.py`). Whose role needs a second factor cannot remove the last.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotAllowed
from ussd_app.messages.mail import Mail
from ussd_app.users.letters import FACTOR_CHANGED, FACTOR_REMOVED, notice
from ussd_app.users.permissions import NEED_TWO_FACTORS, Role

CODES = 8
CODE_BYTES = 8  # 64 bits: nobody guesses one, and a MAC without salt is enough
AUTHENTICATOR = "authenticator"


class Factors:
    """Sets them up, and lets nothing of them work twice."""

    def __init__(self, db: Database, clock: Clock, mail: Mail, *, key: bytes) -> None:
        self._db, self._clock, self._mail, self._key = db, clock, mail, key

    def set_up(self, user: int, *, secret: str) -> None:
        """From now on this telephone is asked; `secret` is sealed. The owner of it is told."""
        now = self._clock.now()
        with self._db.work() as work:
            work.run(
                "UPDATE user_account SET factor = %s, totp_secret = %s WHERE id = %s",
                AUTHENTICATOR,
                secret,
                user,
            )
            audit.record(work, _self(user), "user.factor", subject=("user", user), at=now)
            notice(work, self._mail, user, FACTOR_CHANGED, now)

    def remove(self, user: int) -> bool:
        """No telephone is asked any more; False if none was. Its owner is told.

        Raises NotAllowed for the last second factor of whoever needs one.
        """
        now = self._clock.now()
        with self._db.work() as work:
            removed = work.run(
                """
                UPDATE user_account SET factor = NULL, totp_secret = NULL
                WHERE id = %s AND factor IS NOT NULL
                """,
                user,
            )
            if removed:
                refuse_without_factor(work, user)
                whose = ("user", user)
                audit.record(work, _self(user), "user.factor_removed", subject=whose, at=now)
                notice(work, self._mail, user, FACTOR_REMOVED, now)
        return bool(removed)

    def spend_step(self, user: int, step: int) -> bool:
        """Use the code of this half minute; False if it, or a later one, was used before."""
        with self._db.reading() as one:
            return bool(
                one.run(
                    """
                    UPDATE user_account SET last_step = %s
                    WHERE id = %s AND coalesce(last_step, 0) < %s
                    """,
                    step,
                    user,
                    step,
                )
            )

    def make_codes(self, user: int) -> Sequence[str]:
        """New recovery codes, told this once; the old ones end."""
        now, codes = self._clock.now(), [_code() for _ in range(CODES)]
        with self._db.work() as work:
            work.row("SELECT 1 FROM user_account WHERE id = %s FOR UPDATE", user)
            work.run("DELETE FROM recovery_code WHERE user_id = %s", user)
            for code in codes:
                self._keep(work, user, code)
            audit.record(work, _self(user), "user.codes_made", subject=("user", user), at=now)
        return codes

    def spend_code(self, user: int, code: str) -> bool:
        """Use a recovery code; False if there is none such, or it was used."""
        now = self._clock.now()
        with self._db.work() as work:
            spent = work.run(
                """
                UPDATE recovery_code SET used_at = %s
                WHERE user_id = %s AND mac = %s AND used_at IS NULL
                """,
                now,
                user,
                self._mac(user, code),
            )
            if spent:
                audit.record(work, _self(user), "user.code_used", subject=("user", user), at=now)
        return bool(spent)

    def has_app(self, user: int) -> bool:
        """Whether a telephone of theirs shows codes."""
        with self._db.reading() as reading:
            return bool(
                reading.row("SELECT 1 FROM user_account WHERE id = %s AND factor IS NOT NULL", user)
            )

    def codes_left(self, user: int) -> int:
        """How many recovery codes still work."""
        with self._db.reading() as reading:
            (left,) = reading.the_row(
                "SELECT count(*) FROM recovery_code WHERE user_id = %s AND used_at IS NULL", user
            )
        return int(left)

    def _keep(self, work: Work, user: int, code: str) -> None:
        work.run(
            "INSERT INTO recovery_code (user_id, mac, made_at) VALUES (%s, %s, %s)",
            user,
            self._mac(user, code),
            self._clock.now(),
        )

    def _mac(self, user: int, code: str) -> bytes:
        letters = "".join(c for c in code.casefold() if c.isalnum())
        return hmac.digest(self._key, f"recovery|{user}|{letters}".encode(), hashlib.sha256)


def refuse_without_factor(work: Work, user: int) -> None:
    """Raises NotAllowed if nothing is left of the second factors that their role needs."""
    role, has_one = work.the_row(
        """
        SELECT r.role, u.factor IS NOT NULL
            OR EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.id)
        FROM user_account u JOIN staff_role r ON r.user_id = u.id
        WHERE u.id = %s FOR NO KEY UPDATE OF u
        """,
        user,
    )
    if Role(role) in NEED_TWO_FACTORS and not has_one:
        raise NotAllowed("the last second factor")


def _code() -> str:
    letters = secrets.token_hex(CODE_BYTES)
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _self(user: int) -> Actor:
    return Actor("staff", user, "web")
