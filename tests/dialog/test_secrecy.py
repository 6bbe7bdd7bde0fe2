"""What a thief would find in Redis after a whole call: nothing."""

from __future__ import annotations

import base64
import re
from typing import cast

import pytest
import redis

from tests.people import AMINA, PIN, Handset, World
from ussd_app.clock import Deadline

PLAIN_FIELDS = {
    b"lock": rb"\d+(\.\d+)?",
    b"fence": rb"\d+",
    b"tat": rb"\d+(\.\d+)?(e\+\d+)?",
    b"at": rb"\d+",
    b"open": rb"[01]",
    b"secret": rb"[01]",
    b"order": rb"[0-9a-f]{32}(,[0-9a-f]{32})*",
}


@pytest.fixture
def after_a_call(caller: Handset, town: World) -> World:
    """Redis after a call that stands at a PIN, with a wrong one typed already."""
    caller.dial()
    caller.say("1", "0700000002", "20", "8642")
    return town


def lines_in(client: redis.Redis) -> dict[bytes, dict[bytes, bytes]]:
    names = cast("list[bytes]", client.keys("ussd:line:*"))
    return {name: cast("dict[bytes, bytes]", client.hgetall(name)) for name in names}


def forms_of(secret: str) -> set[bytes]:
    """The bytes a text may hide as: clear, hexadecimal, base64 at each of its three alignments."""
    clear = secret.encode()
    encoded = set()
    for shift in range(3):
        whole = base64.b64encode(b"\x00" * shift + clear)
        encoded.add(whole[4 if shift else 0 : -4])
    return {clear, clear.hex().encode(), clear.hex().upper().encode(), clear[::-1], *encoded}


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("+254700000001", id="phone"),
        pytest.param("700000001", id="phone without its country"),
        pytest.param("0700000002", id="phone that was typed"),
        pytest.param("1*0700000002*20", id="transcript"),
        pytest.param("*20*8642", id="PIN in its transcript"),
        pytest.param("Your PIN:", id="screen"),
        pytest.param("Baraka O", id="name"),
        pytest.param("how_much", id="place"),
    ],
)
def test_r_a03_nothing_of_a_call_can_be_read_in_redis(secret: str, after_a_call: World) -> None:
    client = after_a_call.redis
    keys = cast("list[bytes]", client.keys("*"))
    everything = b"\n".join(
        [
            *keys,
            *(part for line in lines_in(client).values() for pair in line.items() for part in pair),
        ]
    )

    assert [form for form in forms_of(secret) if form in everything] == []
    assert everything.count(b"s:") >= 1


def test_the_needle_would_be_found() -> None:
    hay = b"x" + base64.b64encode(b"..1*0700000002*20*7306..") + b"x"

    assert any(form in hay for form in forms_of("1*0700000002*20"))


def test_what_is_not_sealed_of_a_line_are_numbers_and_names_alone(after_a_call: World) -> None:
    (line,) = lines_in(after_a_call.redis).values()

    for name, value in line.items():
        if not name.startswith(b"s:"):
            assert re.fullmatch(PLAIN_FIELDS[name], value), name
        else:
            assert re.fullmatch(rb"s:[0-9a-f]{32}", name)
            assert len(value) > 100


def test_r_a03_no_pin_is_kept_even_under_the_seal(caller: Handset, town: World) -> None:
    caller.dial()
    caller.say("1", "0700000002", "20", "8642", "0", "21", PIN)

    with town.lines.hold(
        call=caller.call, phone=AMINA, service_code=caller.code, deadline=Deadline(2)
    ) as hold:
        assert hold.held.session
        kept = hold.held.session.dump().decode()

    assert '"+254700000002"' in kept  # so the test would see it
    for pin in ("8642", PIN):
        assert not re.search(rf"(?<![0-9a-f]){pin}(?![0-9a-f])", kept)


def test_r_a03_a_pin_chosen_and_not_yet_repeated_is_kept_as_a_verifier_alone(
    town: World,
) -> None:
    zawadi = Handset(town.switchboard(), AMINA)
    zawadi.dial()
    zawadi.say("4", "3", PIN, "2850")

    with town.lines.hold(
        call=zawadi.call, phone=AMINA, service_code=zawadi.code, deadline=Deadline(2)
    ) as hold:
        assert hold.held.session
        kept = hold.held.session.dump().decode()

    assert "$argon2id$" in kept
    assert '"2850"' not in kept
    assert "*2850" not in kept


def test_a_name_in_redis_cannot_be_made_from_the_phone_without_the_key(
    after_a_call: World,
) -> None:
    other = Handset(after_a_call.switchboard(), AMINA)
    other.dial()

    assert len(lines_in(after_a_call.redis)) == 1
    assert after_a_call.sealer.name("line", AMINA).hex().encode() in next(
        iter(lines_in(after_a_call.redis))
    )
