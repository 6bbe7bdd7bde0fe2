"""Staff join by invitation alone: a link in one letter, a code in another, and both together once."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, TooMany
from ussd_app.messages.mail import Letter, Mail
from ussd_app.text import _
from ussd_app.users.permissions import INVITES, Role
from ussd_app.users.service import WEB, Staff, Users

LASTS = timedelta(hours=48)
TRIES_MOST = 5
AGAIN_AFTER = timedelta(minutes=1)
TOKEN_BYTES = 32
CODE_DIGITS = 6
NAME_LETTERS = 60
ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9-]{1,63}\.)+[a-z]{2,63}")

INVITED = _("{org} invites you")
LINK = _(
    "Hello,\n\n{inviter} invites you to work with the pages of {org}. Open this link within 48"
    " hours:\n\n{site}{code}\n\nIt asks for a code, which comes in another letter.\n\nIf you do not"
    " know what this is about, do nothing. Questions? Call {support}."
)
YOUR_CODE = _("Your code for {org}")
CODE = _(
    "Hello,\n\nthe code that belongs to your invitation by {org} is\n\n{code}\n\nIt works once, on"
    " the page that the other letter names. Nobody of {org} ever asks you for it."
)
NO_ADDRESS = _("That is no e-mail address. Type one like wambui@example.org.")
NO_NAME = _("Type your name, in at most 60 letters.")


class Over(NotFound):
    """No such invitation, or it is accepted, withdrawn, too old or out of tries."""


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


@dataclass(frozen=True)
class Answers:
    """What the invited type on the page of the link."""

    email: str
    code: str
    name: str
    password: str
    language: str


class StaffInvitations:
    """Invites people to sign up, and makes users of those who accept."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        users: Users,
        mail: Mail,
        *,
        key: bytes,
        site: str,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._users, self._mail = db, clock, users, mail
        self._key, self._site, self._signature = key, site, signature

    def invite(self, typed: str, role: Role, *, by: Staff) -> int:
        """Write to an address; its invitation. The same again writes nothing.

        Raises Invalid, NotAllowed for a role that is not theirs to give, and Conflict if the
        address is a user's or invited to be something else.
        """
        _refuse_above(by, role)
        email, now = parsed_address(typed), self._clock.now()
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
            token, code = _fresh()
            row = work.row(
                """
                INSERT INTO staff_invitation
                    (tenant, email, role, inviter, token, code, made_at, expires_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (email, tenant) WHERE state = 'sent' DO NOTHING RETURNING id
                """,
                by.tenant,
                email,
                role,
                by.id,
                self._mac(token),
                self._mac(token, code),
                now,
                now + LASTS,
            )
            if row is None:
                return _the_same(work, email, role, by)
            invitation = int(row[0])
            self._write(work, email, token, code, by)
            _record(work, by.actor, "invited", invitation, now, role=role)
        return invitation

    def resend(self, invitation: int, *, by: Staff) -> None:
        """Send another link and another code; the old ones are void, and the time begins anew.

        Raises Over, NotAllowed for a role that is not theirs to give, TooMany within a minute.
        """
        now = self._clock.now()
        with self._db.work() as work:
            email, role, made_at = _open(work, invitation, by)
            if now < made_at + AGAIN_AFTER:
                raise TooMany("within a minute")
            token, code = _fresh()
            work.run(
                """
                UPDATE staff_invitation SET token = %s, code = %s, tries = 0, inviter = %s,
                    made_at = %s, expires_at = %s WHERE id = %s
                """,
                self._mac(token),
                self._mac(token, code),
                by.id,
                now,
                now + LASTS,
                invitation,
            )
            self._write(work, email, token, code, by)
            _record(work, by.actor, "invited_again", invitation, now, role=role)

    def withdraw(self, invitation: int, *, by: Staff) -> bool:
        """Void it at once; False if it was over.

        Raises NotAllowed for a role that is not theirs to give.
        """
        now = self._clock.now()
        with self._db.work() as work:
            try:
                _email, role, _made_at = _open(work, invitation, by)
            except Over:
                return False
            work.run(
                "UPDATE staff_invitation SET state = 'withdrawn', ended_at = %s WHERE id = %s",
                now,
                invitation,
            )
            _record(work, by.actor, "invitation_withdrawn", invitation, now, role=role)
        return True

    def waiting(self, by: Staff) -> Sequence[Invitation]:
        """The invitations of their organisation that nobody has accepted yet, latest first."""
        now = self._clock.now()
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT i.id, i.email, i.role, coalesce(u.name, ''), i.made_at, i.expires_at,
                    i.tries, i.expires_at <= %s OR i.tries >= %s
                FROM staff_invitation i LEFT JOIN user_account u ON u.id = i.inviter
                WHERE i.tenant = %s AND i.state = 'sent' ORDER BY i.made_at DESC, i.id DESC
                """,
                now,
                TRIES_MOST,
                by.tenant,
            )
        return [Invitation(one, email, Role(role), *rest) for one, email, role, *rest in rows]

    def role_of(self, token: str) -> Role:
        """What whoever holds this link is invited to be. Raises Over."""
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT role FROM staff_invitation
                WHERE token = %s AND state = 'sent' AND expires_at > %s AND tries < %s
                """,
                self._mac(token),
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
                self._mac(token),
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
        is_code = hmac.compare_digest(bytes(mac), self._mac(token, re.sub(r"\s", "", code)))
        return is_address & is_code

    def _miss(self, invitation: int, tries_left: int) -> None:
        with self._db.work() as work:
            stranger = Actor("invited", None, WEB)
            now = self._clock.now()
            _record(work, stranger, "invitation_missed", invitation, now, tries_left=tries_left)

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
            _record(work, Actor("staff", user, WEB), "invitation_accepted", invitation, now)
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

    def _write(self, work: Work, email: str, token: str, code: str, by: Staff) -> None:
        """Promise both letters, neither of which is enough."""
        values = {**self._signature, "inviter": by.name, "site": self._site}
        once = self._mac(token).hex()
        for kind, subject, text, secret in (
            ("staff_link", INVITED, LINK, token),
            ("staff_code", YOUR_CODE, CODE, code),
        ):
            self._mail.queue(
                work,
                Letter(
                    key=f"{kind}:{once}",
                    kind=kind,
                    to=email,
                    language=by.language,
                    subject=subject,
                    text=text,
                    values=values,
                    secret=secret,
                    hours=LASTS.total_seconds() / 3600,
                ),
            )

    def _mac(self, *parts: str) -> bytes:
        text = "\x1f".join(("staff invitation", *parts)).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)


def parsed_address(typed: str) -> str:
    """An address in small letters. Raises Invalid."""
    email = typed.strip().lower()
    if not ADDRESS.fullmatch(email):
        raise Invalid(NO_ADDRESS)
    return email


def _parsed_name(typed: str) -> str:
    name = " ".join(typed.split())
    if not 1 <= len(name) <= NAME_LETTERS or not name.isprintable():
        raise Invalid(NO_NAME)
    return name


def _fresh() -> tuple[str, str]:
    """A token for the link and a code for the other letter."""
    return secrets.token_urlsafe(
        TOKEN_BYTES
    ), f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def _refuse_above(by: Staff, role: Role) -> None:
    if role not in INVITES.get(by.role, frozenset()):
        raise NotAllowed("not theirs to give")


def _open(work: Work, invitation: int, by: Staff) -> tuple[str, Role, datetime]:
    """An invitation nobody has accepted yet, locked: to whom, to be what, made when.

    Raises Over, and NotAllowed for a role that is not theirs to give.
    """
    row = work.row(
        """
        SELECT email, role, made_at FROM staff_invitation
        WHERE id = %s AND tenant = %s AND state = 'sent' FOR UPDATE
        """,
        invitation,
        by.tenant,
    )
    if row is None:
        raise Over
    _refuse_above(by, Role(row[1]))
    return row[0], Role(row[1]), row[2]


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


def _record(
    work: Work, actor: Actor, deed: str, invitation: int, now: datetime, **details: int | str | bool
) -> None:
    whose = ("staff_invitation", invitation)
    audit.record(work, actor, f"user.{deed}", subject=whose, at=now, **details)
