"""Everything that goes wrong between a phone and an application, to be switched on at will."""

import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ussd_app.simulators.africastalking.statuses import STATUS_NAMES, TAKEN
from ussd_app.simulators.errors import Refused
from ussd_app.simulators.numbers import phone_number

MAX_FAULTS = 100
MAX_SECONDS = 300.0
MAX_TIMES = 1_000_000

KNOWN: dict[str, str] = {
    "ussd.slow": "Each step reaches the application some seconds late.",
    "ussd.duplicate": "Each step is posted twice at the same moment.",
    "ussd.late_duplicate": "Each step is posted again some seconds later.",
    "ussd.double_start": "The start of a session is posted twice, perhaps with another text.",
    "ussd.lost_request": "The step never reaches the application; the caller sees an error.",
    "ussd.lost_answer": "The application answered, but the caller sees an error.",
    "ussd.cut": "The caller sees the screen, then the line drops.",
    "ussd.no_event": "The end of the session is never told.",
    "event.duplicate": "The end of the session is told twice.",
    "event.delay": "The end of the session is told some seconds late.",
    "sms.error_before": "The SMS service answers HTTP 500 and has accepted nothing.",
    "sms.error_after": "The SMS is accepted and delivered, but the answer is HTTP 500.",
    "sms.hang_before": "The SMS service accepts nothing and is silent for some seconds.",
    "sms.hang_after": "The SMS is accepted and delivered, but the answer takes some seconds.",
    "sms.reset": "The connection drops; nothing was accepted.",
    "sms.reset_after": "The SMS is accepted and delivered, but the connection drops.",
    "sms.refuse": "The recipient is refused with a status code.",
    "sms.invalid_sender": "The sender is refused: no recipients in the answer.",
    "sms.processed": "The SMS is accepted and delivered; its status is 100, Processed.",
    "sms.queued": "The SMS is accepted and delivered; its status is 102, Queued.",
    "sms.no_id": "The SMS is accepted and delivered, but the answer has no id for it.",
    "sms.charset": "The answer's content type carries a charset.",
    "sms.late": "The SMS reaches the phone some seconds late.",
    "sms.undelivered": "The SMS never reaches the phone; the last report says Failed.",
    "report.drop": "A delivery report is never posted.",
    "report.duplicate": "A delivery report is posted twice.",
    "report.reorder": "The last delivery report is posted first.",
    "report.delay": "A delivery report is posted some seconds late.",
    "inbound.duplicate": "An SMS from a phone is posted twice.",
    "sim.error": "The question about a SIM is answered HTTP 500, and never otherwise.",
    "sim.hang": "The question about a SIM is taken; the answer takes some seconds.",
    "sim.garbage": "The answer to a question about a SIM is no JSON.",
    "sim.refuse": "The question about a SIM is refused: Failed, and no id.",
    "sim.silent": "What became of a question about a SIM is never told.",
    "sim.failed": "What became of a question about a SIM is told as Failed, without a date.",
    "sim.garbled": "What became of a question about a SIM is told with a date that is none.",
    "sim.duplicate": "What became of a question about a SIM is told twice.",
    "sim.delay": "What became of a question about a SIM is told some seconds late.",
    "mail.refuse": "The mail server refuses the address for good.",
    "mail.busy": "The mail server takes no letter now.",
    "mail.reset": "The connection to the mail server drops; no letter was taken.",
    "mail.reset_after": "The letter is taken, but the connection drops without an answer.",
    "mail.hang_before": "The mail server takes nothing and is silent for some seconds.",
    "mail.hang_after": "The letter is taken, but the answer takes some seconds.",
}
_SECONDS: dict[str, float] = {
    "ussd.slow": 3.0,
    "sms.hang_before": 30.0,
    "sms.hang_after": 30.0,
    "sim.hang": 30.0,
    "mail.hang_before": 30.0,
    "mail.hang_after": 30.0,
}
_USUAL_SECONDS = 2.0


@dataclass(kw_only=True)
class Fault:
    """One thing that goes wrong: how often, how many times more, for how long and to whom."""

    name: str
    seconds: float
    rate: float = 1.0
    times: int | None = None
    phone: str = ""
    status_code: int = 500
    text: str | None = None
    reason: str = "DeliveryFailure"
    struck: int = 0


class Faults:
    """The faults switched on; the same seed and the same order of asking give the same strikes."""

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._seed = seed
        self.clear()

    def clear(self, seed: int | None = None) -> None:
        """Switch everything off, and begin the chances anew."""
        with self._lock:
            self._seed = self._seed if seed is None else seed
            self._random = random.Random(self._seed)  # noqa: S311 - chances, not secrets
            self._faults: list[Fault] = []

    def switch(self, wishes: Any) -> None:
        """Have these faults on and no others, or refuse and leave all as it was."""
        if not isinstance(wishes, list) or len(wishes) > MAX_FAULTS:
            raise Refused(f"faults are a list of at most {MAX_FAULTS}")
        faults = [_fault(wish) for wish in wishes]
        with self._lock:
            self._faults = faults

    def strikes(self, name: str, phone: str) -> Fault | None:
        """Return the fault that hits this phone now, counting it; usually there is none."""
        with self._lock:
            for fault in self._faults:
                if fault.name != name or fault.phone not in {"", phone} or fault.times == 0:
                    continue
                if self._random.random() >= fault.rate:
                    continue
                fault.struck += 1
                if fault.times is not None:
                    fault.times -= 1
                return fault
            return None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the faults that are on, with how often each has struck."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]


def _fault(wish: Any) -> Fault:
    if not isinstance(wish, Mapping) or wish.get("name") not in KNOWN:
        raise Refused("a fault has one of these names: " + ", ".join(KNOWN))
    strange = set(wish) - set(Fault.__dataclass_fields__)
    if strange:
        raise Refused("a fault has no " + ", ".join(sorted(map(str, strange))))
    name = str(wish["name"])
    seconds = wish.get("seconds")
    times = wish.get("times")
    text = wish.get("text")
    fault = Fault(
        name=name,
        rate=_between(wish.get("rate", 1.0), "rate", 1.0),
        seconds=_SECONDS.get(name, _USUAL_SECONDS)
        if seconds is None
        else _between(seconds, "seconds", MAX_SECONDS),
        times=None if times is None else int(_between(times, "times", MAX_TIMES)),
        phone=phone_number(wish["phone"]) if wish.get("phone") else "",
        status_code=int(_between(wish.get("status_code", 500), "status_code", 999)),
        text=None if text is None else str(text)[:160],
        reason=str(wish.get("reason", "DeliveryFailure"))[:80],
    )
    refusing = STATUS_NAMES.keys() - TAKEN
    if fault.status_code not in refusing:
        raise Refused("status_code is one of " + ", ".join(map(str, sorted(refusing))))
    return fault


def _between(wish: Any, name: str, most: float) -> float:
    if isinstance(wish, bool) or not isinstance(wish, int | float) or not 0 <= wish <= most:
        raise Refused(f"{name} is a number from 0 to {most:g}")
    return float(wish)
