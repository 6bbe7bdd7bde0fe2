"""USSD sessions: the list, one with its path, and its screens for whoever says why."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel.speaklater import LazyString

from admin.csv_rows import download
from admin.guard import may, services, staff
from admin.language import lazy_gettext as _
from admin.masking import masked_name, masked_phone
from admin.pages import lists, shown
from admin.pages.lists import Listing
from admin.pages.saying import say
from ussd_app.errors import Conflict, Invalid
from ussd_app.office.call_book import CallRow
from ussd_app.office.log_filter import CALL_STATUSES, CallFilter
from ussd_app.users.permissions import Permission

KIND = "call"
COLUMNS = (
    "id", "began", "member", "name", "phone", "state", "path", "screens", "seconds", "failure",
)  # fmt: skip
STATES: Mapping[str, LazyString] = {
    "open": _("In progress"),
    "Success": _("Ended"),
    "over": _("Ended, not told yet"),
    "Incomplete": _("Cut off"),
    "Failed": _("Failed"),
    "unknown": _("No word of its end"),
}
ENDS: Mapping[str, LazyString] = {
    "Open": _("The network has not told"),
    "Success": _("Ended"),
    "Incomplete": _("Cut off"),
    "Failed": _("Failed"),
}
COLOURS = {"Success": "good", "over": "good", "Failed": "bad"}
HOW: Mapping[str, LazyString] = {
    "dialled": _("dialled"),
    "pressed": _("pressed"),
    "secret": _("typed a secret, which is not kept"),
    "other": _("typed something else, which is not kept"),
}

page = Blueprint("calls", __name__, url_prefix="/sessions")


@page.get("")
@may(Permission.SEE_CALLS)
def listed() -> ResponseReturnValue:
    return _list(lists.asked(CallFilter, services().call_book))


@page.post("/export")
@may(Permission.EXPORT)
def export() -> ResponseReturnValue:
    listing, rows = lists.taken_out(CallFilter, services().call_book)
    if rows is None:
        return _list(listing)
    whole = staff().may(Permission.SEE_PRIVATE)
    return download("sessions", COLUMNS, rows, partial(_line, whole=whole))


@page.get("/<int:call>")
@may(Permission.SEE_CALLS)
def show(call: int) -> str:
    return _page(call)


@page.post("/<int:call>/reveal")
@may(Permission.SEE_CALLS)
def reveal(call: int) -> ResponseReturnValue:
    if not staff().may(Permission.SEE_PRIVATE):
        abort(403)
    why = request.form.get("why", "")
    try:
        shown.reveal(KIND, services().call_book.get(call), services().call_book, why=why)
    except Invalid as no:
        return _page(call, wrong=say(no), why=why), 400
    return redirect(url_for("calls.show", call=call))


@page.post("/<int:call>/screens/<int:number>/simulator")
@may(Permission.SEE_CALLS)
def play_again(call: int, number: int) -> ResponseReturnValue:
    if not _is_shown(services().call_book.get(call)):
        abort(403)
    try:
        return redirect(services().call_replay.open(call, number, by=staff().actor))
    except Conflict:
        return _page(call, wrong=gettext("The number is somebody else's by now.")), 409


def _is_shown(call: CallRow) -> bool:
    return shown.is_shown(shown.whose(KIND, call))


def _page(call: int, *, wrong: str = "", why: str = "") -> str:
    found = services().call_book.get(call)
    return render_template(
        "call.html",
        call=found,
        screens=services().call_book.screens(call),
        is_shown=_is_shown(found),
        states=STATES,
        colours=COLOURS,
        how=HOW,
        wrong=wrong,
        why=why,
        simulator=services().call_replay.simulator,
    )


def _list(listing: Listing) -> ResponseReturnValue:
    return render_template(
        "calls.html",
        **vars(listing),
        states=STATES,
        ends=[(status, ENDS[status]) for status in CALL_STATUSES],
        colours=COLOURS,
    ), listing.code


def _line(row: CallRow, *, whole: bool) -> list[object]:
    return [
        row.id,
        row.began_at.isoformat(timespec="seconds"),
        row.member,
        row.name if whole else masked_name(row.name),
        row.phone if whole else masked_phone(row.phone),
        row.state,
        " > ".join(row.path),
        row.screens,
        row.seconds,
        row.failure,
    ]
