"""The page with the telephones, and everything it is made of; nothing is fetched from elsewhere."""

from pathlib import Path

from flask import Blueprint, Response, jsonify, send_from_directory

from ussd_app.simulators.africastalking.company import Company

_STATIC = Path(__file__).parent / "static"


def blueprint(company: Company) -> Blueprint:
    """Return the page, and the stories it offers."""
    blueprint = Blueprint("page", __name__)

    @blueprint.get("/")
    def page() -> Response:
        return send_from_directory(_STATIC, "page.html", max_age=0)

    @blueprint.get("/static/<name>")
    def static(name: str) -> Response:
        return send_from_directory(_STATIC, name, max_age=0)

    @blueprint.get("/stories")
    def stories() -> Response:
        return jsonify(stories=company.config.stories)

    return blueprint
