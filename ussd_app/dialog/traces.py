"""What staff may see of a call later: each screen as it was shown, and what was pressed to get there.

Never a secret, and nothing that may be one. Entries wait in one bounded Redis stream, each sealed,
until they are taken away; a Redis that is emptied, or has no room, loses some, and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

import redis

from ussd_app.digits import plain_digits
from ussd_app.errors import Unavailable
from ussd_app.seal import Sealer

STREAM = b"ussd:traces"
ENTRIES_MOST = 20_000
FIELD = b"e"

DIALLED, PRESSED, SECRET, OTHER = "dialled", "pressed", "secret", "other"
"""How a screen was reached: by dialling, a key or an answer that is kept, a secret, something else."""

NOT_KEPT, A_SECRET = "…", "*"  # in place of one answer; neither tells its length
_pack = json.JSONEncoder(separators=(",", ":")).encode  # made once: it stands in every answer's way
_MAYBE_SECRET = re.compile(r"\d{4,6}")


class Trace(NamedTuple):
    """One screen that was shown; `keys` are the answers that led to it, joined as they are dialled.

    `place` is a session to go on from, for the simulator alone.
    """

    session: str
    phone: str
    service_code: str
    label: str
    screen: str
    is_over: bool
    how: str
    keys: str
    place: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A trace with its place in the stream: the moment, and a number within it."""

    trace: Trace
    at: datetime
    number: int


class Traces:
    """The stream of traces."""

    def __init__(self, client: redis.Redis, sealer: Sealer) -> None:
        self._redis, self._sealer = client, sealer

    def seal(self, trace: Trace) -> bytes:
        """As it may lie in Redis."""
        return self._sealer.seal(_pack(trace).encode(), bound_to=STREAM)

    def read(self, most: int) -> tuple[Sequence[Taken], bytes | None]:
        """The oldest traces, and up to where they reach; None if there are none.

        One that cannot be read, with this key or by this version, is passed over.
        """
        try:
            found = self._redis.xrange(STREAM, count=most)
        except (redis.RedisError, OSError) as error:
            raise Unavailable("Redis does not answer") from error
        entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", found)
        taken = [
            one for name, fields in entries if (one := self._open(name, fields.get(FIELD, b"")))
        ]
        return taken, entries[-1][0] if entries else None

    def drop(self, upto: bytes) -> None:
        """Forget what was read, up to there."""
        milliseconds, _dash, number = upto.partition(b"-")
        after = b"%s-%d" % (milliseconds, int(number) + 1)
        try:
            self._redis.xtrim(STREAM, minid=after, approximate=False)
        except (redis.RedisError, OSError) as error:
            raise Unavailable("Redis does not answer") from error

    def _open(self, name: bytes, sealed: bytes) -> Taken | None:
        content = self._sealer.open(sealed, bound_to=STREAM)
        if content is None:
            return None
        parts: list[Any] = json.loads(content)
        if len(parts) != len(Trace._fields):
            return None
        milliseconds, _dash, number = name.partition(b"-")
        at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
        return Taken(Trace(*parts), at, int(number))


def kept(kind: type, answer: str) -> str:
    """An answer as it is kept: whole if its type is open and it cannot be a PIN or a code."""
    is_open = getattr(kind, "is_open", False)
    digits = "".join(c for c in plain_digits(answer) if c.isdigit())
    return answer if is_open and not _MAYBE_SECRET.fullmatch(digits) else NOT_KEPT


def how_reached(pressed: Sequence[str], *, is_first: bool) -> tuple[str, str]:
    """In which way, and by which keys that are kept."""
    if is_first:
        return DIALLED, "*".join(pressed)
    if A_SECRET in pressed:
        return SECRET, ""
    if set(pressed) <= {NOT_KEPT}:
        return OTHER, ""
    return PRESSED, "*".join(pressed)
