"""What a hand does with a telephone: dial, answer, hang up, write a message, look at the screen."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from ussd_app.simulators.africastalking.company import Company
from ussd_app.simulators.africastalking.records import Inbound, Session, Sms, plain
from ussd_app.simulators.africastalking.sms import MAX_TEXT
from ussd_app.simulators.africastalking.ussd import MAX_INPUT, OPERATOR_ERROR
from ussd_app.simulators.config import Person
from ussd_app.simulators.errors import Refused
from ussd_app.simulators.numbers import phone_number
from ussd_app.simulators.reading import json_object, number_of, text_of
from ussd_app.simulators.wishes import MAX_WORDS

MAX_CODE = 182
_SHOWN_SMS = 50


def blueprint(company: Company) -> Blueprint:
    """Return the telephones of this company's subscribers."""
    blueprint = Blueprint("phones", __name__, url_prefix="/phones")
    _add_shelf(blueprint, company)
    _add_keys(blueprint, company)
    return blueprint


def _add_shelf(blueprint: Blueprint, company: Company) -> None:
    @blueprint.get("")
    def list_phones() -> Response:
        revision = company.office.books.revision
        if "since" in request.args and number_of("since") == revision:
            return Response(status=204)
        people = company.subscribers.everybody()
        return jsonify(
            revision=revision,
            service_code=company.config.service_code,
            short_code=company.config.short_code,
            phones=[_phone(company, person) for person in people],
        )

    @blueprint.post("")
    def add_phone() -> tuple[Response, int]:
        body = json_object()
        person = Person(
            phone=phone_number(body.get("phone")),
            name=text_of(body, "name", most=MAX_WORDS, default=""),
            note=text_of(body, "note", most=MAX_WORDS, default=""),
        )
        company.subscribers.add(person)
        company.office.books.touch()
        return jsonify(_phone(company, person)), 201

    @blueprint.delete("/<number>")
    def remove_phone(number: str) -> Response:
        company.subscribers.remove(phone_number(number))
        company.office.books.touch()
        return Response(status=204)

    @blueprint.put("/<number>/pin")
    def note_pin(number: str) -> Response:
        pin = text_of(json_object(), "pin", most=MAX_WORDS)
        company.subscribers.note_pin(phone_number(number), pin)
        company.office.books.touch()
        return Response(status=204)

    @blueprint.get("/<number>")
    def read_phone(number: str) -> Response:
        phone = phone_number(number)
        person = company.subscribers.find(phone) or Person(phone=phone, name="")
        return jsonify(_phone(company, person))


def _add_keys(blueprint: Blueprint, company: Company) -> None:
    @blueprint.post("/<number>/dial")
    def dial(number: str) -> Response:
        phone = phone_number(number)
        code = text_of(json_object(), "code", most=MAX_CODE)
        session = company.ussd.dial(phone, code, keep=request.args.get("keep") == "1")
        return jsonify(_NO_SUCH_CODE if session is None else _session(company, session))

    @blueprint.post("/<number>/adopt")
    def adopt(number: str) -> Response:
        session_id = text_of(json_object(), "session_id", most=MAX_CODE)
        return jsonify(_session(company, company.ussd.adopt(phone_number(number), session_id)))

    @blueprint.post("/<number>/reply")
    def reply(number: str) -> Response:
        phone, body = phone_number(number), json_object()
        text = text_of(body, "text", most=MAX_INPUT)
        session = company.ussd.reply(phone, text, session_id=_session_id(body))
        return jsonify(_session(company, session))

    @blueprint.post("/<number>/hangup")
    def hang_up(number: str) -> Response:
        body = json_object() if request.content_length else {}
        session = company.ussd.hang_up(phone_number(number), session_id=_session_id(body))
        return jsonify(_session(company, session))

    @blueprint.post("/<number>/sms")
    def write_sms(number: str) -> tuple[Response, int]:
        phone, body = phone_number(number), json_object()
        text = text_of(body, "text", most=MAX_TEXT)
        to = text_of(body, "to", most=20, default=company.config.short_code)
        return jsonify(_inbound(company.sms.receive(phone, text, to=to))), 202


_NO_SUCH_CODE: dict[str, Any] = {
    "session_id": None,
    "status": "Failed",
    "screen": "",
    "septets": 0,
    "ends": True,
    "waiting": False,
    "operator_error": OPERATOR_ERROR,
    "seconds_left": 0,
    "hops": [],
}


def _session_id(body: dict[str, Any]) -> str | None:
    session_id = body.get("session_id")
    if session_id is not None and not isinstance(session_id, str):
        raise Refused("session_id is the id that dialling returned")
    return session_id


def _phone(company: Company, person: Person) -> dict[str, Any]:
    books = company.office.books
    session = books.latest_session(person.phone)
    return {
        **asdict(person),
        "opted_out": person.phone in books.opted_out,
        "session": _session(company, session) if session else None,
        "inbox": [_sms(sms) for sms in books.inbox(person.phone)[:_SHOWN_SMS]],
        "outbox": [_inbound(sms) for sms in books.outbox(person.phone)[:_SHOWN_SMS]],
    }


def _session(company: Company, session: Session) -> dict[str, Any]:
    with company.office.books.lock:
        own = session.own_hops
        return {
            "session_id": session.id,
            "status": session.status,
            "screen": session.screen,
            "septets": own[-1].septets if own and session.screen else 0,
            "ends": session.status != "Open",
            "waiting": session.waiting,
            "operator_error": session.operator_error or None,
            "seconds_left": session.seconds_left,
            "hops": plain(session.hops),
        }


def _sms(sms: Sms) -> dict[str, Any]:
    return {
        "id": sms.id,
        "from": sms.sender,
        "text": sms.text,
        "parts": sms.parts,
        "at": plain(sms.delivered_at),
    }


def _inbound(inbound: Inbound) -> dict[str, Any]:
    return {"id": inbound.id, "to": inbound.to, "text": inbound.text, "at": plain(inbound.at)}
