"""The page with the telephones, and everything it is made of; nothing is fetched from elsewhere."""

from pathlib import Path

from flask import Blueprint, Response, send_from_directory

_STATIC = Path(__file__).parent / "static"


def blueprint() -> Blueprint:
    """Return the page."""
    blueprint = Blueprint("page", __name__)

    @blueprint.get("/")
    def page() -> Response:
        return send_from_directory(_STATIC, "page.html", max_age=0)

    @blueprint.get("/static/<name>")
    def static(name: str) -> Response:
        return send_from_directory(_STATIC, name, max_age=0)

    return blueprint
