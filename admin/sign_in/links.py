"""Links sent by e-mail: signed, and good for as long as our clock says."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Flask, current_app, url_for
from flask_security import MailUtil, hash_password
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from admin.guard import services
from ussd_app.clock import Clock
from ussd_app.settings import Settings

CONFIRM_SECONDS = 24 * 3600


class PostBox(MailUtil):
    """The letters of Flask-Security: of these we send one, the link for a new password."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)

    def send_mail(self, template: str, *_: Any, **context: Any) -> None:
        assert template == "security/email/reset_instructions"
        hash_password("")  # as is done for an address that nobody has: it takes as long
        address = address_of("security.reset_password", context["reset_token"])
        services().accounts.send_reset(context["user"].id, address)


def timed(app: Flask, salt: str, clock: Clock) -> URLSafeTimedSerializer:
    """Signs what a link says, with our time."""

    class Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(clock.now().timestamp())

    return URLSafeTimedSerializer(app.config["SECRET_KEY"], salt=salt, signer=Signer)


def address_of(endpoint: str, token: str) -> str:
    """Where the page is for whoever reads the letter, whatever host was asked for."""
    settings: Settings = current_app.extensions["settings"]
    return settings.admin_url.rstrip("/") + url_for(endpoint, token=token)


def send_confirmation(user: int, email: str) -> None:
    """Send the link that shows whose the address is."""
    token = _confirm_links().dumps([user, _digest(email)])
    services().accounts.send_confirmation(user, address_of("sign_in.confirm_email", token))


def confirmed_by(token: str) -> tuple[int, str] | None:
    """Whose address this link confirms, and which; None if it is not ours, or too old."""
    try:
        user, digest = _confirm_links().loads(token, max_age=CONFIRM_SECONDS)
    except BadData:
        return None
    person = services().accounts.find("id", user)
    if person is None or _digest(person.email) != digest:
        return None
    return person.id, person.email


def _digest(email: str) -> str:
    """An address as links name it: what stands in a link stands in logs of the way there."""
    return hashlib.sha256(email.encode()).hexdigest()


def _confirm_links() -> URLSafeTimedSerializer:
    found: URLSafeTimedSerializer = current_app.extensions["confirm_links"]
    return found
