"""The SMS desk: taking messages over, carrying them to phones, and reporting what became of them."""

import secrets
from dataclasses import dataclass
from functools import partial

from ussd_app.simulators.africastalking import gsm
from ussd_app.simulators.africastalking.callbacks import hand_over, hand_over_once_more
from ussd_app.simulators.africastalking.office import Office
from ussd_app.simulators.africastalking.records import (
    Callback,
    Inbound,
    RefusedSms,
    Sms,
    now,
)
from ussd_app.simulators.africastalking.statuses import (
    IN_BLACKLIST,
    INVALID_NUMBER,
    PROCESSED,
    QUEUED,
    SENT,
    STATUS_NAMES,
)
from ussd_app.simulators.errors import Refused
from ussd_app.simulators.numbers import is_international

DEFAULT_SENDER = "AFRICASTKNG"
MAX_TEXT = 1600
CENTS_PER_PART = 80
_REPORT_LAG_SECONDS = 0.05  # a phone has its message before the sender hears of it
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE"})
START_WORDS = frozenset({"START", "UNSTOP", "SUBSCRIBE"})


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """The company's word about one recipient, as it stands in the answer."""

    number: str
    status_code: int
    cost_cents: int = 0
    message_id: str = "None"

    def as_json(self) -> dict[str, str | int]:
        """Return it with the company's own field names."""
        return {
            "statusCode": self.status_code,
            "number": self.number,
            "status": STATUS_NAMES[self.status_code],
            "cost": money(self.cost_cents) if self.cost_cents else "0",
            "messageId": self.message_id,
        }


def money(cents: int) -> str:
    """Return an amount as the company writes it."""
    return f"KES {cents // 100}.{cents % 100:02}00"


class SmsDesk:
    """Takes messages both ways; what it accepts it delivers, whatever the sender was told."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def knows_sender(self, sender: str) -> bool:
        """Tell whether messages may be sent under that name; with no list, any name is good."""
        return not sender or sender in (self._office.config.sender_ids or (sender,))

    def accept(self, to: str, text: str, *, sender: str) -> Recipient:
        """Take the message over for one recipient, or say why not."""
        office = self._office
        parts = gsm.parts(text)
        cents = parts * CENTS_PER_PART
        refusal = self._refusal(to)
        if refusal:
            refused = RefusedSms(to=to, text=text, status_code=refusal, at=now())
            office.books.note(office.books.refused_sms, refused)
            return Recipient(number=to, status_code=refusal)
        sms = Sms(
            id=f"ATPid_{secrets.token_hex(16)}",
            to=to,
            sender=sender or DEFAULT_SENDER,
            text=text,
            parts=parts,
            cost=money(cents),
            accepted_at=now(),
            outside_gsm=gsm.outside(text),
        )
        office.books.accept(sms)
        self._carry(sms)
        return self._word(sms, cents)

    def receive(self, phone: str, text: str, *, to: str) -> Inbound:
        """Take a message from a phone; STOP and its like opt the phone out, START opts it in again."""
        if not text or len(text) > MAX_TEXT:
            raise Refused(f"an SMS has 1 to {MAX_TEXT} characters")
        books, word = self._office.books, text.strip().upper()
        if word in STOP_WORDS:
            books.set_opted_out(phone, True)
            callback = self._opt_out(phone, to)
        else:
            if word in START_WORDS:
                books.set_opted_out(phone, False)
            callback = self._inbound(phone, text, to)
        inbound = Inbound(
            id=callback.fields.get("id", secrets.token_hex(16)),
            sender=phone,
            to=to,
            text=text,
            at=now(),
            callback=callback,
        )
        books.receive(inbound)
        return inbound

    def _word(self, sms: Sms, cents: int) -> Recipient:
        """Say that it is accepted, in one of the ways there are."""
        office = self._office
        code = SENT
        if office.strikes("sms.processed", sms.to, sms.faults):
            code = PROCESSED
        elif office.strikes("sms.queued", sms.to, sms.faults):
            code = QUEUED
        no_id = office.strikes("sms.no_id", sms.to, sms.faults)
        return Recipient(
            number=sms.to,
            status_code=code,
            cost_cents=cents,
            message_id="None" if no_id else sms.id,
        )

    def _refusal(self, to: str) -> int | None:
        if not is_international(to):
            return INVALID_NUMBER
        if fault := self._office.strikes("sms.refuse", to, []):
            return fault.status_code
        return IN_BLACKLIST if to in self._office.books.opted_out else None

    def _carry(self, sms: Sms) -> None:
        office = self._office
        late = office.strikes("sms.late", sms.to, sms.faults)
        lost = office.strikes("sms.undelivered", sms.to, sms.faults)
        seconds = office.config.sms_seconds + (late.seconds if late else 0.0)
        final = "Failed" if lost else "Success"
        reports = [self._report(sms, status) for status in ("Sent", "Buffered", final)]
        if lost:
            reports[-1].fields["failureReason"] = lost.reason
        sms.reports = reports
        if not lost:
            office.clock.after(seconds, partial(self._deliver, sms))
        in_order = list(reports)
        if office.strikes("report.reorder", sms.to, sms.faults):
            in_order.insert(0, in_order.pop())
        self._report_on(sms, in_order, final_seconds=seconds)

    def _deliver(self, sms: Sms) -> None:
        with self._office.books.lock:
            sms.delivered_at = now()
            self._office.books.deliver(sms)

    def _report(self, sms: Sms, status: str) -> Callback:
        form = {
            "id": sms.id,
            "status": status,
            "phoneNumber": sms.to,
            "networkCode": self._office.config.network_code,
            "retryCount": "0",
        }
        return Callback(kind="delivery", fields=form)

    def _report_on(self, sms: Sms, reports: list[Callback], *, final_seconds: float) -> None:
        """Post the first of the reports, and the others after it, the last when the phone has it."""
        if not reports:
            return
        report, *rest = reports
        follow = partial(self._report_on, sms, rest, final_seconds=final_seconds)
        office = self._office
        if office.strikes("report.drop", sms.to, report.faults):
            report.state = "dropped"
            follow()
            return
        delay = office.strikes("report.delay", sms.to, report.faults)
        since = (now() - sms.accepted_at).total_seconds()
        last = report is sms.reports[-1]
        wait = max(0.0, final_seconds - since) + _REPORT_LAG_SECONDS if last else 0.0
        hand_over(
            office,
            report,
            tries=office.config.callback_attempts,
            seconds=wait + (delay.seconds if delay else 0.0),
            then=follow,
        )
        if office.strikes("report.duplicate", sms.to, report.faults):
            hand_over_once_more(office, report)

    def _inbound(self, phone: str, text: str, to: str) -> Callback:
        config = self._office.config
        form = {
            "date": now().strftime("%Y-%m-%d %H:%M:%S"),
            "from": phone,
            "id": secrets.token_hex(16),
            "linkId": secrets.token_hex(8),
            "text": text,
            "to": to,
            "cost": "KES 0.0000",
            "networkCode": config.network_code,
        }
        callback = Callback(kind="inbound", fields=form)
        hand_over(self._office, callback, tries=config.callback_attempts)
        if self._office.strikes("inbound.duplicate", phone, callback.faults):
            hand_over_once_more(self._office, callback)
        return callback

    def _opt_out(self, phone: str, to: str) -> Callback:
        books = self._office.books
        callback = Callback(kind="optout", fields={"senderId": to, "phoneNumber": phone})
        books.note(books.opt_outs, callback)
        hand_over(self._office, callback, tries=self._office.config.callback_attempts)
        return callback
