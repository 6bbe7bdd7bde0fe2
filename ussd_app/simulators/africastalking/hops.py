"""One hop: the form, the copies a network makes of it, and what the answer is worth."""

import threading
from functools import partial
from typing import Literal

from ussd_app.simulators.africastalking import gsm
from ussd_app.simulators.africastalking.courier import HOP_LABEL, Answer
from ussd_app.simulators.africastalking.office import Office
from ussd_app.simulators.africastalking.records import Hop, Session, now

MAX_HOPS = 500
Verdict = Literal["CON", "END", "bad"]

_OK = 200
_LABEL_CHARACTERS = 99


def ask(office: Office, session: Session, hop: Hop) -> Verdict:
    """Post the hop, with every copy the faults ask for, and write down what the caller is to see."""
    form, headers = _form(session, hop.text), _echo(session)
    copies = _copies(office, session, hop)
    threads = [
        threading.Thread(target=_post, args=(office, session, copy, headers), daemon=True)
        for copy in copies
    ]
    for thread in threads:
        thread.start()
    answer = _send(office, form, headers)
    for thread in threads:
        thread.join()
    if late := office.strikes("ussd.late_duplicate", session.phone, hop.faults):
        copy = Hop(number=hop.number, text=hop.text, sent_at=now(), copy_of=late.name)
        office.post.after(late.seconds, partial(_post_late, office, session, copy, headers))
    return _judge(office, hop, answer)


def _copies(office: Office, session: Session, hop: Hop) -> list[Hop]:
    copies = []
    if office.strikes("ussd.duplicate", session.phone, hop.faults):
        copies.append(
            Hop(number=hop.number, text=hop.text, sent_at=now(), copy_of="ussd.duplicate")
        )
    if hop.number == 1:
        twin = office.strikes("ussd.double_start", session.phone, hop.faults)
        if twin:
            text = hop.text if twin.text is None else twin.text
            copies.append(Hop(number=1, text=text, sent_at=now(), copy_of="ussd.double_start"))
    with office.books.lock:
        session.hops.extend(copies)
    return copies


def _post(office: Office, session: Session, copy: Hop, headers: dict[str, str]) -> None:
    _judge(office, copy, _send(office, _form(session, copy.text), headers))


def _post_late(office: Office, session: Session, copy: Hop, headers: dict[str, str]) -> None:
    copy.sent_at = now()
    with office.books.lock:
        session.hops.append(copy)
    _post(office, session, copy, headers)


def _send(office: Office, form: dict[str, str], headers: dict[str, str]) -> Answer:
    address = office.config.callbacks.ussd
    if not address:
        return Answer(took_ms=0, error="no callback address is set")
    return office.courier.post(
        address, form, timeout_seconds=office.config.gateway_timeout_seconds, headers=headers
    )


def _form(session: Session, text: str) -> dict[str, str]:
    return {
        "sessionId": session.id,
        "phoneNumber": session.phone,
        "networkCode": session.network_code,
        "serviceCode": session.service_code,
        "text": text,
    }


def _echo(session: Session) -> dict[str, str]:
    labels = [hop.label for hop in session.own_hops]
    return {HOP_LABEL: labels[-2]} if len(labels) > 1 and labels[-2] else {}


def _judge(office: Office, hop: Hop, answer: Answer) -> Verdict:
    with office.books.lock:
        hop.took_ms = answer.took_ms
        hop.http_status = answer.http_status
        hop.answer = answer.body if answer.http_status is not None else None
        hop.error = answer.error
        verdict = _verdict(hop)
        if verdict != "bad":
            _write_screen(hop, answer)
        office.books.touch()
    return verdict


def _verdict(hop: Hop) -> Verdict:
    if hop.error or hop.answer is None:
        return "bad"
    if hop.http_status != _OK:
        hop.error = f"HTTP {hop.http_status} instead of 200"
        return "bad"
    match hop.answer[:4]:
        case "CON ":
            return "CON"
        case "END ":
            return "END"
        case _:
            hop.error = "the answer begins with neither CON nor END"
            return "bad"


def _write_screen(hop: Hop, answer: Answer) -> None:
    text = answer.body[4:]
    hop.screen = gsm.cut(text)
    hop.septets = gsm.septets(text)
    hop.too_long = hop.screen != text
    hop.outside_gsm = gsm.outside(text)
    if len(answer.label) <= _LABEL_CHARACTERS and "|" not in answer.label:
        hop.label = answer.label
