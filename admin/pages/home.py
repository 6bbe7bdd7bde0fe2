"""The first page: what waits for somebody, and how the day goes."""

from __future__ import annotations

from flask import Blueprint, render_template

from admin.guard import Open, may

page = Blueprint("home", __name__)


@page.get("/")
@may(Open.SIGNED_IN)
def show() -> str:
    return render_template("home.html")
