"""The staff admin: a Flask application of its own, mounted at /admin beside what machines call."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, abort, g, render_template, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, SecurityError
from werkzeug.routing import IntegerConverter, Map

from admin import addresses, assets, guard, headers, kept, language, pages, sign_in
from ussd_app import errors
from ussd_app.errors import Refusal, Unavailable
from ussd_app.services import Services
from ussd_app.settings import Settings
from ussd_app.users.permissions import Permission

BODY_MOST = 262_144
ID_MOST = 2**63 - 1

log = structlog.get_logger(__name__)


class Id(IntegerConverter):
    """A number in an address: one that no row can have leads nowhere."""

    def __init__(self, map: Map, **of_rule: Any) -> None:  # noqa: A002 - theirs
        super().__init__(map, **{"max": ID_MOST, **of_rule})


def create(settings: Settings, services: Services) -> Flask:
    """The WSGI application behind /admin."""
    app = Flask("admin", static_folder="static", static_url_path="/static")
    app.config.update(
        SECRET_KEY=settings.cookie_key.hex(),
        MAX_CONTENT_LENGTH=BODY_MOST,
        APPLICATION_ROOT="/admin",
        SESSION_COOKIE_NAME="__Host-staff" if settings.admin_is_https else "staff",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_SECURE=settings.admin_is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        TRUSTED_HOSTS=[settings.admin_host],
    )
    app.url_map.converters["int"] = Id
    headers.install(app, https=settings.admin_is_https, simulator=settings.simulator_url)
    language.install(app, services)
    kept.install(app)
    addresses.install(app)
    assets.install(app)
    CSRFProtect(app)
    guard.install(app, services, others={"static": guard.Open.EVERYBODY, **sign_in.LOCKS})
    app.before_request(_refuse_unstorable)
    sign_in.install(app, settings, services)
    pages.install(app)
    app.context_processor(
        lambda: {
            "staff": g.get("staff"),
            "organisation": settings.organisation,
            "support": settings.support_phone,
            "Permission": Permission,
        }
    )
    app.register_error_handler(Exception, _apologise)
    return app


def _refuse_unstorable() -> None:
    """A letter of code zero, which nobody types and no table keeps: refused here, for every page."""
    typed = (
        one for sent in (request.args, request.form) for many in sent.lists() for one in many[1]
    )
    if any("\0" in one for one in typed):
        abort(HTTPStatus.BAD_REQUEST)


def _told(error: HTTPException) -> tuple[Response, int]:
    """The page of an error, which says how long to wait where waiting helps."""
    wait = getattr(error, "retry_after", None)
    page = Response(render_template("error.html", code=error.code, ref=None, wait=wait))
    if wait:
        page.headers["Retry-After"] = str(wait)
    return page, error.code or HTTPStatus.INTERNAL_SERVER_ERROR


def _apologise(error: Exception) -> Response | tuple[str | Response, int]:
    """The door of a page: what happened, in words; a bug by its reference alone."""
    if isinstance(error, SecurityError):
        return Response(status=HTTPStatus.BAD_REQUEST)  # not our host: no page of ours has a link
    if isinstance(error, MethodNotAllowed | errors.NotFound):
        error = NotFound()
    if isinstance(error, HTTPException):
        if error.response is not None:
            return Response(error.get_body(), mimetype="text/html"), error.code or 500
        return _told(error)
    if isinstance(error, Refusal):
        return render_template("error.html", code=409, ref=None), HTTPStatus.CONFLICT
    if isinstance(error, Unavailable):
        log.warning("admin.unavailable", error=error)
        return render_template("error.html", code=503, ref=None), HTTPStatus.SERVICE_UNAVAILABLE
    ref = secrets.token_hex(4)
    log.error("admin.bug", ref=ref, exc_info=error)
    return render_template("error.html", code=500, ref=ref), HTTPStatus.INTERNAL_SERVER_ERROR
