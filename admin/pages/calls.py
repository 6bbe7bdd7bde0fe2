"""USSD sessions: the list, one with its path, and its screens for whoever says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel.speaklater import LazyString

from admin.csv_rows import download
from admin.guard import may, services, staff
from admin.language import lazy_gettext as _
from admin.masking import masked_name, masked_phone
from admin.pages.person import is_shown, remember
from admin.pages.saying import say
from ussd_app.errors import Conflict, Invalid, NotFound
from ussd_app.office.call_book import CallRow
from ussd_app.office.exporting import Page
from ussd_app.office.log_filter import CALL_STATUSES, CallFilter
from ussd_app.users.permissions import Permission

NOTHING = Page[CallRow]((), None)
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
    query = request.args.to_dict()
    after = query.pop("after", "")
    try:
        wanted = _read(query)
        found = services().call_book.page(wanted, after=after)
    except Invalid as no:
        return _list(query, CallFilter(), NOTHING, no=no), 400
    return _list(query, wanted, found, is_first=not after)


@page.post("/export")
@may(Permission.EXPORT)
def export() -> ResponseReturnValue:
    query = {name: typed for name, typed in request.form.items() if name in CallFilter.names()}
    why, wanted, found = request.form.get("why", ""), CallFilter(), NOTHING
    try:
        wanted = _read(query)
        found = services().call_book.page(wanted)
        rows = services().call_book.export(wanted, by=staff().actor, why=why)
    except Invalid as no:
        return _list(query, wanted, found, no=no, why=why), 400
    whole = staff().may(Permission.SEE_PRIVATE)
    return download("sessions", COLUMNS, _cells(rows, whole=whole))


@page.get("/<int:call>")
@may(Permission.SEE_CALLS)
def show(call: int) -> str:
    return _page(call)


@page.post("/<int:call>/reveal")
@may(Permission.SEE_CALLS)
def reveal(call: int) -> ResponseReturnValue:
    if not staff().may(Permission.SEE_PRIVATE):
        abort(403)
    found, why = _get(call), request.form.get("why", "")
    try:
        if found.member is None:
            services().call_book.reveal(call, by=staff().actor, why=why)
        else:
            services().notebook.reveal(found.member, by=staff().actor, why=why)
    except Invalid as no:
        return _page(call, wrong=say(no), why=why), 400
    except NotFound:
        abort(404)
    remember(_whose(found))
    return redirect(url_for("calls.show", call=call))


@page.post("/<int:call>/screens/<int:number>/simulator")
@may(Permission.SEE_CALLS)
def play_again(call: int, number: int) -> ResponseReturnValue:
    if not is_shown(_whose(_get(call))):
        abort(403)
    try:
        return redirect(services().call_replay.open(call, number, by=staff().actor))
    except NotFound:
        abort(404)
    except Conflict:
        return _page(call, wrong=gettext("The number is somebody else's by now.")), 409


def _read(query: Mapping[str, str]) -> CallFilter:
    """What is asked; by their number only those are found whose numbers one may see."""
    wanted = CallFilter.parse(query)
    if wanted.who and wanted.member is None and not staff().may(Permission.SEE_PRIVATE):
        abort(403)
    return wanted


def _get(call: int) -> CallRow:
    try:
        return services().call_book.get(call)
    except NotFound:
        abort(404)


def _whose(call: CallRow) -> int | str:
    """Under what a reveal of its screens is remembered: the member, or the session itself."""
    return f"call {call.id}" if call.member is None else call.member


def _page(call: int, *, wrong: str = "", why: str = "") -> str:
    found = _get(call)
    return render_template(
        "call.html",
        call=found,
        screens=services().call_book.screens(call),
        is_shown=is_shown(_whose(found)),
        states=STATES,
        colours=COLOURS,
        how=HOW,
        wrong=wrong,
        why=why,
        simulator=services().call_replay.simulator,
    )


def _list(
    query: Mapping[str, str],
    wanted: CallFilter,
    found: Page[CallRow],
    *,
    no: Invalid | None = None,
    why: str = "",
    is_first: bool = True,
) -> str:
    return render_template(
        "calls.html",
        typed={name: typed for name, typed in query.items() if typed},
        asked=wanted.asked,
        found=found,
        is_first=is_first,
        wrong=say(no) if no else "",
        wrong_field=getattr(no, "field", ""),
        why=why,
        states=STATES,
        ends=[(status, ENDS[status]) for status in CALL_STATUSES],
        colours=COLOURS,
    )


def _cells(rows: Iterable[CallRow], *, whole: bool) -> Iterable[list[object]]:
    for row in rows:
        yield [
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
