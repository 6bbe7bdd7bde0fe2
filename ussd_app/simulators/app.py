"""The simulator as a Flask application."""

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from ussd_app.simulators.africastalking import control, insights, messaging
from ussd_app.simulators.africastalking.company import Company
from ussd_app.simulators.config import Config
from ussd_app.simulators.errors import Refused
from ussd_app.simulators.mail import page as mail
from ussd_app.simulators.mail.mailbox import Mailbox
from ussd_app.simulators.mail.server import PostOffice
from ussd_app.simulators.telephone import page, phones

MAX_BODY_BYTES = 1_000_000
_COMPANY, _POST_OFFICE = "africastalking", "post-office"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(config: Config) -> Flask:
    """Return companies that are open; they work on threads of their own until `close` is called."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    company = app.extensions[_COMPANY] = Company(config)
    mailbox = Mailbox()
    post_office = PostOffice(mailbox, company.office.faults, port=config.mail_port)
    app.extensions[_POST_OFFICE] = post_office
    for blueprint in (
        messaging.blueprint(company),
        insights.blueprint(company),
        control.blueprint(company),
        phones.blueprint(company),
        page.blueprint(company),
        mail.blueprint(mailbox, post_office),
    ):
        app.register_blueprint(blueprint)
    app.add_url_rule("/healthz", view_func=_health)
    app.before_request(_refuse_other_sites)
    app.after_request(_guard)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _failed)
    return app


def close(app: Flask) -> None:
    """End the companies' work; closing twice is harmless."""
    company: Company = app.extensions[_COMPANY]
    post_office: PostOffice = app.extensions[_POST_OFFICE]
    company.close()
    post_office.close()


def _health() -> Response:
    return Response("ok", mimetype="text/plain")


def _refuse_other_sites() -> None:
    """Let no page of another site press keys here, through the browser of whoever runs this."""
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site") in {
        "cross-site",
        "same-site",
    }:
        raise Refused("another site may not do that", status=403)


def _guard(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _refused(refusal: Refused) -> tuple[Response, int]:
    return jsonify(error=refusal.message), refusal.status


def _failed(failure: HTTPException) -> tuple[Response, int]:
    return jsonify(error=failure.description or failure.name), failure.code or 500
