"""Africa's Talking's other callbacks: ends of sessions, delivery reports, SMS, opt-outs, SIMs.

Each is one small transaction and answered 200, so that it is not sent again; when it could not be
written it is answered 503, so that it is. What is unknown, or was said before, is answered 200.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Blueprint, Response, abort, request

from ussd_app.calls.service import Ended
from ussd_app.dialog.switchboard import Switchboard
from ussd_app.errors import Invalid
from ussd_app.seal import Sealer
from ussd_app.services import Services
from ussd_app.values import Phone
from ussd_app.web import insights
from ussd_app.web.edge import Edge
from ussd_app.web.metrics import CALLBACKS

PREFIX = "/callbacks"
TEXT_MOST = 500
DIGITS_MOST = 12
ENDED_WELL = "Success"

Form = dict[str, str]


def blueprint(
    services: Services,
    edge: Edge,
    sealer: Sealer,
    switchboard: Switchboard,
    *,
    sim_swap_fresh: timedelta,
) -> Blueprint:
    """The routes under `/callbacks/<secret>/`; a SIM swapped `sim_swap_fresh` ago counts as old."""
    routes = Blueprint("callbacks", __name__, url_prefix=PREFIX)

    def route(kind: str, take_in: Callable[[Form], None]) -> None:
        def view(secret: str) -> Response:
            if not edge.admits(secret, request.environ):
                abort(404)
            try:
                take_in({name: _kept(value) for name, value in _told().items()})
            except (Invalid, KeyError, ValueError):
                CALLBACKS.labels(f"{kind}-unreadable").inc()
            else:
                CALLBACKS.labels(kind).inc()
            return Response("OK", content_type="text/plain; charset=utf-8")

        routes.add_url_rule(f"/<secret>/{kind}", kind, view, methods=["POST"])

    def delivery(form: Form) -> None:
        services.delivery.report(
            form["id"],
            status=form["status"],
            phone=Phone.trust(form["phoneNumber"]),
            failure=form.get("failureReason") or None,
        )

    def inbound(form: Form) -> None:
        services.messages.take_in(
            form["id"], phone=Phone.trust(form["from"]), body=form.get("text", "")
        )

    def optout(form: Form) -> None:
        services.messages.opt_out(Phone.trust(form["phoneNumber"]))

    route("events", partial(_event, services, sealer, switchboard))
    route("delivery", delivery)
    route("inbound", inbound)
    route("optout", optout)
    route("sim-swap", partial(_sim_swap, services, sim_swap_fresh))
    return routes


def _sim_swap(services: Services, fresh: timedelta, form: Form) -> None:
    verdict = insights.verdict(
        form.get("status", ""),
        form.get("lastSimSwapDate", ""),
        now=services.clock.now(),
        fresh=fresh,
    )
    services.recoveries.sim_known(form["requestId"], verdict=verdict)


def _event(services: Services, sealer: Sealer, switchboard: Switchboard, form: Form) -> None:
    ended = _ended(form, sealer)
    if not switchboard.is_again(form["sessionId"]):
        services.calls.ended(ended)
    _note_cut(form["sessionId"], ended, switchboard)


def _told() -> Form:
    """The fields of a form, or those of a JSON object that are texts."""
    if not request.is_json:
        return request.form.to_dict()
    try:
        told = json.loads(request.get_data())
    except RecursionError:
        return {}
    texts = told.items() if isinstance(told, dict) else ()
    return {name: value for name, value in texts if isinstance(value, str)}


def _ended(form: Form, sealer: Sealer) -> Ended:
    """What is kept: `input` and `lastAppResponse` hold what was typed and shown, and are not read."""
    return Ended(
        session=sealer.name("ended", form["sessionId"]).hex(),
        phone=Phone.trust(form["phoneNumber"]),
        service_code=form.get("serviceCode", ""),
        network=form.get("networkCode", ""),
        status=form["status"],
        path=form.get("hopsMetadata", ""),
        hops=_number(form.get("hopsCount")),
        milliseconds=_number(form.get("durationInMillis")),
        cost=_hundredths(form.get("cost")),
        failure=form.get("errorMessage") or None,
    )


def _note_cut(call: str, ended: Ended, switchboard: Switchboard) -> None:
    if ended.status != ENDED_WELL:
        switchboard.cut_off(call=call, phone=ended.phone, service_code=ended.service_code)


def _kept(told: str) -> str:
    """As much of a text as is kept, without the zero bytes that PostgreSQL refuses."""
    return told.replace("\x00", "")[:TEXT_MOST]


def _number(told: str | None) -> int:
    return int(told) if told and told.isdecimal() and len(told) < DIGITS_MOST else 0


def _hundredths(cost: str | None) -> int:
    """'KES 0.5000' as 50."""
    digits = (cost or "").rpartition(" ")[2]
    whole, _point, part = digits.partition(".")
    both = whole + part.ljust(2, "0")[:2]
    return int(both) if both.isdecimal() and len(both) < DIGITS_MOST else 0
