"""Take off the second factors of somebody who lost them, once two people of the organisation agree."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Work
from ussd_app.errors import Conflict, NotAllowed, NotFound
from ussd_app.messages.mail import Mail
from ussd_app.office.approvals import Payload
from ussd_app.users.letters import FACTORS_RESET, notice
from ussd_app.users.permissions import Permission
from ussd_app.users.service import UNIQUIFIER_BYTES

KIND = "user.factors"


class FactorReset:
    """The deed: telephone, passkeys and recovery codes let them in no more.

    With the password alone nobody sets up new ones: the e-mail address is to be confirmed anew
    first. They are told at once, and signed out everywhere.
    """

    kind = KIND
    permission = Permission.MANAGE_STAFF
    private: Sequence[str] = ()

    def __init__(self, clock: Clock, mail: Mail) -> None:
        self._clock, self._mail = clock, mail

    def check(self, work: Work, payload: Payload) -> None:
        """Raises NotFound for nobody of the staff, and Conflict if they have no factor."""
        row = work.row(
            """
            SELECT u.factor IS NOT NULL
                OR EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.id)
            FROM user_account u JOIN staff_role r ON r.user_id = u.id
            WHERE u.id = %s AND u.status = 'ACTIVE' FOR NO KEY UPDATE OF u
            """,
            payload["user"],
        )
        if row is None:
            raise NotFound("no such user")
        if not row[0]:
            raise Conflict("no second factor")

    def run(self, work: Work, payload: Payload, *, request: int, by: Actor, why: str) -> None:
        """Take them off. Raises NotAllowed if whoever asked or approves is the person themselves."""
        user, now = int(payload["user"]), self._clock.now()
        (maker,) = work.the_row("SELECT maker FROM approval_request WHERE id = %s", request)
        if user in (maker, by.id):
            raise NotAllowed("oneself")
        work.run(
            """
            UPDATE user_account SET factor = NULL, totp_secret = NULL, last_step = NULL,
                challenge = NULL, confirmed_at = NULL, uniquifier = %s WHERE id = %s
            """,
            secrets.token_urlsafe(UNIQUIFIER_BYTES),
            user,
        )
        work.run("DELETE FROM passkey WHERE user_id = %s", user)
        work.run("DELETE FROM recovery_code WHERE user_id = %s", user)
        work.run(
            "UPDATE user_session SET ended_at = %s WHERE user_id = %s AND ended_at IS NULL",
            now,
            user,
        )
        audit.record(
            work, by, "user.factors_reset", subject=("user", user), at=now, request=request, why=why
        )
        notice(work, self._mail, user, FACTORS_RESET, now)
