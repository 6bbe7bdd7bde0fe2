"""One's own account: what one signs in with, and where."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin.guard import Open, may, services, staff

page = Blueprint("account", __name__)


@page.get("/account")
@may(Open.SIGNED_IN)
def show() -> str:
    return render_template(
        "account.html",
        places=services().user_sessions.places(staff().id, sid=session["sid"]),
        has_app=services().factors.has_app(staff().id),
        passkeys=services().passkeys.of(staff().id),
        codes_left=services().factors.codes_left(staff().id),
    )


@page.post("/account/places/<int:place>/end")
@may(Open.SIGNED_IN)
def sign_out_there(place: int) -> ResponseReturnValue:
    if services().user_sessions.end_place(staff().id, place):
        flash(_("You are signed out there."))
    return redirect(url_for("account.show"))


@page.post("/account/places/end")
@may(Open.SIGNED_IN)
def sign_out_elsewhere() -> ResponseReturnValue:
    services().user_sessions.end_all(staff().id, but=session["sid"])
    flash(_("You are signed out everywhere else."))
    return redirect(url_for("account.show"))
