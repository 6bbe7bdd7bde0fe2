"""The forms of Flask-Security, as strict as we are."""

from __future__ import annotations

import unicodedata
from typing import Any

import structlog
from flask import Flask, g, request, session
from flask_babel import gettext as _
from flask_security import (
    ChangePasswordForm,
    LoginForm,
    PasswordUtil,
    hash_password,
)
from flask_security.forms import Form
from passlib.exc import UnknownHashError

from admin.guard import services, staff
from admin.sign_in.datastore import Account
from ussd_app.settings import Settings
from ussd_app.users import passwords

log = structlog.get_logger(__name__)

HALF_WAY = "half_way_at"  # in the session: when the password was right and a code is asked


class SignInForm(LoginForm):
    """E-mail and password; every no is the same no, after the same work."""

    remember = None

    def validate(self, **kwargs: Any) -> bool:
        if not Form.validate(self, **kwargs):
            return False
        known = services()
        person = known.accounts.find("email", self.email.data)
        account = Account(person) if person else None
        if (
            account is None
            or not account.password
            or not is_password_of(account, self.password.data)
        ):
            if account is None or not account.password:
                hash_password(self.password.data)
            self.password.errors.append("no")
            return False
        self.user = account
        session[HALF_WAY] = known.clock.now().timestamp()
        return True


def is_password_of(account: Account, typed: str) -> bool:
    """Whether they may come in here with it: charged first, checked then."""

    def is_right() -> bool:
        return _is_the_one(account, unicodedata.normalize("NFKD", typed)) and _is_welcome(account)

    verdict = services().tries.judge(account.id, what="password", is_right=is_right)
    if verdict is None:
        hash_password(typed)  # takes as long as looking
    return bool(verdict)


def _is_the_one(account: Account, typed: str) -> bool:
    """Whether it is their password; what is kept and is no argon2 is nobody's."""
    try:
        return bool(account.password and account.verify_and_update_password(typed))
    except UnknownHashError:
        log.warning("admin.password_unreadable", user=account.id)
        return False


def password_fault() -> str | None:
    """What is wrong with the password that was typed; who is on the first steps has just typed it."""
    if staff().step:
        return None
    person = services().accounts.find("id", staff().id)
    assert person
    g.for_super = person.is_super
    if is_password_of(Account(person), request.form.get("password", "")):
        return None
    return str(_("That is not your password, or you must wait some minutes."))


def _is_welcome(account: Account) -> bool:
    """Active, at the right page, and not with a first password that has run out."""
    until = account.person.password_until
    in_time = until is None or services().clock.now() < until
    return account.active and in_time and account.person.is_super == g.get("for_super", False)


class NewPasswordForm(ChangePasswordForm):
    """The password there is, charged like signing in, and a new one."""

    def validate(self, **kwargs: Any) -> bool:
        known, user = services(), staff().id
        paid = known.tries.charge(user)
        if paid is None:
            self.password.errors = [_("Too many wrong tries. Wait some minutes.")]
            return False
        is_good = bool(super().validate(**kwargs))
        if self.password.errors:
            known.tries.missed(user, what="password")
        else:
            known.tries.give_back(paid)
        return is_good


class NoRescue(Form):
    """Around a second factor there is no way but codes on paper."""


class Policy(PasswordUtil):
    """Which new passwords are taken."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        settings: Settings = app.extensions["settings"]
        self._words = [*settings.organisation.split(), settings.admin_host.split(".")[0]]

    def validate(
        self,
        password: str,
        is_register: bool,  # noqa: FBT001 - theirs
        **kwargs: Any,
    ) -> tuple[list[str] | None, str]:
        typed = self.normalize(password)
        if len(typed) < passwords.LEAST:
            return [_("Take at least %(least)s letters.", least=passwords.LEAST)], typed
        if len(typed) > passwords.MOST:
            return [_("Take at most %(most)s letters.", most=passwords.MOST)], typed
        if passwords.is_guessable(typed, [*self._words, *_words_of(kwargs.get("user"))]):
            return [_("That is easy to guess. Three or four unusual words make a good one.")], typed
        return None, typed


def _words_of(account: Account | None) -> list[str]:
    if account is None:
        return []
    mailbox = account.email.replace("@", ".").split(".")
    return [*account.name.split(), *mailbox]
