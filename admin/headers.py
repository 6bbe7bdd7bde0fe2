"""What every answer carries: nothing runs that is not ours, nothing is framed, nothing is kept."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

NONCE_BYTES = 16
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'{forms}; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STATIC = "static"
A_YEAR = "public, max-age=31536000, immutable"


def install(app: Flask, *, https: bool, simulator: str) -> None:
    """Give every request a nonce and every answer its headers.

    A form may lead to the page of the simulator, where there is one.
    """
    forms = f" {simulator}" if simulator else ""

    def give_nonce() -> None:
        g.nonce = secrets.token_urlsafe(NONCE_BYTES)

    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY.format(
            nonce=g.get("nonce", ""), forms=forms
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        is_kept = request.endpoint == STATIC and "v" in request.args
        response.headers["Cache-Control"] = A_YEAR if is_kept else "no-store"
        if https:
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        return response

    app.before_request(give_nonce)
    app.after_request(harden)
