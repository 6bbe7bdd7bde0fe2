"""The words of the pages: English in the templates, Swahili from the catalogue beside them."""

from __future__ import annotations

from flask import Flask, g, request
from flask_babel import Babel

from ussd_app.services import Services

LANGUAGES = ("en", "sw")


def install(app: Flask, services: Services) -> None:
    """Choose a language for each request: the user's own, else one the browser asks for."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    app.jinja_env.globals["get_locale"] = chosen
    Babel(app, locale_selector=chosen, timezone_selector=lambda: str(services.local.zone))


def chosen() -> str:
    staff = g.get("staff")
    if staff and staff.language in LANGUAGES:
        return str(staff.language)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
