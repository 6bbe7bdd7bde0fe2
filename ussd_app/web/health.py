"""Whether this process lives, and whether it can work."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify

Check = Callable[[], bool]


def blueprint(checks: Mapping[str, Check]) -> Blueprint:
    """`/healthz` says that the process answers, `/readyz` that what it needs does too."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return Response("OK", content_type="text/plain; charset=utf-8")

    @routes.get("/readyz")
    def readyz() -> tuple[Response, int]:
        found = {name: check() for name, check in checks.items()}
        return jsonify(found), 200 if all(found.values()) else 503

    return routes
