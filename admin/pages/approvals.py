"""What waits for a second person: makers see their own, and who decides sees all."""

from __future__ import annotations

import hashlib
from hmac import compare_digest

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from itsdangerous import Signer

from admin import transaction_words
from admin.guard import may, services, staff
from admin.language import lazy_gettext
from admin.telling import Refusals, tell
from ussd_app.errors import Conflict, Invalid, NotAllowed, NotFound
from ussd_app.office import erasure, factor_reset, phone_change, reversal
from ussd_app.office.approvals import Request
from ussd_app.users.permissions import Permission
from ussd_app.values import Phone

page = Blueprint("approvals", __name__, url_prefix="/approvals")

KINDS = {
    phone_change.KIND: lazy_gettext("Change the number of member %(member)s"),
    reversal.KIND: lazy_gettext("Take back %(amount)s of transaction %(reference)s"),
    factor_reset.KIND: lazy_gettext("Take off the second factors of %(name)s, who lost them"),
    erasure.KIND: lazy_gettext("Delete member %(member)s with all their data"),
}
REFUSALS: Refusals = {
    **transaction_words.REFUSALS,
    Conflict: lazy_gettext(
        "That cannot be done as things are: it is over, or the number is somebody's, or theirs"
        " already, or they are getting a new PIN. Nothing was changed."
    ),
    NotAllowed: lazy_gettext("Another person must decide this, who may. Nothing was changed."),
    NotFound: lazy_gettext("There is no such member, or no such request."),
}


@page.get("")
@may(Permission.EDIT_PEOPLE)
def show() -> str:
    return _shown(None, {})


@page.post("/<int:number>/reveal")
@may(Permission.EDIT_PEOPLE)
def reveal(number: int) -> ResponseReturnValue:
    try:
        found = services().approvals.reveal(number, by=staff().actor, why=_why())
    except (Invalid, NotAllowed, NotFound) as no:
        refused = no
        return tell(services(), "approvals.show", lambda: _raise(refused), REFUSALS)
    return _shown(number, dict(found))


@page.post("/<int:number>/approve")
@may(Permission.DECIDE)
def approve(number: int) -> ResponseReturnValue:
    def deed() -> object:
        one = services().approvals.get(number)
        is_same = compare_digest(_mark(one).encode(), request.form.get("seen", "").encode())
        seen = one.hash if is_same else ""
        if services().approvals.approve(number, seen=seen, by=staff().actor, why=_why()):
            return _("Approved and done.")
        return _("You approved it before: it was done once.")

    return tell(services(), "approvals.show", deed, REFUSALS)


@page.post("/<int:number>/refuse")
@may(Permission.DECIDE)
def refuse(number: int) -> ResponseReturnValue:
    def deed() -> object:
        if services().approvals.refuse(number, by=staff().actor, why=_why()):
            return _("Refused. Nothing was done.")
        return _("Nothing changed: it was over.")

    return tell(services(), "approvals.show", deed, REFUSALS)


@page.post("/phone")
@may(Permission.EDIT_PEOPLE)
def ask_for_phone() -> ResponseReturnValue:
    def deed() -> object:
        typed = request.form.get("member", "").strip()
        if not typed.isascii() or not typed.isdigit() or len(typed) > len(str(2**62)):
            raise NotFound("no such member")
        phone = Phone.parse(request.form.get("phone", ""), near=services().home_code)
        payload: dict[str, int | str] = {"member": int(typed), "phone": str(phone)}
        services().approvals.ask(phone_change.KIND, payload, by=staff().actor, why=_why())
        return _("Asked for. It is done when another person approves it.")

    return tell(services(), "approvals.show", deed, REFUSALS)


def _mark(one: Request) -> str:
    """What a form says was seen: a digest of a number is the number, to whoever tries them all."""
    if not one.has_private:
        return one.hash
    key = current_app.config["SECRET_KEY"]
    signer = Signer(key, salt="approvals", digest_method=hashlib.sha256)
    return signer.algorithm.get_signature(signer.derive_key(), one.hash.encode()).hex()


def _titled(one: Request) -> str:
    """What is asked for; people of the staff by their names."""
    told: dict[str, int | str] = dict(one.payload)
    if one.kind == factor_reset.KIND:
        user = services().staff_book.one(staff().tenant, int(told["user"]))
        told["name"] = user.name if user else told["user"]
    return str(KINDS[one.kind] % told)


def _shown(number: int | None, revealed: dict[str, int | str]) -> str:
    me, decides = staff(), staff().may(Permission.DECIDE)
    of = None if decides else me.id
    return render_template(
        "approvals.html",
        waiting=services().approvals.waiting(of=of),
        over=services().approvals.over(of=of),
        decides=decides,
        number=number,
        revealed=revealed,
        titled=_titled,
        mark=_mark,
    )


def _why() -> str:
    return request.form.get("why", "")


def _raise(error: Exception) -> object:
    raise error
