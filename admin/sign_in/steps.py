"""What stands between a first password and the first page, and the page of super admins."""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security import current_user, views
from flask_security.proxies import _security

from admin.guard import Open, may, services, staff
from admin.sign_in.forms import password_fault
from admin.sign_in.links import confirmed_by, send_confirmation
from ussd_app.errors import NotAllowed

page = Blueprint("sign_in", __name__)
TELEPHONE = "telephone"  # in the session, sealed: the telephone that is being set up


@page.route("/sa/sign-in", methods=["GET", "POST"])
@may(Open.STRANGERS)
def for_super() -> ResponseReturnValue:
    """Sign in as a super admin: nobody else can here, and they cannot elsewhere."""
    g.for_super = True
    answer: ResponseReturnValue = views.login()
    return answer


@page.route("/account/email", methods=["GET", "POST"])
@may(Open.STEPS)
def verify_email() -> ResponseReturnValue:
    if staff().is_confirmed:
        return redirect(url_for("home.show"))
    if request.method == "POST":
        send_confirmation(staff().id, staff().email)
        flash(_("The letter is on its way. Its link works for a day."))
        return redirect(url_for("sign_in.verify_email"))
    return render_template("sign_in/verify_email.html")


@page.route("/account/email/<token>", methods=["GET", "POST"])
@may(Open.EVERYBODY)
def confirm_email(token: str) -> ResponseReturnValue:
    """The link of the letter; opening it changes nothing, for programs that scan mail open it too."""
    whose = confirmed_by(token)
    if whose is None:
        abort(404)
    if request.method == "GET":
        return render_template("sign_in/confirm_email.html", email=whose[1])
    services().accounts.confirm_email(*whose)
    flash(_("Thank you: the address is yours."))
    return redirect(url_for("home.show"))


@page.route("/account/second-factor", methods=["GET", "POST"])
@may(Open.STEPS)
def second_factor() -> ResponseReturnValue:
    """Set up the app that shows codes; it counts from the first right code on."""
    totp = _security.totp_factory
    secret = session.setdefault(TELEPHONE, totp.generate_totp_secret())
    fault = None
    if request.method == "POST":
        fault = password_fault()
        if not fault and totp.verify_totp(request.form.get("code", ""), secret, current_user):
            services().factors.set_up(staff().id, secret=session.pop(TELEPHONE))
            services().user_sessions.end_all(staff().id, but=session["sid"])
            flash(_("Your second factor is set up. From now on you are asked for a code."))
            return redirect(url_for("home.show"))
        fault = fault or _("That code did not work. Wait for the next and type that one.")
    shown = totp.fetch_setup_values(secret, current_user)
    return render_template("sign_in/second_factor.html", shown=shown, fault=fault)


@page.post("/account/second-factor/remove")
@may(Open.SIGNED_IN)
def remove_app() -> ResponseReturnValue:
    """Do without the app that shows codes, if something else is left where that must be."""
    fault = password_fault()
    if not fault:
        try:
            services().factors.remove(staff().id)
        except NotAllowed:
            fault = _("Your role needs a second factor, and this is your last. Add another first.")
    if fault:
        flash(fault, "error")
    else:
        services().user_sessions.end_all(staff().id, but=session["sid"])
        flash(_("No app is asked any more."))
    return redirect(url_for("account.show"))


@page.route("/account/recovery-codes", methods=["GET", "POST"])
@may(Open.STEPS)
def recovery_codes() -> ResponseReturnValue:
    """Codes on paper: shown in the answer that makes them, and never again."""
    fault = password_fault() if request.method == "POST" else None
    if request.method == "GET" or fault:
        return render_template("sign_in/recovery_codes.html", codes=None, fault=fault)
    if not staff().has_second_factor:
        abort(404)
    codes = services().factors.make_codes(staff().id)
    return render_template("sign_in/recovery_codes.html", codes=codes, fault=None)
