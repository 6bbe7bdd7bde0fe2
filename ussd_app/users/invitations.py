"""Staff join by invitation alone: who may invite whom, and what of it waits.

Accepting is another's affair (`accepting.py`), and so are the words (`invitation_letters.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from ussd_app.text import _
from ussd_app.users.invitation_letters import InvitationLetters
from ussd_app.users.invitation_secrets import InvitationSecrets
from ussd_app.users.permissions import INVITES, Permission, Role
from ussd_app.users.service import Staff

LASTS = timedelta(hours=48)
TRIES_MOST = 5
AGAIN_AFTER = timedelta(minutes=1)
ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9-]{1,63}\.)+[a-z]{2,63}")

NO_ADDRESS = _("That is no e-mail address. Type one like wambui@example.org.")


class Over(NotFound):
    """No such invitation, or it is accepted, withdrawn, too old or out of tries."""


@dataclass(frozen=True)
class Invitation:
    """An invitation that waits, as those see it who may invite."""

    id: int
    email: str
    role: Role
    inviter: str
    made_at: datetime
    expires_at: datetime
    tries: int
    is_over: bool


class StaffInvitations:
    """Invites people to sign up, and makes users of those who accept."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        letters: InvitationLetters,
        *,
        key: bytes,
        languages: Sequence[str],
    ) -> None:
        self._db, self._clock, self._letters = db, clock, letters
        self._secrets, self.languages = InvitationSecrets(key), languages

    def invite(self, typed: str, role: Role, *, by: Staff, language: str = "") -> int:
        """Write to an address in a language, the first of them unless said; its invitation.

        The same again writes nothing.

        Raises Invalid, NotAllowed for a role that is not theirs to give, and Conflict if the
        address is a user's or invited to be something else.
        """
        _refuse_above(by, role)
        email, now = parsed_address(typed), self._clock.now()
        language = language if language in self.languages else self.languages[0]
        with self._db.work() as work:
            if work.row("SELECT 1 FROM user_account WHERE email = %s", email):
                raise Conflict("a user already")
            work.run(
                """
                UPDATE staff_invitation SET state = 'expired', ended_at = %s
                WHERE email = %s AND tenant = %s AND state = 'sent'
                    AND (expires_at <= %s OR tries >= %s)
                """,
                now,
                email,
                by.tenant,
                now,
                TRIES_MOST,
            )
            token, code = self._secrets.fresh()
            row = work.row(
                """
                INSERT INTO staff_invitation
                    (tenant, email, role, language, inviter, token, code, made_at, expires_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (email, tenant) WHERE state = 'sent' DO NOTHING RETURNING id
                """,
                by.tenant,
                email,
                role,
                language,
                by.id,
                self._secrets.mac(token),
                self._secrets.mac(token, code),
                now,
                now + LASTS,
            )
            if row is None:
                return _the_same(work, email, role, by)
            invitation = int(row[0])
            self._write(work, (token, code), email=email, language=language, by=by)
            record(work, by.actor, "invited", invitation, now, role=role)
        return invitation

    def resend(self, invitation: int, *, by: Staff) -> None:
        """Send another link and another code; the old ones are void, and the time begins anew.

        Raises Over, NotAllowed for a role that is not theirs to give, TooMany within a minute.
        """
        now = self._clock.now()
        with self._db.work() as work:
            email, role, language, made_at = _open(work, invitation, by)
            if now < made_at + AGAIN_AFTER:
                raise TooMany("within a minute")
            token, code = self._secrets.fresh()
            work.run(
                """
                UPDATE staff_invitation SET token = %s, code = %s, tries = 0, inviter = %s,
                    made_at = %s, expires_at = %s WHERE id = %s
                """,
                self._secrets.mac(token),
                self._secrets.mac(token, code),
                by.id,
                now,
                now + LASTS,
                invitation,
            )
            self._write(work, (token, code), email=email, language=language, by=by)
            record(work, by.actor, "invited_again", invitation, now, role=role)

    def withdraw(self, invitation: int, *, by: Staff) -> bool:
        """Void it at once; False if it was over.

        Raises NotAllowed for a role that is not theirs to give.
        """
        now = self._clock.now()
        with self._db.work() as work:
            try:
                _email, role, _language, _made_at = _open(work, invitation, by)
            except Over:
                return False
            work.run(
                "UPDATE staff_invitation SET state = 'withdrawn', ended_at = %s WHERE id = %s",
                now,
                invitation,
            )
            record(work, by.actor, "invitation_withdrawn", invitation, now, role=role)
        return True

    def waiting(self, by: Staff) -> Sequence[Invitation]:
        """The invitations that nobody has accepted yet, latest first.

        Who does not see the staff sees their own alone.
        """
        now, whose = self._clock.now(), None if by.may(Permission.SEE_STAFF) else by.id
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT i.id, i.email, i.role, coalesce(u.name, ''), i.made_at, i.expires_at,
                    i.tries, i.expires_at <= %s OR i.tries >= %s
                FROM staff_invitation i LEFT JOIN user_account u ON u.id = i.inviter
                WHERE i.tenant = %s AND i.state = 'sent' AND (%s::bigint IS NULL OR i.inviter = %s)
                ORDER BY i.made_at DESC, i.id DESC
                """,
                now,
                TRIES_MOST,
                by.tenant,
                whose,
                whose,
            )
        return [Invitation(one, email, Role(role), *rest) for one, email, role, *rest in rows]

    def _write(
        self, work: Work, pair: tuple[str, str], *, email: str, language: str, by: Staff
    ) -> None:
        token, code = pair
        self._letters.write(
            work,
            email,
            language,
            inviter=by.name,
            until=self._clock.now() + LASTS,
            token=token,
            code=code,
            once=self._secrets.mac(token).hex(),
        )


def parsed_address(typed: str) -> str:
    """An address in small letters. Raises Invalid."""
    email = typed.strip().lower()
    if not ADDRESS.fullmatch(email):
        raise Invalid(NO_ADDRESS)
    return email


def _refuse_above(by: Staff, role: Role) -> None:
    if role not in INVITES.get(by.role, frozenset()):
        raise NotAllowed("not theirs to give")


def _open(work: Work, invitation: int, by: Staff) -> tuple[str, Role, str, datetime]:
    """An invitation nobody has accepted yet, locked: to whom, to be what, in which language, when.

    Raises Over, and NotAllowed for what is not theirs: the role, or another's invitation where
    they do not see the staff.
    """
    row = work.row(
        """
        SELECT email, role, language, made_at, inviter FROM staff_invitation
        WHERE id = %s AND tenant = %s AND state = 'sent' FOR UPDATE
        """,
        invitation,
        by.tenant,
    )
    if row is None:
        raise Over
    email, role, language, made_at, inviter = row
    _refuse_above(by, Role(role))
    if inviter != by.id and not by.may(Permission.SEE_STAFF):
        raise NotAllowed("another's")
    return email, Role(role), language, made_at


def _the_same(work: Work, email: str, role: Role, by: Staff) -> int:
    """The invitation that is open already. Raises Conflict if it is to be something else."""
    row = work.row(
        """
        SELECT id, role FROM staff_invitation WHERE email = %s AND tenant = %s AND state = 'sent'
        """,
        email,
        by.tenant,
    )
    if row is None or row[1] != role:
        raise Conflict("invited already")
    return int(row[0])


def record(
    work: Work, actor: Actor, deed: str, invitation: int, now: datetime, **details: int | str | bool
) -> None:
    whose = ("staff_invitation", invitation)
    audit.record(work, actor, f"user.{deed}", subject=whose, at=now, **details)
