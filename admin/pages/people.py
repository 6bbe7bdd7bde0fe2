"""Finding people: the search, the list with its filters, and the same as a file."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin.csv_rows import line
from admin.guard import may, services, staff
from admin.language import chosen
from admin.masking import masked_name, masked_phone
from admin.pages import words
from admin.pages.saying import say
from ussd_app.errors import Invalid
from ussd_app.office.exporting import Page
from ussd_app.office.filters import InvalidFilter
from ussd_app.office.people import PersonRow
from ussd_app.office.people_filter import PeopleFilter
from ussd_app.users.permissions import Permission

NOTHING = Page[PersonRow]((), None)
COLUMNS = (
    "id", "name", "phone", "type", "status", "tier", "language", "joined", "balance", "token", "pin",
    "group", "location",
)  # fmt: skip

page = Blueprint("people", __name__, url_prefix="/people")


@page.get("")
@may(Permission.SEE_PEOPLE)
def listed() -> ResponseReturnValue:
    query = request.args.to_dict()
    after = query.pop("after", "")
    try:
        wanted = _read(query)
        found = services().people.page(wanted, after=after)
    except Invalid as no:
        return _list(query, PeopleFilter(), NOTHING, no=no), 400
    return _list(query, wanted, found, is_first=not after)


@page.post("/export")
@may(Permission.EXPORT)
def export() -> ResponseReturnValue:
    query, why = _asked_in_form(), request.form.get("why", "")
    wanted, found = PeopleFilter(), NOTHING
    try:
        wanted = _read(query)
        found = services().people.page(wanted)
        rows = services().people.export(wanted, by=staff().actor, why=why)
        lines = _lines(rows, whole=staff().may(Permission.SEE_PRIVATE))
    except Invalid as no:
        return _list(query, wanted, found, no=no, why=why), 400
    headers = {"Content-Disposition": "attachment; filename=people.csv"}
    return Response(lines, content_type="text/csv; charset=utf-8", headers=headers)


@page.post("/filters")
@may(Permission.SEE_PEOPLE)
def keep() -> ResponseReturnValue:
    query, wanted, found = _asked_in_form(), PeopleFilter(), NOTHING
    try:
        wanted = _read(query)
        found = services().people.page(wanted)
        services().notebook.keep_filter(request.form.get("name", ""), wanted, by=staff().actor)
    except Invalid as no:
        return _list(query, wanted, found, no=no), 400
    flash(_("The filter is kept."))
    return redirect(f"{url_for('people.listed')}?{wanted.query}")


@page.post("/filters/forget")
@may(Permission.SEE_PEOPLE)
def forget() -> ResponseReturnValue:
    services().notebook.forget_filter(request.form.get("name", ""), by=staff().actor)
    flash(_("The filter is forgotten."))
    return redirect(url_for("people.listed"))


def _asked_in_form() -> dict[str, str]:
    return {name: typed for name, typed in request.form.items() if name in PeopleFilter.names()}


def _read(query: Mapping[str, str]) -> PeopleFilter:
    """What is asked; a search tells of names, and a place is one's own: for who may see them."""
    wanted = PeopleFilter.parse(query)
    if wanted.is_private and not staff().may(Permission.SEE_PRIVATE):
        abort(403)
    return wanted


def _list(
    query: Mapping[str, str],
    wanted: PeopleFilter,
    found: Page[PersonRow],
    *,
    no: Invalid | None = None,
    why: str = "",
    is_first: bool = True,
) -> str:
    return render_template(
        "people.html",
        typed={name: typed for name, typed in query.items() if typed},
        wanted=wanted,
        found=found,
        cells=_cells(found.rows),
        is_first=is_first,
        wrong=say(no) if no else "",
        wrong_field=no.field if isinstance(no, InvalidFilter) else "",
        why=why,
        saved=services().notebook.filters(staff().id),
        languages=services().catalogs.names,
    )


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


def _lines(rows: Generator[PersonRow], *, whole: bool) -> Iterator[str]:
    """The file, line by line; closing it early closes what reads for it."""
    try:
        yield line(COLUMNS)
        for row in rows:
            yield line(
                (
                    str(row.id),
                    row.name if whole else masked_name(row.name),
                    row.phone if whole else masked_phone(row.phone),
                    row.kind,
                    row.status,
                    str(row.tier),
                    row.language,
                    row.joined_at.isoformat(timespec="seconds") if row.joined_at else "",
                    row.balance.number.replace(",", ""),
                    row.balance.unit.code,
                    row.pin,
                    str(row.group or ""),
                    row.location if whole else "",
                )
            )
    finally:
        rows.close()
