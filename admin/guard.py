"""Who may open which page: every view says it, and what does not say it opens for nobody.

A role, a suspension and an ended session are read anew for each request.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from ussd_app.services import Services
from ussd_app.users.permissions import Permission
from ussd_app.users.service import Staff

View = TypeVar("View", bound=Callable[..., Any])


class Open(StrEnum):
    """What opens without a permission."""

    EVERYBODY = "everybody"  # what pages are made of, and links sent by e-mail
    STRANGERS = "strangers"  # signing in: whoever is signed in goes to the first page
    SIGNED_IN = "signed in"  # one's own account
    STEPS = "steps"  # the same, and one of the first steps
    NOBODY = "nobody"  # a page of a library that is not ours to show


Lock = Permission | Open
LOCK, BY_ITSELF = "admin_lock", "admin_by_itself"
STEPS = {
    "password": ("security.change_password",),
    "email": ("sign_in.verify_email", "sign_in.confirm_email"),
    "factor": (
        "sign_in.second_factor",
        "passkeys.show",
        "passkeys.add_options",
        "passkeys.add",
    ),
    "codes": ("sign_in.recovery_codes",),
}
"""What must be done before anything else, and on which pages; to the first of them people go."""
ALWAYS = ("static", "security.logout")


def may(lock: Lock, *, by_itself: bool = False) -> Callable[[View], View]:
    """Say what a view is locked with; what pages ask for `by_itself` keeps nobody signed in."""

    def mark(view: View) -> View:
        setattr(view, LOCK, lock)
        setattr(view, BY_ITSELF, by_itself)
        return view

    return mark


def lock_of(app: Flask, endpoint: str) -> Lock | None:
    """What the view of an endpoint is locked with; None if it does not say, and so opens to none."""
    locks: dict[str, Lock] = app.extensions["admin_locks"]
    return locks.get(endpoint) or getattr(app.view_functions[endpoint], LOCK, None)


def install(app: Flask, services: Services, *, others: dict[str, Lock]) -> None:
    """Stand before every page; `others` locks the views that are not ours."""
    app.extensions["admin_locks"] = others
    app.extensions["services"] = services
    app.before_request(_stand)


def services() -> Services:
    """What the application can do."""
    found: Services = current_app.extensions["services"]
    return found


def staff() -> Staff:
    """Who is signed in; to be asked only behind the guard."""
    found: Staff = g.staff
    return found


def _stand() -> ResponseReturnValue | None:
    g.staff = _who()
    if request.endpoint is None:
        return None  # no such page
    lock = lock_of(current_app, request.endpoint)
    if lock is None or lock is Open.NOBODY:
        abort(404)
    if g.staff is None:
        is_open = lock in (Open.EVERYBODY, Open.STRANGERS)
        return None if is_open else redirect(url_for("security.login", next=_here()))
    if g.staff.step and request.endpoint not in (*ALWAYS, *STEPS[g.staff.step]):
        return redirect(url_for(STEPS[g.staff.step][0]))
    if lock is Open.STRANGERS:
        return redirect(url_for("home.show"))
    if isinstance(lock, Permission) and not g.staff.may(lock):
        services().users.denied(g.staff, request.endpoint)
        abort(403)
    return None


def _who() -> Staff | None:
    uniquifier, sid = session.get("_user_id"), session.get("sid")
    if not uniquifier or not sid:
        return None
    view = current_app.view_functions.get(request.endpoint or "")
    is_touch = not getattr(view, BY_ITSELF, False)
    found = services().user_sessions.staff(uniquifier, sid, is_touch=is_touch)
    if found is None:
        session.clear()
    return found


def _here() -> str | None:
    if request.method != "GET":
        return None
    return request.script_root + request.full_path.rstrip("?")
