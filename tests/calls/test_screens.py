"""What a phone showed is written down, screen by screen, and never a secret."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

import psycopg
import pytest
import redis

from tests.db.surgery import Surgeon
from tests.db.test_calls import CALL
from tests.people import AMINA, BARAKA, PIN, ZAWADI, Handset, World
from ussd_app.dialog import traces
from ussd_app.jobs import housekeeping

Row = tuple[str, str, str]


@pytest.fixture
def amina(world: World) -> Handset:
    world.join(AMINA, "Amina Wanjiru", tokens=200)
    world.join(BARAKA, "Baraka Otieno", tokens=0)
    return Handset(world.switchboard(), AMINA)


def shown(world: World) -> list[Row]:
    """The label of each screen, how it was reached, and by which keys."""
    world.services.calls.take_in()
    with world.db.reading() as reading:
        rows = reading.rows("SELECT label, how, keys FROM call_screen ORDER BY at, number")
    return [(label, how, keys) for label, how, keys in rows]


def kept(world: World) -> str:
    """Everything that is kept of screens."""
    with world.db.reading() as reading:
        return "\n".join(text for (text,) in reading.rows("SELECT s::text FROM call_screen s"))


def test_r_b15_each_screen_is_kept_as_it_was_shown(world: World, amina: Handset) -> None:
    said = [amina.dial(), amina.say("1"), amina.say("0700000002"), amina.say("20"), amina.say(PIN)]

    assert shown(world) == [
        ("Home.menu", "dialled", ""),
        ("Transfer.recipient", "pressed", "1"),
        ("Transfer.how_much", "pressed", BARAKA),
        ("Pin.enter", "pressed", "20"),
        ("Transfer.sent", "secret", ""),
    ]
    with world.db.reading() as reading:
        texts = reading.rows("SELECT screen, is_over FROM call_screen ORDER BY at, number")
        ((member, status),) = reading.rows("SELECT member, status FROM call")
    assert [f"{'END' if over else 'CON'} {text}" for text, over in texts] == said
    assert (member, status) == (world.services.members.get(AMINA).id, "Open")


@pytest.mark.parametrize(
    ("answers", "last"),
    [
        pytest.param(["7306"], ("Home.menu", "other", ""), id="at a menu"),
        pytest.param(["1", "7306"], ("Transfer.recipient", "other", ""), id="as a number"),
        pytest.param(
            ["1", "0700000002", "7306"], ("Transfer.how_much", "other", ""), id="as an amount"
        ),
        pytest.param(["1", "0700000002", "123456"], ("Transfer.how_much", "other", ""), id="code"),
        pytest.param(
            ["1*0700000002*20*7306"], ("Pin.enter", "pressed", f"1*{BARAKA}*20*…"), id="*"
        ),
        pytest.param(["1", "0700000002", "20", "0"], ("Transfer.how_much", "pressed", "0"), id="0"),
        pytest.param(["1", "000"], ("Home.menu", "pressed", "000"), id="home"),
        pytest.param(["1", "0700000002", "20", "12345678"], ("Pin.enter", "secret", ""), id="long"),
    ],
)
def test_r_b15_a_pin_in_the_wrong_place_is_not_kept(
    world: World, amina: Handset, answers: list[str], last: Row
) -> None:
    amina.dial()
    amina.say(*answers)

    assert shown(world)[-1] == last
    assert not re.search(rf"(?<!\d){PIN}(?!\d)", kept(world))


def test_r_b15_what_is_dialled_with_the_code_is_kept_up_to_a_secret(
    world: World, amina: Handset
) -> None:
    amina.dial(f"1*0700000002*20*{PIN}")

    assert shown(world) == [("Pin.enter", "dialled", f"1*{BARAKA}*20*…")]


def test_r_b15_whoever_joins_in_a_session_has_it_from_its_beginning(world: World) -> None:
    zawadi = Handset(world.switchboard(), ZAWADI)
    zawadi.dial()
    world.services.calls.take_in()
    zawadi.say("1", "1", "Zawadi Mutua", PIN, PIN)

    rows = shown(world)

    assert rows[0] == ("Register.welcome", "dialled", "")
    assert ("Register.who", "pressed", "1") in rows
    assert ("NewPin.first", "pressed", "Zawadi Mutua") in rows
    assert [how for _label, how, _keys in rows][-2:] == ["secret", "secret"]
    with world.db.reading() as reading:
        assert reading.rows("SELECT member FROM call") == [(world.services.members.get(ZAWADI).id,)]


def test_r_b15_an_answer_given_again_is_one_screen_and_taken_in_twice_too(
    world: World, amina: Handset
) -> None:
    amina.dial()
    amina.hop()
    waiting = cast("list[tuple[bytes, Any]]", world.redis.xrange(traces.STREAM))
    before = shown(world)
    for name, fields in waiting:
        world.redis.xadd("again", fields, id=name)
    world.redis.rename("again", traces.STREAM)

    assert shown(world) == before == [("Home.menu", "dialled", "")]
    assert world.redis.xlen(traces.STREAM) == 0


def test_screens_wait_until_they_are_written(
    world: World, amina: Handset, surgeon: Surgeon
) -> None:
    amina.dial()
    surgeon.cut("ALTER TABLE call_screen RENAME TO hidden")
    with pytest.raises(psycopg.errors.UndefinedTable):
        world.services.calls.take_in()
    surgeon.cut("ALTER TABLE hidden RENAME TO call_screen")

    assert len(shown(world)) == 1


def test_a_stream_that_cannot_be_written_fails_no_answer(world: World, amina: Handset) -> None:
    world.redis.set(traces.STREAM, "something else")

    assert amina.dial().startswith("CON")
    assert amina.say("1").startswith("CON Send to which")


def test_redis_emptied_loses_screens_and_nothing_else(world: World, amina: Handset) -> None:
    amina.dial()
    world.redis.flushall()
    world.lines.start()

    assert amina.dial().startswith("CON")
    assert [label for label, _how, _keys in shown(world)] == ["Home.menu"]


def test_what_another_key_sealed_is_passed_over(world: World, amina: Handset) -> None:
    world.redis.xadd(traces.STREAM, {traces.FIELD: b"\x00" * 60})
    amina.dial()

    assert len(shown(world)) == 1
    assert world.redis.xlen(traces.STREAM) == 0


def test_r_a03_nothing_of_a_screen_can_be_read_in_redis(world: World, amina: Handset) -> None:
    amina.dial()
    amina.say("1", "0700000002", "20")
    stream = repr(world.redis.xrange(traces.STREAM))

    for clear in (AMINA, "700000002", "Baraka", "Send", "Transfer", "20 UMOJA"):
        assert clear not in stream
    assert world.redis.xlen(traces.STREAM) == 4


def test_an_answer_asks_redis_twice_as_before(world: World, amina: Handset) -> None:
    amina.dial()
    before = _commands(world.redis)

    amina.say("1")

    after = _commands(world.redis)
    asked = {name: after[name] - before.get(name, 0) for name in after}
    assert asked["evalsha"] == 2
    assert asked["xadd"] == 1
    assert sum(asked[name] for name in ("get", "set", "eval") if name in asked) <= 1  # the epoch


def _commands(client: redis.Redis) -> dict[str, int]:
    told = client.info("commandstats")
    assert isinstance(told, dict)
    return {name.removeprefix("cmdstat_"): int(stat["calls"]) for name, stat in told.items()}


def test_sessions_are_forgotten_after_their_days_with_their_screens(
    world: World, amina: Handset
) -> None:
    amina.dial()
    shown(world)
    calls = world.services.calls
    assert calls.forget(after_days=90, most=10) == 0
    world.clock.advance(days=90, hours=1)

    for chore in housekeeping.chores(world.services, world.settings):
        chore.run(now=1)

    assert shown(world) == []
    with world.db.reading() as reading:
        assert reading.the_row("SELECT count(*) FROM call") == (0,)


def test_the_word_of_the_end_may_come_before_the_screens(world: World, amina: Handset) -> None:
    amina.dial()
    session = world.sealer.name("ended", amina.call).hex()
    world.services.calls.ended(replace(CALL, session=session))

    assert len(shown(world)) == 1
    with world.db.reading() as reading:
        assert reading.rows("SELECT status, hops FROM call") == [("Success", 3)]
