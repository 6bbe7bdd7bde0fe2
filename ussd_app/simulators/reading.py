"""Reading what a browser or a test sent, with limits and plain refusals."""

from typing import Any

from flask import request

from ussd_app.simulators.errors import Refused

NUMBER_DIGITS_MOST = 12


def json_object() -> dict[str, Any]:
    """Return the JSON object in the body."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refused("send a JSON object, with Content-Type: application/json")
    return body


def text_of(body: dict[str, Any], name: str, *, most: int, default: str | None = None) -> str:
    """Return a text of the object, at most so long; without a default it must be there."""
    text = body.get(name, default)
    if not isinstance(text, str) or len(text) > most:
        raise Refused(f"{name} is a text of at most {most} characters")
    return text


def number_of(name: str) -> int:
    """Return a whole number from the address, 0 if it is not given."""
    text = request.args.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > NUMBER_DIGITS_MOST:
        raise Refused(f"{name} is a whole number")
    return int(text)
