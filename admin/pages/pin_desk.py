"""The PIN desk: who is locked, who lost a PIN. Nobody sees or sets one."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin.guard import may, services, staff
from admin.language import lazy_gettext
from admin.telling import Refusals, tell
from ussd_app.errors import LimitReached, NotAllowed, NotFound
from ussd_app.users.permissions import Permission
from ussd_app.values import Phone

page = Blueprint("pin_desk", __name__, url_prefix="/pins")

OVER: Refusals = {
    NotFound: lazy_gettext("That is over: somebody was quicker. Nothing was changed.")
}
NO_RECOVERY: Refusals = {
    NotFound: lazy_gettext("No member has that number."),
    NotAllowed: lazy_gettext("They are blocked, so there is no new PIN for them."),
    LimitReached: lazy_gettext("They had as many recoveries this week as there may be."),
}


@page.get("")
@may(Permission.HELP_WITH_PINS)
def show() -> str:
    return render_template(
        "pin_desk.html",
        locked=services().pin_desk.locked(),
        lost=services().pin_desk.lost(me=staff().actor),
        now=services().clock.now(),
    )


@page.post("/<int:member>/unlock")
@may(Permission.HELP_WITH_PINS)
def unlock(member: int) -> ResponseReturnValue:
    def deed() -> object:
        if services().pin_desk.unlock(member, by=staff().actor, why=_why()):
            return _("Unlocked, with the PIN they had. An SMS tells them.")
        return _("Nothing changed: their PIN was not locked.")

    return tell(services(), "pin_desk.show", deed, OVER)


@page.post("/recoveries")
@may(Permission.HELP_WITH_PINS)
def begin() -> ResponseReturnValue:
    def deed() -> object:
        phone = Phone.parse(request.form.get("phone", ""), near=services().home_code)
        services().pin_desk.begin_recovery(phone, by=staff().actor, why=_why())
        return _("The recovery is open. An SMS tells them how to go on, and how to stop it.")

    return tell(services(), "pin_desk.show", deed, NO_RECOVERY)


@page.post("/recoveries/<int:recovery>/approve")
@may(Permission.HELP_WITH_PINS)
def approve(recovery: int) -> ResponseReturnValue:
    def deed() -> object:
        word = services().pin_desk.approve(recovery, by=staff().actor, why=_why())
        said = _("Approved by %(count)s of %(needed)s.", count=word.count, needed=word.needed)
        if word.was_given:
            return _("You approved it before: nothing changed. Another person must.") + f" {said}"
        return said

    return tell(services(), "pin_desk.show", deed, OVER)


@page.post("/recoveries/<int:recovery>/refuse")
@may(Permission.HELP_WITH_PINS)
def refuse(recovery: int) -> ResponseReturnValue:
    def deed() -> object:
        services().pin_desk.refuse(recovery, by=staff().actor, why=_why())
        return _("Refused. An SMS tells them; the PIN stays as it is.")

    return tell(services(), "pin_desk.show", deed, OVER)


def _why() -> str:
    return request.form.get("why", "")
