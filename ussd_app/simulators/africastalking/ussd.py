"""The USSD desk: dialling, answering, hanging up, running out of time, and telling how it ended."""

import re
import secrets
from functools import partial

from ussd_app.simulators.africastalking import hops
from ussd_app.simulators.africastalking.callbacks import hand_over, hand_over_once_more
from ussd_app.simulators.africastalking.office import Office
from ussd_app.simulators.africastalking.records import Callback, Hop, Session, Status, now
from ussd_app.simulators.errors import Refused

OPERATOR_ERROR = "Connection problem or invalid MMI code."
LINE_DROPPED = "Connection lost."
TIME_IS_UP = "Session timed out."
MAX_INPUT = 160
MAX_LAST_ANSWER = 1000
SESSION_COST = "KES 0.5000"

_DIALLED = re.compile(r"\*[^#\x00-\x1f]{1,180}#")


class UssdDesk:
    """Carries sessions between phones and the application; phones never wait for one another."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def dial(self, phone: str, code: str, *, keep: bool = False) -> Session | None:
        """Begin a session and return it at its first screen; None if the code is not the company's.

        A session the phone still had is left alone until its time is up; with `keep` it can still
        be answered by its id.
        """
        config, books = self._office.config, self._office.books
        tail = _tail(code, config.service_code)
        if tail is None:
            return None
        session = Session(
            id=f"ATUid_{secrets.token_hex(16)}",
            phone=phone,
            service_code=config.service_code,
            network_code=config.network_code,
            dialled=code,
            inputs=[tail] if tail else [],
            started_at=now(),
            seconds=config.session_seconds,
            waiting=True,
        )
        before = books.open_session(session)
        if before and not keep:
            before.abandoned = True
        self._office.clock.after(session.seconds, partial(self._time_out, session))
        self._hop(session)
        return session

    def adopt(self, phone: str, session_id: str) -> Session:
        """Show a session that the application has opened for this phone, at the screen it is at.

        A session the phone had can still be answered by its id.
        """
        config = self._office.config
        session = Session(
            id=session_id,
            phone=phone,
            service_code=config.service_code,
            network_code=config.network_code,
            dialled=config.service_code,
            inputs=[],
            started_at=now(),
            seconds=config.session_seconds,
            waiting=True,
        )
        self._office.books.open_session(session)
        self._office.clock.after(session.seconds, partial(self._time_out, session))
        self._hop(session)
        return session

    def reply(self, phone: str, text: str, *, session_id: str | None = None) -> Session:
        """Send what was typed and return the session at its next screen."""
        if len(text) > MAX_INPUT or not text.isprintable():
            raise Refused(f"a reply is at most {MAX_INPUT} printable characters")
        with self._office.books.lock:
            session = self._open_session(phone, session_id)
            if session.waiting:
                raise Refused("the last answer is still on its way", status=409)
            if len(session.hops) >= hops.MAX_HOPS:
                raise Refused("the session has had too many hops", status=409)
            session.inputs.append(text)
            session.waiting = True
        self._hop(session)
        return session

    def hang_up(self, phone: str, *, session_id: str | None = None) -> Session:
        """End the session from the phone, also while an answer is on its way."""
        with self._office.books.lock:
            session = self._open_session(phone, session_id)
            self._end(session, "Incomplete")
        return session

    def _open_session(self, phone: str, session_id: str | None) -> Session:
        books = self._office.books
        session = books.sessions.get(session_id) if session_id else books.latest_session(phone)
        if session is None or session.phone != phone or session.abandoned:
            raise Refused("no session is open; dial first", status=409)
        if session.status != "Open":
            raise Refused("the session is over; dial again", status=409)
        return session

    def _hop(self, session: Session) -> None:
        office = self._office
        with office.books.lock:
            number = len(session.own_hops) + 1
            hop = Hop(number=number, text=session.text, sent_at=now())
            session.hops.append(hop)
            office.books.touch()
        if slow := office.strikes("ussd.slow", session.phone, hop.faults):
            office.clock.rest(slow.seconds)
        if office.strikes("ussd.lost_request", session.phone, hop.faults):
            hop.error = "the network lost the request"
            verdict: hops.Verdict = "bad"
        else:
            verdict = hops.ask(office, session, hop)
        self._conclude(session, hop, verdict)

    def _conclude(self, session: Session, hop: Hop, verdict: hops.Verdict) -> None:
        office = self._office
        lost = verdict != "bad" and office.strikes("ussd.lost_answer", session.phone, hop.faults)
        cut = verdict == "CON" and office.strikes("ussd.cut", session.phone, hop.faults)
        with office.books.lock:
            session.waiting = False
            if session.status != "Open":
                return
            session.screen = "" if lost else hop.screen
            if verdict == "bad":
                self._end(session, "Failed", operator=OPERATOR_ERROR, message=hop.error)
            elif verdict == "END":
                self._end(session, "Success", operator=OPERATOR_ERROR if lost else "")
            elif lost:
                self._end(session, "Incomplete", operator=OPERATOR_ERROR)
            elif cut:
                self._end(session, "Incomplete", operator=LINE_DROPPED)
            elif session.seconds_left == 0:
                self._end(session, "Incomplete", operator=TIME_IS_UP)
            office.books.touch()

    def _time_out(self, session: Session) -> None:
        with self._office.books.lock:
            if session.status == "Open" and not session.waiting:
                self._end(session, "Incomplete", operator=TIME_IS_UP)

    def _end(
        self, session: Session, status: Status, *, operator: str = "", message: str = ""
    ) -> None:
        session.status = status
        session.ended_at = now()
        session.operator_error = operator
        session.error_message = message
        self._office.books.touch()
        self._tell_end(session)

    def _tell_end(self, session: Session) -> None:
        office = self._office
        if session.id not in office.books.sessions:
            return  # the books were reset while an answer was on its way
        callback = Callback(kind="events", fields=_event(session))
        office.books.events.append(callback)
        if office.strikes("ussd.no_event", session.phone, callback.faults):
            callback.state = "dropped"
            return
        delay = office.strikes("event.delay", session.phone, callback.faults)
        hand_over(office, callback, tries=1, seconds=delay.seconds if delay else 0.0)
        if office.strikes("event.duplicate", session.phone, callback.faults):
            hand_over_once_more(office, callback)


def _tail(code: str, service_code: str) -> str | None:
    if not _DIALLED.fullmatch(code):
        return None
    if code == service_code:
        return ""
    stem = service_code.removesuffix("#") + "*"
    return code.removeprefix(stem).removesuffix("#") if code.startswith(stem) else None


def _event(session: Session) -> dict[str, str]:
    own = session.own_hops
    answers = [hop.answer for hop in own if hop.answer]
    form = {
        "date": now().strftime("%Y-%m-%d %H:%M:%S"),
        "sessionId": session.id,
        "serviceCode": session.service_code,
        "networkCode": session.network_code,
        "phoneNumber": session.phone,
        "status": session.status,
        "cost": SESSION_COST,
        "durationInMillis": str(session.milliseconds),
        "hopsCount": str(len(own)),
        "hopsMetadata": "|".join(hop.label for hop in own if hop.label),
        "input": session.text,
        "lastAppResponse": answers[-1][:MAX_LAST_ANSWER] if answers else "",
    }
    if session.error_message:
        form["errorMessage"] = session.error_message
    return form
