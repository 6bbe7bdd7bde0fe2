"""The lines: one per phone. A lock, the calls on it, and the rate at which it may ask.

Everything of a phone is one Redis hash under a keyed name, so that one script locks and loads in
one round trip, and one saves and releases in another. All of it may be lost: it is where callers
are, never what they own.

    lock    "<fence>:<expires ms>"    s:<call>  a sealed session, or "" once it was pushed out
    fence   counts the holders        order     calls, newest first
    tat     rate limit (GCRA)         at, open  when the newest call was heard, and if it goes on
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from ussd_app.breaker import Breaker
from ussd_app.clock import Deadline
from ussd_app.dialog.seal import Sealer
from ussd_app.dialog.session import Session
from ussd_app.errors import TooMany, Unavailable

CALLS_KEPT = 2  # with their sessions
CALLS_KNOWN = 8  # by name, so that a pushed-out call is not taken for a new one
LINE_SECONDS = 600  # after the last answer
LEASE_SECONDS = 8.0  # of the lock: twice what an answer may take
LOCK_WAIT_SECONDS = 0.9
LOCK_POLL_SECONDS = 0.02
CALL_SECONDS = 200  # no network keeps a call open for longer

_NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

# KEYS line, epoch, all lines' rate; ARGV call, lease ms, line ms, interval and burst of the line,
# interval and burst of all lines, count this try
_HOLD = (
    _NOW
    + """
local function flooded(tat, interval, burst)
  local base = math.max(tonumber(tat) or 0, now)
  if base + interval - now > interval * burst then return nil end
  return base + interval
end
if ARGV[8] == '1' then
  local mine = flooded(redis.call('HGET', KEYS[1], 'tat'), tonumber(ARGV[4]), tonumber(ARGV[5]))
  local all = flooded(redis.call('GET', KEYS[3]), tonumber(ARGV[6]), tonumber(ARGV[7]))
  if not mine or not all then return {'flooded'} end
  redis.call('HSET', KEYS[1], 'tat', mine)
  redis.call('SET', KEYS[3], all, 'PX', 60000)
end
local lock = redis.call('HGET', KEYS[1], 'lock')
if lock and tonumber(string.match(lock, ':(%d+)$')) > now then return {'busy'} end
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HSET', KEYS[1], 'lock', fence .. ':' .. (now + tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local began = redis.call('GET', KEYS[2])
if not began then
  redis.call('SET', KEYS[2], now)
  began = now
end
local call = redis.call('HGET', KEYS[1], 's:' .. ARGV[1])
local before, age = false, 0
if not call then
  local newest = string.match(redis.call('HGET', KEYS[1], 'order') or '', '^%x+')
  if newest and redis.call('HGET', KEYS[1], 'open') == '1' then
    before = newest .. ':' .. redis.call('HGET', KEYS[1], 's:' .. newest)
    age = now - tonumber(redis.call('HGET', KEYS[1], 'at'))
  end
end
return {'held', fence, call, before, age, now - tonumber(began)}
"""
)

# KEYS line; ARGV call, fence, sealed session, open, calls kept, calls known
_SAVE = (
    _NOW
    + """
local lock = redis.call('HGET', KEYS[1], 'lock')
if not lock or string.match(lock, '^(%d+):') ~= ARGV[2] then return 0 end
local order, n = ARGV[1], 1
for call in string.gmatch(redis.call('HGET', KEYS[1], 'order') or '', '%x+') do
  if call ~= ARGV[1] then
    n = n + 1
    if n > tonumber(ARGV[6]) then redis.call('HDEL', KEYS[1], 's:' .. call)
    else
      order = order .. ',' .. call
      if n > tonumber(ARGV[5]) then redis.call('HSET', KEYS[1], 's:' .. call, '') end
    end
  end
end
redis.call('HSET', KEYS[1], 's:' .. ARGV[1], ARGV[3], 'order', order, 'at', now, 'open', ARGV[4])
redis.call('HDEL', KEYS[1], 'lock')
return 1
"""
)

# KEYS line; ARGV fence
_RELEASE = """
local lock = redis.call('HGET', KEYS[1], 'lock')
if lock and string.match(lock, '^(%d+):') == ARGV[1] then redis.call('HDEL', KEYS[1], 'lock') end
return 1
"""

EPOCH = b"ussd:epoch"
RATE = b"ussd:rate"


class Busy(TooMany):
    """Another answer of the same phone is still being worked on."""


@dataclass(frozen=True)
class Rates:
    """How often may be asked: answers a second in the long run, and in one burst."""

    phone_per_second: float = 5
    phone_burst: int = 150
    all_per_second: float = 2000
    all_burst: int = 4000


@dataclass
class Held:
    """A phone's line while it is ours: the call's session if there is one, and what came before.

    `before` is the phone's last call if it was cut, `before_seconds` its age. `pushed_out` says
    that this call was known and had to make room. `forgotten` says that Redis lost the calls that
    were under way, so that an unknown call may well be one of them.
    """

    session: Session | None
    before: Session | None
    before_seconds: float
    pushed_out: bool
    forgotten: bool
    saved: bool = False


class Lines:
    """Every phone's line, in Redis."""

    def __init__(self, client: redis.Redis, sealer: Sealer, rates: Rates) -> None:
        self._redis, self._sealer, self._rates = client, sealer, rates
        self._breaker = Breaker()
        self._hold = client.register_script(_HOLD)
        self._save = client.register_script(_SAVE)
        self._release = client.register_script(_RELEASE)

    def start(self) -> None:
        """Note that the lines are in use; their absence later tells that Redis was emptied."""
        with self._guarded():
            self._redis.set(EPOCH, 0, nx=True)

    @contextmanager
    def hold(
        self, *, call: str, phone: str, service_code: str, deadline: Deadline
    ) -> Iterator[Hold]:
        """Have the phone's line to oneself; calls of one phone are bound to its service code.

        Raises Busy when another answer keeps it too long, TooMany when the phone asks too often,
        Unavailable when Redis does not answer.
        """
        line = b"ussd:line:" + self._sealer.name("line", phone).hex().encode()
        name = self._sealer.name("call", call, phone, service_code).hex().encode()
        hold = Hold(self, line, name, *self._wait(line, name, deadline))
        try:
            yield hold
        finally:
            if not hold.held.saved:
                self._let_go(line, hold.fence)

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
        rates = self._rates
        with self._guarded():
            reply: list[bytes] = self._hold(
                keys=[line, EPOCH, RATE],
                args=[
                    name,
                    int(LEASE_SECONDS * 1000),
                    LINE_SECONDS * 1000,
                    1000 / rates.phone_per_second,
                    rates.phone_burst,
                    1000 / rates.all_per_second,
                    rates.all_burst,
                    int(count),
                ],
            )
        return reply

    def _read(self, line: bytes, name: bytes, found: list[bytes]) -> Held:
        _fence, sealed, before, age_ms, epoch_ms = found
        earlier = None
        if before:
            earlier_name, _colon, earlier_sealed = before.partition(b":")
            earlier = self._unseal(earlier_sealed, line + earlier_name)
        return Held(
            session=self._unseal(sealed, line + name) if sealed else None,
            before=earlier,
            before_seconds=int(age_ms) / 1000,
            pushed_out=sealed == b"",
            forgotten=int(epoch_ms) < CALL_SECONDS * 1000,
        )

    def _unseal(self, sealed: bytes, bound_to: bytes) -> Session | None:
        content = self._sealer.open(sealed, bound_to=bound_to)
        return Session.load(content) if content else None

    def put_away(self, hold: Hold, session: Session) -> bool:
        """Save the session and release the line; False if the line was no longer ours."""
        sealed = self._sealer.seal(session.dump(), bound_to=hold.line + hold.name)
        with self._guarded():
            kept = self._save(
                keys=[hold.line],
                args=[
                    hold.name,
                    hold.fence,
                    sealed,
                    int(not session.over),
                    CALLS_KEPT,
                    CALLS_KNOWN,
                ],
            )
        return bool(kept)

    def _let_go(self, line: bytes, fence: int) -> None:
        try:
            with self._guarded():
                self._release(keys=[line], args=[fence])
        except Unavailable:
            return  # the lease ends by itself

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._breaker:
            try:
                yield
            except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
                raise Unavailable("Redis does not answer") from error
            except redis.ResponseError as error:
                raise Unavailable("Redis refuses") from error


@dataclass
class Hold:
    """A line held: its names, the fence that tells this holder from a later one, and its content."""

    lines: Lines
    line: bytes
    name: bytes
    fence: int
    held: Held

    def save(self, session: Session) -> bool:
        """Put the session away and release the line; False if somebody else holds it by now."""
        self.held.saved = True
        return self.lines.put_away(self, session)
