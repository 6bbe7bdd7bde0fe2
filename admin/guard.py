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

    EVERYBODY = "everybody"  # signing in, and what its pages are made of
    SIGNED_IN = "signed in"  # one's own account
    STEPS = "steps"  # the same, also before the first steps are done


Lock = Permission | Open
LOCK = "admin_lock"
STEPS = {
    "password": "security.change_password",
    "email": "sign_in.verify_email",
    "factor": "security.two_factor_setup",
}


def may(lock: Lock) -> Callable[[View], View]:
    """Say what a view is locked with."""

    def mark(view: View) -> View:
        setattr(view, LOCK, lock)
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
    if lock is Open.EVERYBODY:
        return None
    if lock is None:
        abort(404)
    if g.staff is None:
        return redirect(url_for("security.login", next=_here()))
    if lock is Open.STEPS:
        return None
    if g.staff.step:
        return redirect(url_for(STEPS[g.staff.step]))
    if isinstance(lock, Permission) and not g.staff.may(lock):
        abort(403)
    return None


def _who() -> Staff | None:
    uniquifier, sid = session.get("_user_id"), session.get("sid")
    if not uniquifier or not sid:
        return None
    found = services().users.staff(uniquifier)
    if found is None or not services().user_sessions.is_live(sid, found.id):
        session.clear()
        return None
    return found


def _here() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None
