"""One member: who they are, what happened to them, and what staff may do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin.guard import may, services, staff
from admin.pages.saying import say
from admin.pages.shown import is_shown, remember
from ussd_app.digits import plain_digits
from ussd_app.errors import Invalid, NotFound, Refusal
from ussd_app.members.changing import NO_GROUP
from ussd_app.members.kinds import BECOMES, GROUP, KINDS, POWERFUL
from ussd_app.members.places import Place
from ussd_app.office.enrolling import Newcomer
from ussd_app.office.person import Person
from ussd_app.users.permissions import Permission
from ussd_app.values import Name, Phone

TABS: dict[str, Permission] = {
    "overview": Permission.SEE_PEOPLE,
    "transactions": Permission.SEE_TRANSACTIONS,
    "messages": Permission.SEE_PEOPLE,
    "calls": Permission.SEE_CALLS,
    "audit": Permission.SEE_AUDIT,
}

page = Blueprint("person", __name__, url_prefix="/people")


@page.get("/<int:member>")
@may(Permission.SEE_PEOPLE)
def show(member: int) -> ResponseReturnValue:
    return page_of(member)


@page.post("/<int:member>/reveal")
@may(Permission.SEE_PRIVATE)
def reveal(member: int) -> ResponseReturnValue:
    def deed(person: Person) -> None:
        services().notebook.reveal(person.id, by=staff().actor, why=request.form.get("why", ""))
        remember(person.id)

    return do("reveal", member, deed)


@page.post("/<int:member>/block")
@may(Permission.BLOCK_PEOPLE)
def block(member: int) -> ResponseReturnValue:
    def deed(person: Person) -> None:
        services().standing.block(person.phone, by=staff().actor, why=request.form.get("why", ""))
        flash(_("They are blocked, and told by SMS."))

    return do("block", member, deed)


@page.post("/<int:member>/unblock")
@may(Permission.BLOCK_PEOPLE)
def unblock(member: int) -> ResponseReturnValue:
    def deed(person: Person) -> None:
        services().standing.unblock(person.phone, by=staff().actor, why=request.form.get("why", ""))
        flash(_("They may come in again, and are told by SMS."))

    return do("block", member, deed)


@page.post("/<int:member>/language")
@may(Permission.EDIT_PEOPLE)
def speak(member: int) -> ResponseReturnValue:
    language = request.form.get("language", "")
    if language not in services().catalogs.languages:
        abort(400)

    def deed(person: Person) -> None:
        if language != person.language:
            services().members.speak(person.phone, language, by=staff().actor)
        flash(_("Their language is changed."))

    return do("language", member, deed)


@page.post("/<int:member>/notes")
@may(Permission.NOTE)
def note(member: int) -> ResponseReturnValue:
    def deed(person: Person) -> None:
        services().notebook.write(person.id, request.form.get("words", ""), by=staff().actor)

    return do("note", member, deed)


@page.post("/<int:member>/tags")
@may(Permission.NOTE)
def tag(member: int) -> ResponseReturnValue:
    def deed(person: Person) -> None:
        services().notebook.tag(person.id, request.form.get("tag", ""), by=staff().actor)

    return do("tag", member, deed)


@page.post("/<int:member>/tags/remove")
@may(Permission.NOTE)
def untag(member: int) -> ResponseReturnValue:
    def deed(person: Person) -> None:
        services().notebook.untag(person.id, request.form.get("tag", ""), by=staff().actor)

    return do("tag", member, deed)


@page.get("/invite")
@may(Permission.ADD_PEOPLE)
def asking() -> ResponseReturnValue:
    return _invitation({})


@page.post("/invite")
@may(Permission.ADD_PEOPLE)
def invite() -> ResponseReturnValue:
    typed = request.form.to_dict()
    language, kind = typed.get("language", ""), typed.get("kind", "")
    if language not in services().catalogs.languages or kind not in KINDS:
        abort(400)
    if not may_make(kind):
        abort(403)
    try:
        newcomer = Newcomer(
            phone=Phone.parse(typed.get("phone", ""), f"+{services().countries[0]}"),
            name=Name.parse(typed.get("name", "")),
            language=language,
            kind=kind,
            group=group_typed(typed.get("group", "")),
            location=place_typed(typed.get("location", "")),
            tag=typed.get("tag", ""),
        )
        services().enrolling.invite(services().organisation, newcomer, by=staff().actor)
    except Refusal as no:
        return _invitation(typed, wrong=say(no)), 400
    flash(_("The invitation is on its way by SMS. It holds for 24 hours."))
    return redirect(url_for("people.listed", status="INVITED", sort="id", order="down"))


def _invitation(typed: dict[str, str], *, wrong: str = "") -> str:
    return render_template(
        "invite_member.html",
        typed=typed,
        wrong=wrong,
        languages=services().catalogs.names,
        kinds=[kind for kind in KINDS if may_make(kind)],
    )


def may_make(kind: str) -> bool:
    """Whether whoever asks may make somebody that, or make them that no more."""
    return kind not in POWERFUL or staff().may(Permission.EMPOWER)


def group_typed(typed: str) -> int | None:
    """The id of a group, if one was typed. Raises Invalid."""
    digits = plain_digits(typed)
    if not digits:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", digits):
        raise Invalid(NO_GROUP)
    return int(digits)


def place_typed(typed: str) -> Place | None:
    """The place, if one was typed. Raises Invalid."""
    return Place.parse(typed) if typed.strip() else None


def do(form: str, member: int, deed: Callable[[Person], None]) -> ResponseReturnValue:
    """Do it and show the member; a refusal stands in its form, with what was typed."""
    try:
        deed(services().persons.get(member))
    except NotFound:
        raise  # the door of the pages says it
    except Refusal as no:
        return page_of(member, wrong={form: say(no)}), 400 if isinstance(no, Invalid) else 409
    return redirect(url_for("person.show", member=member))


def page_of(member: int, *, wrong: dict[str, str] | None = None) -> str:
    tab = request.args.get("tab", "overview")
    if tab not in TABS:
        abort(404)
    if not staff().may(TABS[tab]):
        abort(403)
    person = services().persons.get(member)
    return render_template(
        f"person/{tab}.html",
        person=person,
        tab=tab,
        tabs=[name for name, needed in TABS.items() if staff().may(needed)],
        wrong=wrong or {},
        typed=request.form,
        is_shown=is_shown(member),
        languages=services().catalogs.names,
        **_contents(tab, person),
    )


def _contents(tab: str, person: Person) -> dict[str, Any]:
    """What the tab shows, and nothing of the others."""
    persons, notebook = services().persons, services().notebook
    match tab:
        case "transactions":
            return {"movements": persons.movements(person.id)}
        case "messages":
            return {"messages": services().sms_book.of_member(person.id)}
        case "calls":
            return {"calls": services().call_book.of_member(person.id)}
        case "audit":
            return {"deeds": persons.audit(person.id)}
        case _:
            return {
                "balances": persons.balances(person.id),
                "limits": persons.limits(person.id),
                "notes": notebook.notes(person.id),
                "tags": notebook.tags(person.id),
                "reports": persons.complaints(person.id),
                "belonging": persons.belonging(person.id) if person.kind == GROUP else (),
                "becomes": [
                    kind
                    for kind in sorted(BECOMES.get(person.kind, ()))
                    if may_make(kind) and may_make(person.kind)
                ],
                "tokens": services().tokens.all(),
            }
