"""The first page: what waits for somebody, and how the day goes."""

from __future__ import annotations

from flask import Blueprint, render_template

from admin.guard import Open, may, services, staff
from ussd_app.users.permissions import Permission

page = Blueprint("home", __name__)


@page.get("/")
@may(Open.SIGNED_IN)
def show() -> str:
    """Whoever sees people sees what waits; whoever sees figures sees the day."""
    today, me = services().today, staff()
    return render_template(
        "home.html",
        waiting=today.waiting(me.id) if me.may(Permission.SEE_PEOPLE) else None,
        figures=today.figures() if me.may(Permission.SEE_FIGURES) else None,
    )
