"""The mailbox as a page for people, and as JSON for tests."""

import re

from flask import Blueprint, Response, abort, jsonify, render_template, request
from markupsafe import Markup, escape

from ussd_app.simulators.mail.mailbox import Mailbox
from ussd_app.simulators.mail.server import PostOffice
from ussd_app.simulators.reading import number_of

_LINK = re.compile(r"https?://[^\s<>\"']+")


def blueprint(mailbox: Mailbox, post_office: PostOffice) -> Blueprint:
    """Return the list of letters and each of them."""
    blueprint = Blueprint("mail", __name__, url_prefix="/mail", template_folder="templates")

    @blueprint.get("")
    def show() -> str:
        to = request.args.get("to", "").strip()
        return render_template("letters.html", letters=mailbox.letters(to=to)[::-1], to=to)

    @blueprint.get("/<int:seq>")
    def read(seq: int) -> str:
        letter = mailbox.letter(seq) or abort(404)
        return render_template("letter.html", letter=letter, text=_with_links(letter.text))

    @blueprint.get("/letters")
    def as_json() -> Response:
        since = number_of("since")
        found = mailbox.letters(to=request.args.get("to", ""), since=since)
        return jsonify(
            letters=[each.as_json() for each in found],
            last=found[-1].seq if found else since,
            port=post_office.port,
        )

    @blueprint.delete("/letters")
    def reset() -> Response:
        mailbox.reset()
        return jsonify(letters=[])

    return blueprint


def _with_links(text: str) -> Markup:
    """The text, with what looks like an address to press."""
    parts, end = Markup(), 0
    for found in _LINK.finditer(text):
        link = Markup('<a href="{0}">{0}</a>').format(found[0])
        parts += escape(text[end : found.start()]) + link
        end = found.end()
    return parts + escape(text[end:])
