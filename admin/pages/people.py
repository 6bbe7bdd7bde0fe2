"""Finding people: the search, the list with its filters, and the same as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin.csv_rows import download
from admin.guard import may, services, staff
from admin.language import chosen
from admin.masking import masked_name, masked_phone
from admin.pages import lists, words
from admin.pages.lists import Listing
from ussd_app.errors import Invalid
from ussd_app.office.people import PersonRow
from ussd_app.office.people_filter import PeopleFilter
from ussd_app.users.permissions import Permission

COLUMNS = (
    "id", "name", "phone", "type", "status", "tier", "language", "joined", "balance", "token", "pin",
    "group", "location",
)  # fmt: skip

page = Blueprint("people", __name__, url_prefix="/people")


@page.get("")
@may(Permission.SEE_PEOPLE)
def listed() -> ResponseReturnValue:
    return _list(lists.asked(PeopleFilter, services().people))


@page.post("/export")
@may(Permission.EXPORT)
def export() -> ResponseReturnValue:
    listing, rows = lists.taken_out(PeopleFilter, services().people)
    if rows is None:
        return _list(listing)
    whole = staff().may(Permission.SEE_PRIVATE)
    return download("people", COLUMNS, rows, partial(_line, whole=whole))


@page.post("/filters")
@may(Permission.SEE_PEOPLE)
def keep() -> ResponseReturnValue:
    listing, name = lists.in_form(PeopleFilter), request.form.get("name", "")
    try:
        listing.wanted = wanted = lists.read(PeopleFilter, listing.typed)
        listing.found = services().people.page(wanted)
        services().notebook.keep_filter(name, wanted, by=staff().actor)
    except Invalid as no:
        return _list(listing.refused(no))
    flash(_("The filter is kept."))
    return redirect(f"{url_for('people.listed')}?{wanted.query}")


@page.post("/filters/forget")
@may(Permission.SEE_PEOPLE)
def forget() -> ResponseReturnValue:
    services().notebook.forget_filter(request.form.get("name", ""), by=staff().actor)
    flash(_("The filter is forgotten."))
    return redirect(url_for("people.listed"))


def _list(listing: Listing) -> ResponseReturnValue:
    return render_template(
        "people.html",
        **vars(listing),
        cells=_cells(listing.found.rows),
        saved=services().notebook.filters(staff().id),
        languages=services().catalogs.names,
    ), listing.code


def _cells(rows: Iterable[PersonRow]) -> Iterator[Mapping[str, object]]:
    """What stands in the places of each row of the list: a name and a number only masked."""
    kinds, statuses, pins = map(words.spoken, (words.KINDS, words.STATUSES, words.PINS))
    states = {state: words.state(state, said) for state, said in {**statuses, **pins}.items()}
    pins_said = {**states, "ok": pins["ok"]}  # as nearly all are: it catches no eye
    calendar, language = services().local, chosen()
    for row in rows:
        joined = calendar.date(row.joined_at) if row.joined_at else None
        yield {
            "id": row.id,
            "name": masked_name(row.name),
            "phone": masked_phone(row.phone),
            "type": kinds[row.kind],
            "status": states[row.status],
            "pin": pins_said[row.pin],
            "tier": row.tier,
            "balance": row.balance,
            "joined": words.day(joined, language) if joined else "–",
        }


def _line(row: PersonRow, *, whole: bool) -> list[object]:
    return [
        row.id,
        row.name if whole else masked_name(row.name),
        row.phone if whole else masked_phone(row.phone),
        row.kind,
        row.status,
        row.tier,
        row.language,
        row.joined_at.isoformat(timespec="seconds") if row.joined_at else "",
        row.balance.number.replace(",", ""),
        row.balance.unit.code,
        row.pin,
        row.group,
        row.location if whole else "",
    ]
