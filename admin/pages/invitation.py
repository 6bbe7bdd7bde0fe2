"""The page of an invitation's link: with the code of the other letter it makes a user."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin import roles
from admin.guard import Open, may, services
from admin.language import chosen
from admin.passwords import NewPasswords
from ussd_app.errors import Conflict, Invalid
from ussd_app.users.accepting import Answers, PasswordWeak, WrongAnswers
from ussd_app.users.invitations import Over
from ussd_app.users.permissions import Role

page = Blueprint("invitation", __name__)


@page.get("/invitation/<token>")
@may(Open.EVERYBODY)
def show(token: str) -> ResponseReturnValue:
    """The questions; opening it changes nothing, for programs that scan mail open it too."""
    try:
        return _questions(services().accepting.role_of(token))
    except Over:
        return render_template("invitation_over.html"), 404


@page.post("/invitation/<token>")
@may(Open.EVERYBODY)
def accept(token: str) -> ResponseReturnValue:
    accepting = services().accepting
    try:
        role = accepting.role_of(token)
    except Over:
        return render_template("invitation_over.html"), 404
    try:
        accepting.accept(token, _answers(), NewPasswords())
    except (Over, Conflict):
        return render_template("invitation_over.html"), 404
    except WrongAnswers as no:
        words = _("Address or code are not those of the invitation.")
        left = _("Tries left: %(n)s.", n=no.tries_left)
        return _questions(role, answers=f"{words} {left}"), 422
    except PasswordWeak as no:
        return _questions(role, password=no.why), 422
    except Invalid as no:
        return _questions(role, name=services().catalogs.translate(no.message, chosen())), 422
    flash(_("Welcome! Now sign in with the password you have chosen."))
    is_super = role is Role.SUPER_ADMIN
    return redirect(url_for("sign_in.for_super" if is_super else "security.login"))


def _answers() -> Answers:
    form = request.form
    return Answers(
        email=form.get("email", ""),
        code=form.get("code", ""),
        name=form.get("name", ""),
        password=form.get("password", ""),
        language=chosen(),
    )


def _questions(role: Role, **faults: str) -> str:
    return render_template(
        "invitation.html",
        role=roles.NAMES[role],
        meaning=roles.MEANINGS[role],
        faults=faults,
        typed=request.form,
    )
