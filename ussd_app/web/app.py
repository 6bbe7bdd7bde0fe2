"""The web application: the USSD door in front, Flask behind it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ussd_app.dialog.switchboard import Switchboard
from ussd_app.errors import Unavailable
from ussd_app.seal import Sealer
from ussd_app.services import Services
from ussd_app.settings import Settings
from ussd_app.throttle import Throttle
from ussd_app.web import callbacks, health
from ussd_app.web.edge import Edge
from ussd_app.web.ussd import UssdDoor

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BODY_MOST = 65_536

log = structlog.get_logger(__name__)


def create(
    settings: Settings,
    services: Services,
    switchboard: Switchboard,
    sealer: Sealer,
    checks: Mapping[str, health.Check],
    *,
    processes: int,
    admin: WSGIApplication,
) -> UssdDoor:
    """The WSGI application of one of so many processes, with the staff's at /admin."""
    edge = Edge.of(settings)
    app = Flask("ussd_app", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_MOST
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.register_blueprint(health.blueprint(checks))
    app.register_blueprint(
        callbacks.blueprint(
            services,
            edge,
            sealer,
            switchboard,
            sim_swap_fresh=timedelta(hours=settings.sim_swap_hours),
        )
    )
    app.register_error_handler(Exception, _apologise)
    app.after_request(_hardened)
    behind = DispatcherMiddleware(app.wsgi_app, {"/admin": admin})
    throttle = Throttle(
        per_second=settings.all_per_second / processes, burst=max(1, settings.all_burst / processes)
    )
    return UssdDoor(switchboard, edge, settings.all_service_codes, throttle, behind)


def _apologise(error: Exception) -> tuple[str, int]:
    """The door of a page: say no more than the number, and keep the rest for the log."""
    if isinstance(error, MethodNotAllowed):
        error = NotFound()  # another method tells nobody that there is something
    if isinstance(error, HTTPException):
        return f"{error.code} {error.name}\n", error.code or 500
    if isinstance(error, Unavailable):
        log.warning("web.unavailable", endpoint=request.endpoint, error=error)
        return "503 Service Unavailable\n", 503
    ref = secrets.token_hex(4)
    log.error("web.bug", endpoint=request.endpoint, ref=ref, exc_info=error)
    return f"500 Internal Server Error, ref {ref}\n", 500


def _hardened(response: Response) -> Response:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        response.content_type = "text/plain; charset=utf-8"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
