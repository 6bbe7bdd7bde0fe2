"""What members reported in their own words, and what came of it."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin.guard import may, services, staff
from admin.language import lazy_gettext
from admin.pages.shown import is_shown
from admin.telling import Refusals, tell
from ussd_app.errors import NotFound
from ussd_app.users.permissions import Permission

page = Blueprint("reports", __name__, url_prefix="/reports")

REFUSALS: Refusals = {NotFound: lazy_gettext("There is no such report.")}


@page.get("")
@may(Permission.SEE_PEOPLE)
def show() -> str:
    reports = services().reports
    return render_template(
        "reports.html", waiting=reports.open(), answered=reports.closed(), is_shown=is_shown
    )


@page.post("/<int:report>/close")
@may(Permission.NOTE)
def close(report: int) -> ResponseReturnValue:
    def deed() -> object:
        if services().reports.close(report, request.form.get("answer", ""), by=staff().actor):
            return _("The report is answered.")
        return _("Nothing changed: somebody answered it before you.")

    return tell(services(), "reports.show", deed, REFUSALS)
