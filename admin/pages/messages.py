"""The SMS log: what was sent, how far it came, what it said for whoever says why; and sending."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
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
from admin.telling import Refusals, worded
from ussd_app.errors import Invalid, LimitReached, NotAllowed, Refusal
from ussd_app.messages.service import OptedOut
from ussd_app.office import sms_desk
from ussd_app.office.log_filter import SMS_STATES, SmsFilter
from ussd_app.office.person import Person
from ussd_app.office.sms_book import SmsRow
from ussd_app.office.sms_desk import LIMITS, SEPTETS_MOST, Unsendable
from ussd_app.users.permissions import Permission

KIND = "sms"
COLUMNS = (
    "id", "made", "member", "name", "phone", "kind", "state", "failure", "attempts", "cost",
    "reports", "repeats", "author",
)  # fmt: skip
STATES: Mapping[str, LazyString] = {
    "waiting": _("Waiting"),
    "sending": _("On its way"),
    "unclear": _("No answer yet"),
    "sent": _("Sent"),
    "delivered": _("Delivered"),
    "failed": _("Failed"),
    "expired": _("Too late"),
    "suppressed": _("Stopped: they want no SMS"),
}
COLOURS = {"delivered": "good", "failed": "bad", "expired": "bad", "suppressed": "bad"}
KINDS: Mapping[str, LazyString] = {
    "code": _("Code"),
    "complaint": _("Report of a caller"),
    "guarantor": _("Guarantors"),
    "guarantor-asked": _("Asked as a guarantor"),
    "invitation": _("Invitation"),
    "onboarding": _("Onboarding"),
    "receipt": _("Receipt"),
    "security": _("Security"),
    sms_desk.KIND: _("Written by staff"),
    "standing": _("Blocked or let in"),
    "statement": _("Statement"),
    "welcome": _("Welcome"),
    "withdrawn": _("Invitation withdrawn"),
}
REFUSALS: Refusals = {
    OptedOut: _("They want no SMS from us. Only they can change that, by an SMS of START."),
    sms_desk.NotLost: _("It is not lost: it arrived, or is still under way."),
    sms_desk.HasSecret: _("There was a code in it. Codes are never sent twice: send a new one."),
    sms_desk.TooLate: _("Its time is over: what it says may not be so any more. Write to them."),
    sms_desk.NotTheirs: _("It was sent to a number that is not a member's, or not theirs now."),
    sms_desk.NotActive: _("They are not active: nobody writes to them."),
    NotAllowed: _("That is not allowed."),
}

page = Blueprint("messages", __name__, url_prefix="/messages")


@page.get("")
@may(Permission.SEE_PEOPLE)
def listed() -> ResponseReturnValue:
    return _list(lists.asked(SmsFilter, services().sms_book))


@page.post("/export")
@may(Permission.EXPORT)
def export() -> ResponseReturnValue:
    listing, rows = lists.taken_out(SmsFilter, services().sms_book)
    if rows is None:
        return _list(listing)
    whole = staff().may(Permission.SEE_PRIVATE)
    return download("messages", COLUMNS, rows, partial(_line, whole=whole))


@page.get("/<int:message>")
@may(Permission.SEE_PEOPLE)
def show(message: int) -> str:
    return _page(message)


@page.post("/<int:message>/reveal")
@may(Permission.SEE_PRIVATE)
def reveal(message: int) -> ResponseReturnValue:
    why = request.form.get("why", "")
    try:
        shown.reveal(KIND, services().sms_book.get(message), services().sms_book, why=why)
    except Invalid as no:
        return _page(message, wrong=say(no), why=why), 400
    return redirect(url_for("messages.show", message=message))


@page.post("/<int:message>/again")
@may(Permission.SEND_SMS)
def again(message: int) -> ResponseReturnValue:
    services().sms_book.get(message)
    try:
        repeat, is_fresh = services().sms_desk.again(message, by=staff().actor)
    except Refusal as no:
        flash(_told(no, LIMITS.repeated), "error")
        return redirect(url_for("messages.show", message=message))
    if is_fresh:
        flash(gettext("It goes out again, as this SMS."), "success")
    else:
        flash(gettext("It went out again before, as this SMS."), "success")
    return redirect(url_for("messages.show", message=repeat))


@page.get("/to/<int:member>")
@may(Permission.SEND_SMS)
def writing(member: int) -> str:
    return _form(services().persons.get(member))


@page.post("/to/<int:member>")
@may(Permission.SEND_SMS)
def write(member: int) -> ResponseReturnValue:
    person, words = services().persons.get(member), request.form.get("words", "")
    if "count" in request.form:
        return _form(person, words=words)
    try:
        is_fresh = services().sms_desk.write(
            member, words, key=request.form.get("key", ""), by=staff().actor
        )
    except Refusal as no:
        wrong, code = _told(no, LIMITS.written), 400 if isinstance(no, Invalid) else 409
        return _form(person, words=words, wrong=wrong), code
    flash(gettext("It is on its way.") if is_fresh else gettext("It was sent before."), "success")
    return redirect(url_for("person.show", member=member, tab="messages"))


@page.post("/count")
@may(Permission.SEND_SMS)
def count() -> str:
    return render_template("sms_count.html", size=_size(request.form.get("words", "")))


def _told(no: Refusal, most: int) -> str:
    """Why not, and what to do."""
    if isinstance(no, Unsendable):
        return f"{say(no)} {' '.join(no.letters)}"
    if isinstance(no, LimitReached):
        if no.rule == "user":
            return str(gettext("You have sent %(most)s SMS today: enough.", most=LIMITS.by_user))
        return str(gettext("They had %(most)s such SMS today: enough for a day.", most=most))
    return worded(no, REFUSALS) or say(no)


def _size(words: str) -> sms_desk.Measure:
    return services().sms_desk.measure(words)


def _form(person: Person, *, words: str = "", wrong: str = "") -> str:
    return render_template(
        "sms_form.html",
        person=person,
        words_typed=words,
        wrong=wrong,
        size=_size(words),
        most=SEPTETS_MOST,
        key=request.form.get("key") or secrets.token_hex(16),
        is_shown=shown.is_shown(person.id),
    )


def _page(message: int, *, wrong: str = "", why: str = "") -> str:
    found = services().sms_book.get(message)
    return render_template(
        "message.html",
        message=found,
        is_shown=shown.is_shown(shown.whose(KIND, found)),
        wrong=wrong,
        why=why,
    )


def _list(listing: Listing) -> ResponseReturnValue:
    return render_template("messages.html", **vars(listing), all_states=SMS_STATES), listing.code


def _line(row: SmsRow, *, whole: bool) -> list[object]:
    return [
        row.id,
        row.made_at.isoformat(timespec="seconds"),
        row.member,
        row.name if whole else masked_name(row.name),
        row.phone if whole else masked_phone(row.phone),
        row.kind,
        row.state,
        row.failure,
        row.attempts,
        "" if row.cost is None else f"{row.cost / 100:.2f}",
        "; ".join(f"{one.status} {one.at.isoformat(timespec='seconds')}" for one in row.reports),
        row.again_of,
        row.author,
    ]
