"""R-A03: a PIN stands nowhere: in no table, no store, no log, no SMS, in no simple disguise."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import redis
import structlog

from tests.db.surgery import Surgeon
from tests.jobs.contents import contents
from tests.people import ZAWADI, Handset, World
from ussd_app import log

FIRST, MISTYPED, SECOND = "7391", "8264", "5917"
_HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256")


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Everything that is logged, down to the least."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    sink = io.StringIO()
    log.configure("debug", sink)
    yield sink
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def disguises(pin: str, member: int) -> list[str]:
    """The PIN as it could stand somewhere without a key."""
    bare = [pin, f"{member}{pin}", f"{member}|{pin}", f"pin|v1|{member}|{pin}", f"{ZAWADI}{pin}"]
    found = [base64.b64encode(text.encode()).decode().rstrip("=") for text in bare]
    found += [pin.encode().hex()]
    for text in bare:
        for name in _HASHES:
            digest = hashlib.new(name, text.encode()).digest()
            found += [digest.hex(), base64.b64encode(digest).decode().rstrip("=")]
    return found


def leaks(text: str, pin: str, member: int) -> list[str]:
    """Where the PIN stands in a text: as a number of its own, or disguised."""
    clear = [m[0] for m in re.finditer(rf"(?<!\d){pin}(?!\d)", text)]
    return clear + [disguise for disguise in disguises(pin, member) if disguise in text]


def written(surgeon: Surgeon) -> str:
    """Every text of every table."""
    columns = surgeon.rows("""
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'bytea', 'ARRAY')
    """)
    texts: list[str] = []
    for table, column in columns:
        rows = surgeon.connection.execute(f'SELECT "{column}"::text FROM "{table}"').fetchall()
        texts += [str(row[0]) for row in rows]
    return "\n".join(texts)


def stored(client: redis.Redis) -> str:
    """Every key and value in Redis, as text."""
    return b"\n".join(contents(client)).decode("latin-1")


def test_r_a03_a_pin_stands_nowhere(world: World, surgeon: Surgeon, log_lines: io.StringIO) -> None:
    phone = Handset(world.switchboard(), ZAWADI)
    phone.dial()
    joined = phone.say("1", "1", "Zawadi Njeri", FIRST, FIRST)
    phone.dial("4*3")
    asked_again = phone.say(MISTYPED)
    changed = phone.say(FIRST, SECOND, SECOND)
    said = []
    for _ in range(3):
        phone.dial("2")
        said.append(phone.say(MISTYPED))
    in_redis = stored(world.redis)
    sms = world.sms(ZAWADI)
    books = json.dumps(world.company.books())

    member = world.services.members.get(ZAWADI).id
    assert ("Welcome" in joined, "Wrong PIN" in asked_again) == (True, True)
    assert ("PIN is changed" in changed, "PIN is locked" in said[-1]) == (True, True)
    assert len(sms) == 3
    assert "ussd:line:" in in_redis
    for pin in (FIRST, MISTYPED, SECOND):
        places = {
            "tables": written(surgeon),
            "redis": in_redis,
            "log": log_lines.getvalue(),
            "sms": books,
        }
        assert {place: leaks(text, pin, member) for place, text in places.items()} == {
            "tables": [],
            "redis": [],
            "log": [],
            "sms": [],
        }


@pytest.mark.parametrize(
    "text",
    [
        "the PIN is 7391.",
        '{"typed": "7391"}',
        "1*2*7391",
        base64.b64encode(b"7391").decode(),
        hashlib.sha256(b"7391").hexdigest(),
        hashlib.sha1(b"5|7391").hexdigest(),
        "37333931",
    ],
)
def test_the_search_for_a_pin_finds_what_it_looks_for(text: str) -> None:
    assert leaks(text, FIRST, 5)
