"""Signing in: Flask-Security behind our own accounts, sessions and steps."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from admin.guard import Lock, Open, may
from ussd_app.services import Services
from ussd_app.settings import Settings

LOCKS: dict[str, Lock] = {}

page = Blueprint("security", __name__)


@page.get("/sign-in")
@may(Open.EVERYBODY)
def login() -> str:
    return render_template("sign_in.html")


def install(app: Flask, settings: Settings, services: Services) -> None:
    app.register_blueprint(page)
