"""Our users as Flask-Security wants to see them."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask_security import RoleMixin, UserDatastore, UserMixin

from ussd_app.users.accounts import Accounts, By, Person
from ussd_app.users.service import UNIQUIFIER_BYTES

_KEYS: dict[str, By] = {"id": "id", "fs_uniquifier": "uniquifier", "email": "email"}


class Account(UserMixin):
    """A mutable copy of a user: what was changed of it becomes true by `put`."""

    fs_uniquifier: str = ""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.id, self.email, self.name = person.id, person.email, person.name
        self.active = person.is_active
        self.password, self.fs_uniquifier = person.password, person.uniquifier
        self.tf_primary_method, self.tf_totp_secret = person.factor, person.totp_secret
        self.confirmed_at: datetime | None = None
        self.mf_recovery_codes: list[str] = []
        self.roles: list[RoleMixin] = []


class Datastore(UserDatastore):
    """Finds and keeps accounts; each deed is a transaction of its own, so nothing waits for commit."""

    def __init__(self, accounts: Accounts) -> None:
        super().__init__(Account, RoleMixin)
        self._accounts = accounts

    def find_user(
        self,
        case_insensitive: bool = False,  # noqa: FBT001, FBT002 - theirs; an address has no case
        **kwargs: Any,
    ) -> Account | None:
        ((key, value),) = kwargs.items()
        person = self._accounts.find(_KEYS[key], value)
        return Account(person) if person else None

    def find_role(self, role: str) -> None:
        """Flask-Security asks nothing of roles: the guard does."""

    def put(self, model: Account) -> Account:
        """Keep the password; a new one comes with a new uniquifier, the same one hashed anew without."""
        was = model.person
        if model.password and model.password != was.password:
            if model.fs_uniquifier != was.uniquifier:
                self._accounts.change_password(
                    was.id, model.password, was=was.uniquifier, uniquifier=model.fs_uniquifier
                )
            elif was.password:
                self._accounts.rehash(was.id, model.password, was=was.password)
            model.person = self._accounts.find("id", was.id) or was
        return model

    def commit(self) -> None:
        """There is nothing left to do."""

    def set_uniquifier(self, user: UserMixin, uniquifier: str | None = None) -> None:
        super().set_uniquifier(user, uniquifier or secrets.token_urlsafe(UNIQUIFIER_BYTES))
