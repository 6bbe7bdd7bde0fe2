"""The SIM desk: it knows when SIMs were swapped, takes questions, and answers them a moment later."""

import secrets
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ussd_app.simulators.africastalking.callbacks import hand_over, hand_over_once_more
from ussd_app.simulators.africastalking.office import Office
from ussd_app.simulators.africastalking.records import Callback, SimCheck, now
from ussd_app.simulators.errors import Refused
from ussd_app.simulators.numbers import phone_number

MAX_SIMS = 1000
MEMORY = timedelta(days=90)  # of the operators: whatever is older counts as never
NEVER = "01-01-1900"


class SimDesk:
    """Answers what it was told of each phone; of any other, that its SIM was never swapped."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._lock = threading.Lock()
        self._swapped: dict[str, datetime] = {}

    def swap(self, wishes: Mapping[str, Any]) -> None:
        """Have these SIMs been swapped at these times and no others, or refuse and leave all."""
        if len(wishes) > MAX_SIMS:
            raise Refused(f"at most {MAX_SIMS} SIMs")
        swapped = {phone_number(phone): _moment(wish) for phone, wish in wishes.items()}
        with self._lock:
            self._swapped = swapped

    def as_json(self) -> dict[str, dict[str, str]]:
        """Return when each SIM was swapped."""
        with self._lock:
            return {
                phone: {"swapped_at": moment.isoformat()} for phone, moment in self._swapped.items()
            }

    def take(self, phone: str, transaction: str) -> SimCheck:
        """Take the question; what is known is told to the application a moment later."""
        office = self._office
        fields = {"requestId": f"ATSwpid_{secrets.token_hex(16)}", "transactionId": transaction}
        callback = Callback(kind="sim_swap", fields=fields)
        check = SimCheck(id=fields["requestId"], phone=phone, at=now(), callback=callback)
        fields |= self._known(check)
        office.books.note(office.books.sim_checks, check)
        if office.strikes("sim.silent", phone, callback.faults):
            callback.state = "dropped"
            return check
        delay = office.strikes("sim.delay", phone, callback.faults)
        seconds = office.config.sim_seconds + (delay.seconds if delay else 0.0)
        tries = office.config.callback_attempts
        twice = office.strikes("sim.duplicate", phone, callback.faults)
        again = (lambda: hand_over_once_more(office, callback)) if twice else None
        hand_over(office, callback, tries=tries, seconds=seconds, then=again)
        return check

    def _known(self, check: SimCheck) -> dict[str, str]:
        """What the notification says of the SIM."""
        marks = check.callback.faults
        if self._office.strikes("sim.failed", check.phone, marks):
            return {"status": "Failed"}
        reference = {"providerRefId": str(uuid.uuid4())}
        if self._office.strikes("sim.garbled", check.phone, marks):
            return {"status": "Swapped", "lastSimSwapDate": "soon", **reference}
        with self._lock:
            moment = self._swapped.get(check.phone)
        if moment is None or now() - moment > MEMORY:
            return {"status": "NoSwapDate", "lastSimSwapDate": NEVER, **reference}
        return {
            "status": "Swapped",
            "lastSimSwapDate": moment.strftime("%d-%m-%Y"),
            **reference,
        }


def _moment(wish: Any) -> datetime:
    written = wish.get("swapped_at") if isinstance(wish, Mapping) and len(wish) == 1 else None
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError:
        raise Refused('a SIM is {"swapped_at": "2026-12-31T10:00:00+00:00"}') from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
