"""The company's books: all it did, bounded, and safe to read while it works."""

import itertools
import threading
from collections import OrderedDict, deque
from typing import Any, TypeVar

from ussd_app.simulators.africastalking.records import (
    Callback,
    Inbound,
    RefusedSms,
    Session,
    SimCheck,
    Sms,
    plain,
)

MAX_SESSIONS = 50_000
MAX_SMS = 200_000
MAX_OTHERS = 50_000
MAX_INBOX = 200

Record = TypeVar("Record")


class Books:
    """Keeps the latest records of each kind; every change to any of them is made holding `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._revision = 0
        self._open()

    def _open(self) -> None:
        self.sessions: OrderedDict[str, Session] = OrderedDict()
        self.events: deque[Callback] = deque(maxlen=MAX_OTHERS)
        self.sms: deque[Sms] = deque()
        self.refused_sms: deque[RefusedSms] = deque(maxlen=MAX_OTHERS)
        self.inbound: deque[Inbound] = deque(maxlen=MAX_OTHERS)
        self.opt_outs: deque[Callback] = deque(maxlen=MAX_OTHERS)
        self.opted_out: set[str] = set()
        self.sim_checks: deque[SimCheck] = deque(maxlen=MAX_OTHERS)
        self._latest: dict[str, Session] = {}
        self._inboxes: dict[str, deque[Sms]] = {}
        self._outboxes: dict[str, deque[Inbound]] = {}
        self._numbers = itertools.count(1)

    @property
    def revision(self) -> int:
        """A number that grows with every change, so that a page need not read what it has."""
        return self._revision

    def touch(self) -> None:
        """Say that something changed."""
        with self.lock:
            self._revision += 1

    def note(self, page: deque[Record], record: Record) -> None:
        """Add the record to that page of the books."""
        with self.lock:
            page.append(record)
            self.touch()

    def set_opted_out(self, phone: str, opted_out: bool) -> None:  # noqa: FBT001 - it is the value
        """Write down whether the phone wants no more messages."""
        with self.lock:
            (self.opted_out.add if opted_out else self.opted_out.discard)(phone)
            self.touch()

    def receive(self, inbound: Inbound) -> None:
        """Write down an SMS taken over from a phone."""
        with self.lock:
            self.inbound.append(inbound)
            self._outboxes.setdefault(inbound.sender, deque(maxlen=MAX_INBOX)).append(inbound)
            if len(self._outboxes) > MAX_OTHERS:
                del self._outboxes[next(iter(self._outboxes))]
            self.touch()

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            self._open()
            self.touch()

    def open_session(self, session: Session) -> Session | None:
        """Write the session down as its phone's own; return the one the phone had before."""
        with self.lock:
            before = self._latest.get(session.phone)
            self.sessions[session.id] = session
            self._latest[session.phone] = session
            if len(self.sessions) > MAX_SESSIONS:
                _, oldest = self.sessions.popitem(last=False)
                if self._latest.get(oldest.phone) is oldest:
                    del self._latest[oldest.phone]
            self.touch()
            return before

    def latest_session(self, phone: str) -> Session | None:
        """Return the session the phone is in, or was in last."""
        return self._latest.get(phone)

    def accept(self, sms: Sms) -> None:
        """Write down an SMS taken over from the application, and number it."""
        with self.lock:
            sms.seq = next(self._numbers)
            self.sms.append(sms)
            if len(self.sms) > MAX_SMS:
                self._forget_from_inbox(self.sms.popleft())
            self.touch()

    def deliver(self, sms: Sms) -> None:
        """Put the SMS into its phone's inbox."""
        with self.lock:
            inbox = self._inboxes.setdefault(sms.to, deque(maxlen=MAX_INBOX))
            inbox.append(sms)
            self.touch()

    def inbox(self, phone: str) -> list[Sms]:
        """Return what the phone received, newest first."""
        with self.lock:
            return list(self._inboxes.get(phone, ()))[::-1]

    def outbox(self, phone: str) -> list[Inbound]:
        """Return what the phone wrote, newest first."""
        with self.lock:
            return list(self._outboxes.get(phone, ()))[::-1]

    def sms_since(self, number: int, to: str | None) -> list[Sms]:
        """Return the SMS accepted after the one so numbered, oldest first."""
        with self.lock:
            newer = itertools.takewhile(lambda sms: sms.seq > number, reversed(self.sms))
            return [sms for sms in newer if to in (None, sms.to)][::-1]

    def as_json(self, phone: str | None = None) -> dict[str, Any]:
        """Return all records, or those of one phone."""
        with self.lock:
            kinds: dict[str, list[Any]] = {
                "sessions": [
                    each for each in self.sessions.values() if phone in (None, each.phone)
                ],
                "events": _of(self.events, phone),
                "sms": [each for each in self.sms if phone in (None, each.to)],
                "refused_sms": [each for each in self.refused_sms if phone in (None, each.to)],
                "inbound": [each for each in self.inbound if phone in (None, each.sender)],
                "opt_outs": _of(self.opt_outs, phone),
                "sim_checks": [each for each in self.sim_checks if phone in (None, each.phone)],
                "opted_out": [each for each in sorted(self.opted_out) if phone in (None, each)],
            }
        return {kind: plain(records) for kind, records in kinds.items()}

    def _forget_from_inbox(self, sms: Sms) -> None:
        inbox = self._inboxes.get(sms.to)
        if inbox and inbox[0] is sms:
            inbox.popleft()
            if not inbox:
                del self._inboxes[sms.to]


def _of(callbacks: deque[Callback], phone: str | None) -> list[Callback]:
    return [each for each in callbacks if phone in (None, each.fields["phoneNumber"])]
