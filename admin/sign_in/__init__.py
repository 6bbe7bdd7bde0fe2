"""Signing in: Flask-Security behind our own accounts, sessions and steps."""

from __future__ import annotations

from functools import partial

from flask import Flask, Request, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import user_logged_out
from flask_login.utils import _user_context_processor
from flask_security import Security, current_user, password_changed, user_authenticated

from admin.guard import Lock, Open
from admin.sign_in import config, limits, passkeys, steps
from admin.sign_in.codes import CodesOnPaper, OneTimeCodes
from admin.sign_in.datastore import Account, Datastore
from admin.sign_in.forms import HALF_WAY, NewPasswordForm, NoRescue, Policy, SignInForm
from admin.sign_in.links import PostBox, timed
from ussd_app.services import Services
from ussd_app.settings import Settings

HALF_WAY_SECONDS = 600  # between the password and the code
WHO = frozenset({"_user_id", "_fresh", "_id", "fs_cc", "fs_paa"})
"""What the libraries put into the cookie of somebody who has just signed in."""

LOCKS: dict[str, Lock] = {
    "security.login": Open.STRANGERS,
    "security.logout": Open.SIGNED_IN,
    "security.two_factor_token_validation": Open.STRANGERS,
    "security.mf_recovery": Open.STRANGERS,
    "security.forgot_password": Open.EVERYBODY,
    "security.reset_password": Open.EVERYBODY,
    "security.change_password": Open.STEPS,
    # What the library has besides: its own ways to set up a factor, and to get around one.
    "security.static": Open.NOBODY,
    "security.two_factor_setup": Open.NOBODY,
    "security.two_factor_setup_validate": Open.NOBODY,
    "security.two_factor_rescue": Open.NOBODY,
    "security.mf_recovery_codes": Open.NOBODY,
    "security.tf_select": Open.NOBODY,
}


def install(app: Flask, settings: Settings, services: Services) -> None:
    """Bring Flask-Security in, and our pages beside it."""
    app.extensions["settings"] = settings
    app.config.update(config.of(settings))
    with app.app_context():
        security = Security(
            app,
            Datastore(services.accounts),
            login_form=SignInForm,
            change_password_form=NewPasswordForm,
            two_factor_rescue_form=NoRescue,
            password_util_cls=Policy,
            mail_util_cls=PostBox,
            totp_cls=OneTimeCodes,
            mf_recovery_codes_util_cls=CodesOnPaper,
        )
    _read_no_account_unasked(app, security)
    security.want_json(_never)
    security.reset_serializer = timed(app, "reset", services.clock)
    app.extensions["confirm_links"] = timed(app, "confirm", services.clock)
    app.register_blueprint(steps.page)
    app.register_blueprint(passkeys.page)
    app.jinja_env.globals["has_passkeys"] = passkeys.is_way
    limits.install(app, settings)
    app.before_request(_lead_to_a_first_password)
    app.before_request(partial(_forget_half_a_sign_in, services))
    user_authenticated.connect(partial(_begin, services), app, weak=False)
    user_logged_out.connect(partial(_end, services), app, weak=False)
    password_changed.connect(partial(_end_others, services), app, weak=False)


def _read_no_account_unasked(app: Flask, security: Security) -> None:
    """Keep the libraries from reading a user for every page: the guard has read them already.

    They would, for roles, which nobody asks them for, and for templates, which have `staff`.
    """
    security.principal.identity_loaders.clear()
    app.template_context_processors[None].remove(_user_context_processor)


def _never(__: Request) -> bool:
    """Pages alone: no answer of ours is for programs."""
    return False


def _forget_half_a_sign_in(services: Services) -> None:
    """Who gave the password long ago gives it again: a copied cookie is not good for ever."""
    since = services.clock.now().timestamp() - HALF_WAY_SECONDS
    if "tf_user_id" in session and session.get(HALF_WAY, 0) < since:
        session.clear()


def _lead_to_a_first_password() -> ResponseReturnValue | None:
    """Who has none changes none: the way to one is the link sent by e-mail."""
    if request.endpoint != "security.change_password" or current_user.password:
        return None
    flash(_("You have no password yet. Ask for a link, which lets you choose one."))
    return redirect(url_for("security.forgot_password"))


def _begin(services: Services, __: Flask, *, user: Account, **___: object) -> None:
    """A new place, and nothing of what was in the cookie before: somebody may have put it there."""
    if was := session.get("sid"):
        services.user_sessions.end(was)
    services.tries.forgive(user.id)
    for name in set(session) - WHO:
        session.pop(name)
    session["sid"] = services.user_sessions.begin(user.id, browser=request.user_agent.string)


def _end(services: Services, __: Flask, **___: object) -> None:
    if sid := session.get("sid"):
        services.user_sessions.end(sid)
    session.clear()


def _end_others(services: Services, __: Flask, *, user: Account, **___: object) -> None:
    services.user_sessions.end_all(user.id, but=session.get("sid", ""))
