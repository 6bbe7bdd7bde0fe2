"""How often one may try to get in: from one address, and for one account, link or invitation.

The answer is the same whether there is such an account or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from flask import Flask, g, request, session
from werkzeug.exceptions import TooManyRequests

from admin.guard import services
from ussd_app.settings import Settings
from ussd_app.sources import Addresses, household, source
from ussd_app.users.turnstile import Limit

ADDRESS = Limit(20, timedelta(minutes=1))
PERSON = Limit(10, timedelta(minutes=5))
LETTERS = Limit(5, timedelta(hours=1))

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Door:
    """What is guessed at, or sent, at some endpoints: its tries are counted together."""

    name: str
    person: Limit = PERSON


PASSWORD, CODE, LINK, INVITATION = (Door(n) for n in ("password", "code", "link", "invitation"))
MINE, FORGOTTEN, CONFIRMATION = Door("mine"), Door("forgotten", LETTERS), Door("letter", LETTERS)
DOORS: Mapping[str, Door] = {
    "security.login": PASSWORD,
    "sign_in.for_super": PASSWORD,
    "security.two_factor_token_validation": CODE,
    "security.mf_recovery": CODE,
    "passkeys.sign_in_options": Door("passkey options"),
    "passkeys.sign_in_answer": CODE,
    "security.forgot_password": FORGOTTEN,
    "security.reset_password": LINK,
    "invitation.show": INVITATION,
    "invitation.accept": INVITATION,
    "sign_in.verify_email": CONFIRMATION,
    "sign_in.confirm_email": LINK,
    "security.change_password": MINE,
    "sign_in.second_factor": MINE,
    "sign_in.remove_app": MINE,
    "sign_in.recovery_codes": MINE,
    "passkeys.add_options": Door("new passkey options"),
    "passkeys.add": MINE,
    "passkeys.remove": MINE,
}


def install(app: Flask, settings: Settings) -> None:
    """Stand before every page that somebody could guess at."""
    app.before_request(partial(_count, Addresses(settings.trusted_proxies)))


def _count(proxies: Addresses) -> None:
    door = DOORS.get(request.endpoint or "")
    token = (request.view_args or {}).get("token", "")
    if door is None or (request.method == "GET" and not token):
        return
    _knock(door, f"address {household(source(request.environ, proxies))}", ADDRESS)
    if request.method != "GET":
        _knock(door, _who(door, str(token)), door.person)


def _knock(door: Door, who: str, limit: Limit) -> None:
    wait = services().turnstile.wait(door.name, who, limit)
    if wait:
        log.warning("admin.too_often", door=door.name, by=who.partition(" ")[0])
        raise TooManyRequests(retry_after=wait)


def _who(door: Door, token: str) -> str:
    """Whom this try is about: the address that was typed, else who is signed in or half way."""
    if door in (PASSWORD, FORGOTTEN):
        return f"typed {request.form.get('email', '').strip().lower()}"
    if g.staff:
        return f"user {g.staff.id}"
    if token:
        return f"link {token}"
    return f"half {session.get('tf_user_id', '')}"
