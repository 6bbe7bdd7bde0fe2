"""What staff change of a member: the details; an invitation taken back; a deletion asked for."""

from __future__ import annotations

from flask import Blueprint, abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin.guard import may, services, staff
from admin.pages.person import do, group_typed, may_make, place_typed
from admin.pages.shown import is_shown
from ussd_app.members.changing import Details
from ussd_app.office import erasure
from ussd_app.office.person import Person
from ussd_app.users.permissions import Permission

page = Blueprint("person_change", __name__, url_prefix="/people")


@page.post("/<int:member>/change")
@may(Permission.EDIT_PEOPLE)
def change(member: int) -> ResponseReturnValue:
    form = request.form

    def deed(person: Person) -> None:
        was = services().changing.see(person.id).details
        if (kind := form.get("kind", was.kind)) != was.kind:
            _demand_power(was.kind, kind)
        to = Details(
            kind,
            group_typed(form.get("group", "")),
            place_typed(form["location"]) if _shows_location(person) else was.location,
            _token(form.get("default_token", "")),
            auto_convert=form.get("auto_convert") == "yes",
        )
        changed = services().changing.change(
            person.id, to, seen=form.get("seen", ""), by=staff().actor, why=form.get("why", "")
        )
        flash(_("They are changed.") if changed else _("Nothing was changed."))

    return do("change", member, deed)


@page.post("/<int:member>/cancel")
@may(Permission.REMOVE_PEOPLE)
def cancel(member: int) -> ResponseReturnValue:
    def deed(person: Person) -> None:
        why = request.form.get("why", "")
        if services().invitations.cancel(person.id, by=staff().actor, why=why):
            flash(_("The invitation is taken back, and they are told by SMS."))
        else:
            flash(_("Nothing was changed: no invitation of theirs is open."))

    return do("leave", member, deed)


@page.post("/<int:member>/delete")
@may(Permission.REMOVE_PEOPLE)
def delete(member: int) -> ResponseReturnValue:
    def deed(person: Person) -> None:
        why = request.form.get("why", "")
        services().approvals.ask(erasure.KIND, {"member": person.id}, by=staff().actor, why=why)
        flash(_("Asked for. They are deleted when another person approves it."))

    return do("leave", member, deed)


def _shows_location(person: Person) -> bool:
    """Whether the form had the place in it: what is hidden is not written over."""
    return "location" in request.form and is_shown(person.id)


def _token(code: str) -> int | None:
    """The id of a token there is, None for the first one."""
    if not code:
        return None
    found = next((one.id for one in services().tokens.all() if one.unit.code == code), None)
    if found is None:
        abort(400)
    return found


def _demand_power(was: str, to: str) -> None:
    if not (may_make(was) and may_make(to)):
        abort(403)
