"""The staff: who works here, as what, who is invited, and what each has done."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin import roles
from admin.audit_words import said
from admin.guard import may, services, staff
from ussd_app.errors import Conflict, Invalid, NotAllowed, TooMany
from ussd_app.office import factor_reset
from ussd_app.users.permissions import INVITES, Permission, Role
from ussd_app.values import Reason

page = Blueprint("staff", __name__)


@page.get("/staff")
@may(Permission.SEE_STAFF)
def show() -> str:
    me = staff()
    return render_template(
        "staff.html",
        everybody=services().staff_book.everybody(me.tenant),
        waiting=len(services().staff_invitations.waiting(me)),
        roles=roles,
    )


@page.get("/staff/invitations")
@may(Permission.INVITE_STAFF)
def invitations() -> str:
    return _waiting()


@page.post("/staff/invitations")
@may(Permission.INVITE_STAFF)
def invite() -> ResponseReturnValue:
    email, role, language = request.form.get("email", ""), _role(), request.form.get("language", "")
    try:
        services().staff_invitations.invite(email, role, by=staff(), language=language)
    except Invalid as no:
        return _waiting(_translated(no), email=email, role=role, language=language), 422
    except Conflict:
        words = _("Whoever has that address works here already, or is invited as something else.")
        return _waiting(words, email=email, role=role, language=language), 409
    flash(_("Two letters are on their way: one with a link, one with a code."))
    return redirect(url_for("staff.invitations"))


@page.post("/staff/invitations/<int:invitation>/again")
@may(Permission.INVITE_STAFF)
def send_again(invitation: int) -> ResponseReturnValue:
    try:
        services().staff_invitations.resend(invitation, by=staff())
    except TooMany:
        flash(_("The letters left a moment ago. Wait a minute before you send others."), "error")
    else:
        flash(_("Two new letters are on their way. Those before work no more."))
    return redirect(url_for("staff.invitations"))


@page.post("/staff/invitations/<int:invitation>/withdraw")
@may(Permission.INVITE_STAFF)
def withdraw(invitation: int) -> ResponseReturnValue:
    services().staff_invitations.withdraw(invitation, by=staff())
    flash(_("The invitation is withdrawn. Its link opens nothing any more."))
    return redirect(url_for("staff.invitations"))


@page.get("/staff/<int:user>")
@may(Permission.SEE_STAFF)
def person(user: int) -> str:
    return _person(user)


@page.post("/staff/<int:user>/role")
@may(Permission.MANAGE_STAFF)
def change_role(user: int) -> ResponseReturnValue:
    role = _role()
    return _done(
        user,
        lambda: services().users.assign(user, role, by=staff().actor),
        _("They are %(role)s from now on.", role=roles.NAMES[role]),
    )


@page.post("/staff/<int:user>/suspend")
@may(Permission.MANAGE_STAFF)
def suspend(user: int) -> ResponseReturnValue:
    return _done(
        user,
        lambda: services().users.suspend(user, by=staff().actor, why=_why()),
        _("They are suspended, and signed out everywhere."),
    )


@page.post("/staff/<int:user>/restore")
@may(Permission.MANAGE_STAFF)
def restore(user: int) -> ResponseReturnValue:
    return _done(
        user,
        lambda: services().users.restore(user, by=staff().actor, why=_why()),
        _("They may sign in again."),
    )


@page.post("/staff/<int:user>/factors")
@may(Permission.MANAGE_STAFF)
def reset_factors(user: int) -> ResponseReturnValue:
    """Ask for it; another person approves."""

    def ask() -> object:
        if user == staff().id:
            raise NotAllowed("oneself")
        return services().approvals.ask(
            factor_reset.KIND, {"user": user}, by=staff().actor, why=_why()
        )

    return _done(user, ask, _("Asked for. It is done when another person approves it."))


@page.post("/staff/<int:user>/sign-out")
@may(Permission.MANAGE_STAFF)
def sign_out(user: int) -> ResponseReturnValue:
    return _done(
        user,
        lambda: services().user_sessions.end_all(user, by=staff().actor),
        _("They are signed out everywhere."),
    )


def _waiting(
    fault: str = "", *, email: str = "", role: Role | None = None, language: str = ""
) -> str:
    me, names = staff(), services().catalogs.names
    return render_template(
        "invitations.html",
        invitations=services().staff_invitations.waiting(me),
        theirs=_givable(me.role),
        roles=roles,
        languages=[(code, names[code]) for code in services().staff_invitations.languages],
        fault=fault,
        email=email,
        chosen=role,
        language=language,
    )


def _person(user: int, *, fault: str = "") -> str:
    found = services().staff_book.one(staff().tenant, user) or abort(404)
    return render_template(
        "staff_person.html",
        person=found,
        places=services().user_sessions.places(user),
        totals=services().staff_book.totals(user),
        deeds=services().staff_book.deeds(user),
        theirs=_givable(staff().role),
        roles=roles,
        said=said,
        fault=fault,
    )


def _done(user: int, deed: Callable[[], object], said: str) -> ResponseReturnValue:
    """Do it to somebody who works here, and say so; or say why it cannot be."""
    if services().staff_book.one(staff().tenant, user) is None:
        abort(404)
    try:
        deed()
    except Invalid as no:
        return _person(user, fault=_translated(no)), 422
    except NotAllowed:
        words = _("Nobody does that to themselves, and one super admin must stay.")
        return _person(user, fault=words), 409
    except Conflict:
        return _person(user, fault=_("They have no second factor that could be taken off.")), 409
    flash(said)
    return redirect(url_for("staff.person", user=user))


def _role() -> Role:
    """The role of the form."""
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        abort(400)


def _why() -> Reason:
    """The reason of the form. Raises Invalid."""
    return Reason.parse(request.form.get("why", ""))


def _givable(role: Role) -> list[Role]:
    """What somebody with this role may make others, the least first."""
    return [each for each in Role if each in INVITES.get(role, frozenset())]


def _translated(no: Invalid) -> str:
    return services().catalogs.translate(no.message, staff().language)
