"""The lines: one per phone. A lock, the calls on it, and the rate at which it may ask.

Everything of a phone is one Redis hash under a keyed name, so that one script locks and loads in
one round trip, and one saves and releases in another. All of it may be lost: it is where callers
are, never what they own.

    lock    when the hold ends (ms)   s:<call>  a sealed session, or "" once it was pushed out
    fence   counts the holders        order     calls, newest first
    tat     rate limit (GCRA)         at, open  when the newest call was heard, and if it goes on
    cut     the network cut it        secret  1 if what it was last answered was a secret

`open` is 0 once the call is over, and `untold` while its last answer, to a secret, may not have
been given: until Redis has said that it is saved. When the network says that the newest call was
cut, it is `untold` too, in whichever order the two arrive.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import redis

from ussd_app.clock import Deadline
from ussd_app.dialog.line_scripts import CUT, END, HOLD, RELEASE, SAVE
from ussd_app.dialog.session import Session, mark_of
from ussd_app.dialog.traces import ENTRIES_MOST, FIELD, STREAM, Trace, Traces
from ussd_app.dialog.wire import Wire
from ussd_app.errors import TooMany, Unavailable
from ussd_app.seal import Sealer

CALLS_KEPT = 2  # with their sessions
CALLS_KNOWN = 8  # by name, so that a pushed-out call is not taken for a new one
LINE_SECONDS = 600  # after the last answer
LEASE_SECONDS = 8.0  # of the lock: twice what an answer may take
LOCK_WAIT_SECONDS = 0.9
LOCK_POLL_SECONDS = 0.02
CALL_SECONDS = 200  # no network keeps a call open for longer

EPOCH = b"ussd:epoch"
AGAIN = "again_"  # as no company names a session
_PLACE = b"ussd:place"
_UNTOLD = "untold"
_SAVED = 1  # as the newest call


class Busy(TooMany):
    """Another answer of the same phone is still being worked on."""


@dataclass(frozen=True)
class Rates:
    """How often a phone may ask: answers a second in the long run, and in one burst."""

    per_second: float = 5
    burst: int = 150


@dataclass
class Held:
    """A phone's line while it is ours: the call's session if there is one, and what came before.

    `before` is the phone's last call if it was cut, `before_seconds` its age, and `untold` says
    that its last answer, to a secret, may not have been given. `pushed_out` says that this call
    was known and had to make room. `forgotten` says that calls that were under way are lost:
    Redis was emptied, so that an unknown call may well be one of them, or what it has can no
    longer be read.
    """

    session: Session | None
    before: Session | None
    before_seconds: float
    untold: bool
    pushed_out: bool
    forgotten: bool
    saved: bool = False


class Lines:
    """Every phone's line, in Redis.

    With `plays_again`, where there is a simulator, a call may be gone on with from one of its
    screens: as another call on a line of its own, which the phone's knows nothing of.
    """

    def __init__(
        self, client: redis.Redis, sealer: Sealer, rates: Rates, *, plays_again: bool = False
    ) -> None:
        self._redis, self._wire, self._sealer = client, Wire(client), sealer
        self.traces, self.plays_again = Traces(client, sealer), plays_again
        self._rate = (1000 / rates.per_second, rates.burst)

    def start(self) -> None:
        """Note that the lines are in use; their absence later tells that Redis was emptied."""
        try:
            self._redis.set(EPOCH, 0, nx=True)
        except (redis.RedisError, OSError) as error:
            raise Unavailable("Redis does not answer") from error

    @contextmanager
    def hold(
        self, *, call: str, phone: str, service_code: str, deadline: Deadline
    ) -> Iterator[Hold]:
        """Have the phone's line to oneself; calls of one phone are bound to its service code.

        Raises Busy when another answer keeps it too long, TooMany when the phone asks too often,
        Unavailable when Redis does not answer.
        """
        line, name = self._names(call, phone, service_code)
        hold = Hold(self, line, name, *self._wait(line, name, deadline))
        try:
            yield hold
        finally:
            if not hold.held.saved:
                self._let_go(line, hold.fence)

    def cut_off(self, *, call: str, phone: str, service_code: str) -> None:
        """Note that the network cut the phone's newest call; of any other nothing is noted.

        May be said at any time and more than once, also while an answer is under way. Raises
        Unavailable when Redis does not answer.
        """
        line, name = self._names(call, phone, service_code)
        self._wire.run(CUT, (line,), (name,))

    def end(self, phone: str) -> None:
        """Forget where a phone is: its live call begins anew at its next hop.

        An answer under way is not kept. Raises Unavailable when Redis does not answer.
        """
        self._wire.run(END, (self._line(phone),), (LINE_SECONDS * 1000,))

    def is_again(self, call: str) -> bool:
        """Whether it is a call that was gone on with from a screen."""
        return self.plays_again and call.startswith(AGAIN)

    def place_of(self, session: Session) -> bytes:
        """Where a call is, sealed, for `play_again`."""
        return self._sealer.seal(session.dump(), bound_to=_PLACE)

    def play_again(self, place: bytes, *, phone: str, service_code: str) -> str | None:
        """Begin a call at a place where another was; its name, or None if that can be read no more.

        Raises Unavailable when Redis does not answer.
        """
        session = self._unseal(place, _PLACE)
        if session is None or not self.plays_again:
            return None
        call = AGAIN + secrets.token_hex(16)
        deadline = Deadline(LOCK_WAIT_SECONDS)
        with self.hold(
            call=call, phone=phone, service_code=service_code, deadline=deadline
        ) as hold:
            hold.save(session.again(mark_of(self._sealer, "")))
        return call

    def _names(self, call: str, phone: str, service_code: str) -> tuple[bytes, bytes]:
        line = self._line(phone, *([call] if self.is_again(call) else []))
        return line, self._sealer.name("call", call, phone, service_code).hex().encode()

    def _line(self, *whose: str) -> bytes:
        return b"ussd:line:" + self._sealer.name("line", *whose).hex().encode()

    def _wait(self, line: bytes, name: bytes, deadline: Deadline) -> tuple[int, Held]:
        until = time.monotonic() + min(LOCK_WAIT_SECONDS, deadline.remaining())
        first = True
        while True:
            status, *found = self._ask(line, name, count=first)
            if status == b"held":
                return int(found[0]), self._read(line, name, found)
            if status == b"flooded":
                raise TooMany("this phone asks too often")
            if time.monotonic() >= until:
                raise Busy("the line is busy")
            first = False
            time.sleep(LOCK_POLL_SECONDS)

    def _ask(self, line: bytes, name: bytes, *, count: bool) -> list[bytes]:
        times = int(LEASE_SECONDS * 1000), LINE_SECONDS * 1000
        args = (name, *times, *self._rate, int(count))
        reply: list[bytes] = self._wire.run(HOLD, (line, EPOCH), args)
        return reply

    def _read(self, line: bytes, name: bytes, found: list[bytes]) -> Held:
        _fence, sealed, before, age_ms, epoch_ms, is_open = found
        earlier_name, _colon, earlier_sealed = (before or b"").partition(b":")
        session = self._unseal(sealed, line + name)
        earlier = self._unseal(earlier_sealed, line + earlier_name)
        unreadable = (sealed and not session) or (earlier_sealed and not earlier)
        return Held(
            session=session,
            before=earlier,
            before_seconds=int(age_ms) / 1000,
            untold=is_open == _UNTOLD.encode(),
            pushed_out=sealed == b"",
            forgotten=bool(unreadable) or int(epoch_ms) < CALL_SECONDS * 1000,
        )

    def _unseal(self, sealed: bytes | None, bound_to: bytes) -> Session | None:
        """The session, or None if there is none that this version, with this key, can read."""
        content = self._sealer.open(sealed, bound_to=bound_to) if sealed else None
        if content is None:
            return None
        try:
            return Session.load(content)
        except ValueError:
            return None

    def put_away(self, hold: Hold, session: Session, *, risky: bool, trace: Trace | None) -> bool:
        """Save the session and release the line; False if the line was no longer ours.

        What Redis does after we gave up waiting is not what the caller was told. So a `risky`
        answer is saved as untold, and as told only once Redis has said that it is saved. The trace
        goes with it, at the price of no round trip more.
        """
        sealed = self._sealer.seal(session.dump(), bound_to=hold.line + hold.name)
        is_open = int(not session.over)
        args = (hold.name, hold.fence, sealed, _UNTOLD if risky else is_open)
        limits = (CALLS_KEPT, CALLS_KNOWN, int(session.over))
        traced = (self.traces.seal(trace) if trace else b"", FIELD, ENTRIES_MOST)
        saved = self._wire.run(SAVE, (hold.line, STREAM), (*args, *limits, *traced))
        if saved == _SAVED and risky:
            self._let_go(hold.line, hold.fence, is_open)
        return bool(saved)

    def _let_go(self, line: bytes, fence: int, *is_open: int) -> None:
        with suppress(Unavailable):  # the lease ends by itself
            self._wire.run(RELEASE, (line,), (fence, *is_open))


@dataclass
class Hold:
    """A line held: its names, the fence that tells this holder from a later one, and its content."""

    lines: Lines
    line: bytes
    name: bytes
    fence: int
    held: Held

    def save(self, session: Session, *, risky: bool = False, trace: Trace | None = None) -> bool:
        """Put the session away and release the line; False if somebody else holds it by now.

        `risky` says that a deed may have been done which the caller must be told of.
        """
        self.held.saved = True
        return self.lines.put_away(self, session, risky=risky, trace=trace)
