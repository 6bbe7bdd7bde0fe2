"""After the password: which second factor is asked, and by which page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, redirect, session, url_for
from flask.typing import ResponseValue
from flask_security import Security, UserMixin
from flask_security.tf_plugin import TfPluginBase

from admin.sign_in.datastore import Account


class SecondStep(TfPluginBase):
    """A passkey if they have one, else the app that shows codes; each page leads to the others."""

    def create_blueprint(self, app: Flask, bp: Blueprint, state: Security) -> None:
        """The pages are ours and stand already."""

    def get_setup_methods(self, user: UserMixin) -> list[tuple[str, str]]:
        """One, or none: the library asks nobody which."""
        assert isinstance(user, Account)
        return [("second step", "second step")] if user.person.has_second_factor else []

    def tf_login(
        self, user: UserMixin, json_payload: dict[str, Any], next_loc: str | None
    ) -> ResponseValue:
        assert isinstance(user, Account)
        session["tf_state"] = "ready"
        page = (
            "passkeys.sign_in"
            if user.person.has_passkeys
            else "security.two_factor_token_validation"
        )
        return redirect(url_for(page, next=next_loc))
