"""Passkeys as second factors: asked by our own address, verified, and each answer taken once.

Flask-Security's own pages for them are not used: they read the address from the request, take an
answer twice within its minute, and let in whose passkey it is, whoever gave the password.
"""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security.proxies import _security
from flask_security.utils import _get_post_login_redirect
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from admin.guard import Open, may, services, staff
from admin.language import chosen
from admin.sign_in.datastore import Account
from admin.sign_in.forms import password_fault
from ussd_app.errors import Conflict, Invalid, NotAllowed, TooMany
from ussd_app.settings import Settings
from ussd_app.users.passkeys import ANSWER_WITHIN, Key, Signature

page = Blueprint("passkeys", __name__)
VERIFIED = UserVerificationRequirement.REQUIRED  # by finger, face or PIN: finding it is not enough
WAIT_MS = int(ANSWER_WITHIN.total_seconds() * 1000)
ANSWER_LETTERS = 20_000


@page.get("/sign-in/passkey")
@may(Open.STRANGERS)
def sign_in() -> ResponseReturnValue:
    """The second step of whoever gave the password and has a passkey."""
    account = _half_way()
    return _step(account) if account else _too_long()


@page.post("/sign-in/passkey/options")
@may(Open.STRANGERS)
def sign_in_options() -> ResponseReturnValue:
    """What their passkeys are to sign."""
    account = _half_way() or abort(400)
    options = generate_authentication_options(
        rp_id=_settings().admin_host,
        challenge=services().passkeys.ask(account.id),
        timeout=WAIT_MS,
        allow_credentials=[_described(key) for key in services().passkeys.of(account.id)],
        user_verification=VERIFIED,
    )
    return Response(options_to_json(options), mimetype="application/json")


@page.post("/sign-in/passkey")
@may(Open.STRANGERS)
def sign_in_answer() -> ResponseReturnValue:
    account = _half_way()
    if account is None:
        return _too_long()
    if not _is_signed(account.id, request.form.get("credential", "")):
        words = _(
            "That passkey did not let you in. Try again. After five wrong tries you must wait some"
            " minutes."
        )
        return _step(account, fault=words)
    _security.two_factor_plugins.tf_complete(account, True)
    return redirect(_get_post_login_redirect())


@page.get("/account/passkeys")
@may(Open.STEPS)
def show() -> str:
    return _mine()


@page.post("/account/passkeys/options")
@may(Open.STEPS)
def add_options() -> ResponseReturnValue:
    """What a new passkey is to be made of."""
    me = staff()
    options = generate_registration_options(
        rp_id=_settings().admin_host,
        rp_name=_settings().organisation,
        user_id=services().accounts.handle(me.id).encode(),
        user_name=me.email,
        user_display_name=me.name,
        challenge=services().passkeys.ask(me.id),
        timeout=WAIT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=VERIFIED
        ),
        exclude_credentials=[_described(key) for key in services().passkeys.of(me.id)],
    )
    return Response(options_to_json(options), mimetype="application/json")


@page.post("/account/passkeys")
@may(Open.STEPS)
def add() -> ResponseReturnValue:
    """Keep it under a name; every other place is signed out."""
    if fault := password_fault():
        return _mine(fault=fault)
    me, signature = staff(), _made(staff().id, request.form.get("credential", ""))
    if signature is None:
        return _mine(fault=_("That passkey did not work. Try again."))
    try:
        services().passkeys.add(me.id, request.form.get("name", ""), signature)
    except Invalid as no:
        return _mine(fault=services().catalogs.translate(no.message, chosen()))
    except Conflict:
        return _mine(fault=_("You have that passkey already, or another of that name."))
    except TooMany:
        return _mine(fault=_("You have as many passkeys as one may have. Remove one first."))
    services().user_sessions.end_all(me.id, but=session["sid"])
    flash(_("The passkey is added. From now on you can sign in with it after your password."))
    return redirect(url_for("home.show" if me.step else "account.show"))


@page.post("/account/passkeys/<int:key>/remove")
@may(Open.SIGNED_IN)
def remove(key: int) -> ResponseReturnValue:
    if fault := password_fault():
        return _mine(fault=fault)
    try:
        if not services().passkeys.remove(staff().id, key):
            abort(404)
    except NotAllowed:
        words = _("Your role needs a second factor, and this is your last. Add another first.")
        return _mine(fault=words), 409
    services().user_sessions.end_all(staff().id, but=session["sid"])
    flash(_("The passkey is removed. It lets you in no more."))
    return redirect(url_for("account.show"))


def is_way() -> bool:
    """Whether whoever is half way in has a passkey."""
    return _half_way() is not None


def _step(account: Account, *, fault: str = "") -> str:
    return render_template(
        "sign_in/passkey.html",
        fault=fault,
        has_codes=account.person.factor is not None,
        following=request.args.get("next") or request.form.get("next"),
    )


def _mine(*, fault: str = "") -> str:
    return render_template(
        "sign_in/passkeys.html",
        keys=services().passkeys.of(staff().id),
        fault=fault,
    )


def _too_long() -> ResponseReturnValue:
    flash(_("That took too long. Begin again with your password."), "error")
    return redirect(url_for("security.login"))


def _half_way() -> Account | None:
    """Who gave the right password at this browser a short while ago, and has a passkey."""
    uniquifier = session.get("tf_user_id")
    if not uniquifier or session.get("tf_state") != "ready":
        return None
    person = services().accounts.find("uniquifier", uniquifier)
    if person is None or not person.is_active or not person.has_passkeys:
        return None
    return Account(person)


def _is_signed(user: int, answer: str) -> bool:
    """Whether a passkey of theirs has signed what was asked: charged first, checked then."""
    asked = services().passkeys.answered(user)

    def is_right() -> bool:
        return asked is not None and _is_by(user, asked, answer[:ANSWER_LETTERS])

    return bool(services().tries.judge(user, what="passkey", is_right=is_right))


def _is_by(user: int, asked: bytes, answer: str) -> bool:
    try:
        given = parse_authentication_credential_json(answer)
        key = next(k for k in services().passkeys.of(user) if k.credential == given.raw_id)
        signed = verify_authentication_response(
            credential=given,
            expected_challenge=asked,
            expected_rp_id=_settings().admin_host,
            expected_origin=_settings().admin_origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, StopIteration, ValueError, TypeError, KeyError):
        return False
    return services().passkeys.used(key, signed.new_sign_count)


def _made(user: int, answer: str) -> Signature | None:
    """The passkey that was made for what was asked; None if it was not."""
    asked = services().passkeys.answered(user)
    if asked is None:
        return None
    try:
        made = verify_registration_response(
            credential=answer[:ANSWER_LETTERS],
            expected_challenge=asked,
            expected_rp_id=_settings().admin_host,
            expected_origin=_settings().admin_origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return None
    return Signature(
        credential=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=[one for one in request.form.getlist("transport") if one in _WAYS],
        device=made.credential_device_type,
        backed_up=made.credential_backed_up,
    )


_WAYS = frozenset(way.value for way in AuthenticatorTransport)


def _described(key: Key) -> PublicKeyCredentialDescriptor:
    ways = [AuthenticatorTransport(way) for way in key.transports]
    return PublicKeyCredentialDescriptor(id=key.credential, transports=ways or None)


def _settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found
