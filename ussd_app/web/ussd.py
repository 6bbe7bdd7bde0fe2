"""The USSD callback: Africa's Talking posts a hop, the answer is a screen.

A bare WSGI callable in front of Flask, since this is what callers wait for. On its true path any
bytes get HTTP 200 and a sentence; anywhere else they fall through to the common 404. What was
posted holds PINs: it is parsed here, and neither it nor the path is ever logged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any
from urllib.parse import unquote_plus

from ussd_app.dialog.notices import FLOODED, UNREADABLE, WRONG_CODE
from ussd_app.dialog.switchboard import Hop, Reply, Switchboard
from ussd_app.throttle import Throttle
from ussd_app.web.edge import Edge
from ussd_app.web.metrics import HOP_SECONDS, HOPS

PATH = "/ussd/"
BODY_MOST = 8192
FIELDS_MOST = 20
FIELD_MOST = 2000
LABEL_HEADER = "at-ussd-hop-metadata"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class UssdDoor:
    """Answers the callback's true path, and hands every other request to `beyond`."""

    def __init__(
        self,
        switchboard: Switchboard,
        edge: Edge,
        service_codes: Iterable[str],
        throttle: Throttle,
        beyond: App,
    ) -> None:
        self._switchboard, self._edge, self._beyond = switchboard, edge, beyond
        self._service_codes, self._throttle = frozenset(service_codes), throttle

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if not (
            path.startswith(PATH)
            and environ["REQUEST_METHOD"] == "POST"
            and self._edge.admits(path[len(PATH) :], environ)
        ):
            return self._beyond(environ, start_response)
        began = perf_counter()
        reply = self._answer(environ)
        body = reply.body.encode()
        start_response(
            "200 OK",
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                (LABEL_HEADER, reply.label),
            ],
        )
        HOPS.labels(reply.label).inc()
        HOP_SECONDS.observe(perf_counter() - began)
        return [body]

    def _answer(self, environ: Environ) -> Reply:
        if not self._throttle.admits():
            return self._switchboard.last_words(FLOODED, "flooded")
        fields = _fields(environ)
        if fields is None or not {"sessionId", "phoneNumber", "serviceCode"} <= fields.keys():
            return self._switchboard.last_words(UNREADABLE, "unreadable")
        if fields["serviceCode"] not in self._service_codes:
            return self._switchboard.last_words(WRONG_CODE, "wrong-code")
        return self._switchboard.answer(
            Hop(
                fields["sessionId"],
                fields["phoneNumber"],
                fields["serviceCode"],
                fields.get("text", ""),
            )
        )


def _fields(environ: Environ) -> dict[str, str] | None:
    """The form's fields; None for what is no form, is too long, or says one thing twice."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > BODY_MOST:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    fields: dict[str, str] = {}
    for pair in body.decode("ascii", "replace").split("&", FIELDS_MOST):
        name, _equals, value = pair.partition("=")
        if "%" in value or "+" in value:
            value = unquote_plus(value, errors="replace")
        if name in fields or len(value) > FIELD_MOST or "\x00" in value:
            return None
        fields[name] = value
    return fields
