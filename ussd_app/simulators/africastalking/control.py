"""The levers a test pulls: settings, faults, SIMs, and the books to compare one's own with."""

from flask import Blueprint, Response, jsonify, request

from ussd_app.simulators.africastalking.company import Company
from ussd_app.simulators.africastalking.faults import KNOWN
from ussd_app.simulators.africastalking.records import plain
from ussd_app.simulators.numbers import phone_number
from ussd_app.simulators.reading import json_object, number_of


def blueprint(company: Company) -> Blueprint:
    """Return the levers of this company."""
    blueprint = Blueprint("control", __name__, url_prefix="/control")
    books, faults = company.office.books, company.office.faults

    @blueprint.get("/config")
    def config() -> Response:
        return jsonify(company.config.public())

    @blueprint.put("/config")
    def configure() -> Response:
        company.configure(json_object())
        return jsonify(company.config.public())

    @blueprint.get("/faults")
    def list_faults() -> Response:
        return jsonify({"faults": faults.as_json(), "known": KNOWN})

    @blueprint.put("/faults")
    def switch_faults() -> Response:
        faults.switch(json_object().get("faults"))
        return jsonify({"faults": faults.as_json()})

    @blueprint.delete("/faults")
    def clear_faults() -> Response:
        faults.clear()
        return jsonify({"faults": []})

    @blueprint.get("/books")
    def read_books() -> Response:
        return jsonify(books.as_json(_asked("phone")))

    @blueprint.get("/sms")
    def read_sms() -> Response:
        since = number_of("since")
        found = books.sms_since(since, _asked("to"))
        return jsonify({"sms": plain(found), "last": found[-1].seq if found else since})

    @blueprint.post("/reset")
    def reset() -> Response:
        company.reset()
        return jsonify({"books": "empty"})

    _add_sims(blueprint, company)
    return blueprint


def _add_sims(blueprint: Blueprint, company: Company) -> None:
    @blueprint.get("/sims")
    def list_sims() -> Response:
        return jsonify({"sims": company.sims.as_json()})

    @blueprint.put("/sims")
    def swap_sims() -> Response:
        company.sims.swap(json_object())
        return jsonify({"sims": company.sims.as_json()})


def _asked(name: str) -> str | None:
    number = request.args.get(name)
    return phone_number(number) if number else None
