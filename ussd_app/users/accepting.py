"""Accepting an invitation: link, code and address together make a user, once."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import Invalid, Refusal
from ussd_app.text import _
from ussd_app.users.invitation_secrets import InvitationSecrets
from ussd_app.users.invitations import TRIES_MOST, Over, record
from ussd_app.users.permissions import INVITES, Role
from ussd_app.users.service import WEB, Users

NAME_LETTERS = 60

NO_NAME = _("Type your name, in at most 60 letters.")


class WrongAnswers(Refusal):
    """Address or code are not the invitation's; `tries_left` until it is over."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("wrong answers")
        self.tries_left = tries_left


class PasswordWeak(Refusal):
    """The password is refused; `why` says it in words that may be shown."""

    def __init__(self, why: str) -> None:
        super().__init__("weak")
        self.why = why


class Passwords(Protocol):
    """Whoever knows what a good password is, and how one is kept."""

    def hash(self, password: str) -> str:
        """As it is kept."""
        ...

    def faults(self, password: str, *, name: str, email: str) -> Sequence[str]:
        """Why somebody of that name may not have it, in words that may be shown."""
        ...


@dataclass(frozen=True)
class Answers:
    """What the invited type on the page of the link."""

    email: str
    code: str
    name: str
    password: str
    language: str


class Accepting:
    """Makes users of those who accept."""

    def __init__(self, db: Database, clock: Clock, users: Users, *, key: bytes) -> None:
        self._db, self._clock, self._users = db, clock, users
        self._secrets = InvitationSecrets(key)

    def role_of(self, token: str) -> Role:
        """What whoever holds this link is invited to be. Raises Over."""
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT role FROM staff_invitation
                WHERE token = %s AND state = 'sent' AND expires_at > %s AND tries < %s
                """,
                self._secrets.mac(token),
                self._clock.now(),
                TRIES_MOST,
            )
        if row is None:
            raise Over
        return Role(row[0])

    def accept(self, token: str, answers: Answers, passwords: Passwords) -> int:
        """Make the user, who signs in next; once, whoever else tries at the same moment.

        A try is charged before anything is compared. Raises Over, WrongAnswers; and, without a
        charge, Invalid for the name and PasswordWeak.
        """
        self.role_of(token)
        name, email = _parsed_name(answers.name), answers.email.strip().lower()
        if faults := passwords.faults(answers.password, name=name, email=email):
            raise PasswordWeak(" ".join(faults))
        invitation, tries_left = self._charge(token)
        if not self._is_right(invitation, token, email, answers.code):
            self._miss(invitation, tries_left)
            raise WrongAnswers(tries_left)
        return self._enrol(invitation, name, answers.language, passwords.hash(answers.password))

    def _charge(self, token: str) -> tuple[int, int]:
        """Take one try; the invitation, and how many are left. Raises Over."""
        with self._db.work() as work:
            row = work.row(
                """
                UPDATE staff_invitation SET tries = tries + 1
                WHERE token = %s AND state = 'sent' AND expires_at > %s AND tries < %s
                RETURNING id, tries
                """,
                self._secrets.mac(token),
                self._clock.now(),
                TRIES_MOST,
            )
        if row is None:
            raise Over
        return row[0], TRIES_MOST - row[1]

    def _is_right(self, invitation: int, token: str, email: str, code: str) -> bool:
        """Whether both are the invitation's; it takes as long whichever is wrong."""
        with self._db.reading() as reading:
            whose, mac = reading.the_row(
                "SELECT email, code FROM staff_invitation WHERE id = %s", invitation
            )
        is_address = hmac.compare_digest((whose or "").encode(), email.encode())
        is_code = hmac.compare_digest(bytes(mac), self._secrets.mac(token, re.sub(r"\s", "", code)))
        return is_address & is_code

    def _miss(self, invitation: int, tries_left: int) -> None:
        with self._db.work() as work:
            stranger = Actor("invited", None, WEB)
            now = self._clock.now()
            record(work, stranger, "invitation_missed", invitation, now, tries_left=tries_left)

    def _enrol(self, invitation: int, name: str, language: str, password: str) -> int:
        now = self._clock.now()
        with self._db.work() as work:
            row = work.row(
                """
                UPDATE staff_invitation SET state = 'accepted', ended_at = %s
                WHERE id = %s AND state = 'sent' AND expires_at > %s
                RETURNING email, role, inviter
                """,
                now,
                invitation,
                now,
            )
            if row is None:
                raise Over
            email, role, inviter = row
            self._refuse_unbacked(work, inviter, Role(role))
            user = self._users.create(
                work,
                email=email,
                name=name,
                role=Role(role),
                language=language,
                by=Actor("staff", inviter, WEB),
                password=password,
            )
            work.run("UPDATE user_account SET confirmed_at = %s WHERE id = %s", now, user)
            work.run("UPDATE staff_invitation SET email = NULL WHERE id = %s", invitation)
            record(work, Actor("staff", user, WEB), "invitation_accepted", invitation, now)
        return user

    def _refuse_unbacked(self, work: Work, inviter: int, role: Role) -> None:
        """Raises Over if whoever invited may not give this role any more."""
        row = work.row(
            """
            SELECT r.role FROM user_account u JOIN staff_role r ON r.user_id = u.id
            WHERE u.id = %s AND u.status = 'ACTIVE'
            """,
            inviter,
        )
        if row is None or role not in INVITES.get(Role(row[0]), frozenset()):
            raise Over


def _parsed_name(typed: str) -> str:
    name = " ".join(typed.split())
    if not 1 <= len(name) <= NAME_LETTERS or not name.isprintable():
        raise Invalid(NO_NAME)
    return name
