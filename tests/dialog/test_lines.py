"""The lines in Redis: one holder at a time, bounded waits, and nothing to be read in them."""

from __future__ import annotations

import secrets
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import cast

import pytest
import redis

from tests.db.crowd import eventually
from tests.people import AMINA, BARAKA, MANY, settings_for
from ussd_app import bootstrap
from ussd_app.clock import Deadline
from ussd_app.dialog import lines as lines_module
from ussd_app.dialog.lines import (
    CALLS_KNOWN,
    EPOCH,
    LEASE_SECONDS,
    LINE_SECONDS,
    LOCK_WAIT_SECONDS,
    Busy,
    Hold,
    Lines,
    Rates,
)
from ussd_app.dialog.session import Frame, Session
from ussd_app.dialog.wire import Script, Wire
from ussd_app.embedded.stores import Stores
from ussd_app.errors import TooMany, Unavailable
from ussd_app.seal import Sealer

CODE = "*384*96#"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(data_key=secrets.token_bytes(32), index_key=secrets.token_bytes(32))


@pytest.fixture
def lines(redis_client: redis.Redis, sealer: Sealer) -> Lines:
    made = Lines(redis_client, sealer, MANY)
    made.start()
    return made


@contextmanager
def held(
    lines: Lines, call: str, phone: str = AMINA, code: str = CODE, seconds: float = 4
) -> Iterator[Hold]:
    with lines.hold(call=call, phone=phone, service_code=code, deadline=Deadline(seconds)) as hold:
        yield hold


@contextmanager
def frozen(stores: Stores) -> Iterator[None]:
    """Redis there, and silent: what was asked meanwhile it does afterwards."""
    assert stores.redis
    assert stores.redis.child
    stores.redis.child.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        stores.redis.child.send_signal(signal.SIGCONT)


def at(state: str, *, over: bool = False) -> Session:
    return Session([Frame("Home", state)], "en", over=over)


def save(lines: Lines, call: str, state: str, *, phone: str = AMINA, over: bool = False) -> None:
    with held(lines, call, phone) as hold:
        assert hold.save(at(state, over=over))


def state_of(hold: Hold) -> str | None:
    return hold.held.session.frames[0].state if hold.held.session else None


def line_names(client: redis.Redis) -> list[bytes]:
    return sorted(cast("list[bytes]", client.keys("ussd:line:*")))


def line_of(client: redis.Redis) -> bytes:
    (line,) = line_names(client)
    return line


def sessions_of(client: redis.Redis, line: bytes) -> dict[bytes, bytes]:
    """The sealed sessions of a line, by their names."""
    fields = cast("dict[bytes, bytes]", client.hgetall(line))
    return {name: sealed for name, sealed in fields.items() if name.startswith(b"s:")}


# What is kept


def test_a_call_nobody_knows_has_no_session(lines: Lines) -> None:
    with held(lines, "c1") as hold:
        assert hold.held.session is None
        assert hold.held.before is None
        assert not hold.held.pushed_out
        assert not hold.held.forgotten


def test_a_call_is_found_as_it_was_left(lines: Lines) -> None:
    save(lines, "c1", "menu")

    with held(lines, "c1") as hold:
        assert state_of(hold) == "menu"


@pytest.mark.parametrize(
    ("phone", "code"), [(BARAKA, CODE), (AMINA, "*384*97#")], ids=["phone", "service code"]
)
def test_a_call_belongs_to_its_phone_and_service_code(phone: str, code: str, lines: Lines) -> None:
    save(lines, "c1", "menu")

    with held(lines, "c1", phone, code) as hold:
        assert hold.held.session is None


def test_an_unknown_call_learns_what_was_cut_before_it(lines: Lines) -> None:
    save(lines, "c1", "how_much")

    with held(lines, "c2") as hold:
        assert hold.held.before
        assert hold.held.before.frames[0].state == "how_much"
        assert 0 <= hold.held.before_seconds < 2


def test_an_unknown_call_learns_nothing_of_one_that_ended(lines: Lines) -> None:
    save(lines, "c1", "bye", over=True)

    with held(lines, "c2") as hold:
        assert hold.held.before is None


def test_an_end_that_redis_has_saved_is_told(lines: Lines) -> None:
    with held(lines, "a call") as hold:
        hold.save(at("done", over=True), risky=True)

    with held(lines, "the next call") as hold:
        assert (hold.held.before, hold.held.untold) == (None, False)


def test_r_a15_an_end_that_redis_saved_after_we_gave_up_waiting_is_untold(
    stores: Stores, redis_client: redis.Redis, sealer: Sealer
) -> None:
    assert stores.redis
    lines = Lines(redis.Redis.from_url(stores.redis.url, socket_timeout=0.2), sealer, MANY)

    save(lines, "a call", "asked for a PIN")
    with held(lines, "a call") as hold, frozen(stores), pytest.raises(Unavailable):
        hold.save(at("done", over=True), risky=True)
    line = line_of(redis_client)
    eventually(lambda: redis_client.hget(line, "open") != b"1", "what was asked of it while frozen")
    redis_client.hdel(line, "lock")  # as the end of the lease would

    with held(lines, "the next call") as hold:
        assert hold.held.before
        assert hold.held.before.frames[0].state == "done"
        assert hold.held.untold


def cut_off(lines: Lines, call: str, phone: str = AMINA) -> None:
    lines.cut_off(call=call, phone=phone, service_code=CODE)


def answer_a_pin(lines: Lines, call: str, *, over: bool = True) -> None:
    with held(lines, call) as hold:
        assert hold.save(at("done", over=over), risky=True)


def is_untold(lines: Lines) -> bool:
    with held(lines, secrets.token_hex(4)) as hold:
        assert hold.held.before is None or hold.held.before.frames[0].state == "done"
        return hold.held.untold


@pytest.mark.parametrize("times", [1, 3])
def test_r_a15_an_end_that_was_cut_is_untold(times: int, lines: Lines) -> None:
    answer_a_pin(lines, "a call")

    for _time in range(times):
        cut_off(lines, "a call")

    assert is_untold(lines)


def test_r_a15_an_end_that_was_cut_before_it_is_saved_is_untold(lines: Lines) -> None:
    save(lines, "a call", "asked for a PIN")
    with held(lines, "a call") as hold:
        cut_off(lines, "a call")
        hold.save(at("done", over=True), risky=True)

    assert is_untold(lines)


def test_an_end_that_answered_no_pin_is_not_untold_when_it_was_cut(lines: Lines) -> None:
    answer_a_pin(lines, "a call", over=False)
    save(lines, "a call", "done", over=True)

    cut_off(lines, "a call")

    assert not is_untold(lines)


def test_a_cut_of_a_call_that_is_not_the_newest_is_not_heeded(lines: Lines) -> None:
    save(lines, "an old call", "menu")
    answer_a_pin(lines, "a call")

    for call in ("an old call", "nobody's call"):
        cut_off(lines, call)
    cut_off(lines, "a call", BARAKA)

    assert not is_untold(lines)


def test_a_cut_is_told_of_once(lines: Lines) -> None:
    answer_a_pin(lines, "a call")
    cut_off(lines, "a call")
    save(lines, "the next call", "done", over=True)
    cut_off(lines, "a call")

    assert not is_untold(lines)


def test_a_late_answer_of_a_call_that_the_next_one_has_told_of_is_not_untold(lines: Lines) -> None:
    save(lines, "a call", "asked for a PIN")
    cut_off(lines, "a call")
    save(lines, "the next call", "menu")

    answer_a_pin(lines, "a call")
    cut_off(lines, "a call")

    with held(lines, "a third call") as hold:
        assert not hold.held.untold


def test_r_a15_a_call_that_ends_late_hides_nothing_of_the_one_begun_since(lines: Lines) -> None:
    save(lines, "a call", "asked for a PIN")
    save(lines, "the next call", "menu")

    answer_a_pin(lines, "a call")

    with held(lines, "a call") as hold:
        assert state_of(hold) == "done"
    with held(lines, "a third call") as hold:
        assert hold.held.before
        assert hold.held.before.frames[0].state == "menu"


def test_a_cut_leaves_nothing_of_a_phone_that_nobody_holds(
    lines: Lines, redis_client: redis.Redis
) -> None:
    cut_off(lines, "a call")

    assert line_names(redis_client) == []


def test_the_newest_call_is_the_one_that_spoke_last(lines: Lines) -> None:
    save(lines, "c1", "one")
    save(lines, "c2", "two")
    save(lines, "c1", "one again")

    with held(lines, "c3") as hold:
        assert hold.held.before
        assert hold.held.before.frames[0].state == "one again"


def test_two_calls_are_kept_and_a_third_pushes_out_the_one_that_was_silent_longest(
    lines: Lines,
) -> None:
    save(lines, "c1", "one")
    save(lines, "c2", "two")
    save(lines, "c1", "one again")
    save(lines, "c3", "three")

    with held(lines, "c2") as hold:
        assert hold.held.pushed_out
        assert hold.held.session is None
    with held(lines, "c1") as hold:
        assert state_of(hold) == "one again"
    with held(lines, "c3") as hold:
        assert state_of(hold) == "three"


def test_a_line_remembers_no_more_calls_than_it_must(
    lines: Lines, redis_client: redis.Redis
) -> None:
    for number in range(3 * CALLS_KNOWN):
        save(lines, f"c{number}", "menu")

    assert len(sessions_of(redis_client, line_of(redis_client))) == CALLS_KNOWN


def test_a_line_is_forgotten_some_time_after_the_last_answer(
    lines: Lines, redis_client: redis.Redis
) -> None:
    save(lines, "c1", "menu")

    left = redis_client.pttl(line_of(redis_client))

    assert (LINE_SECONDS - 5) * 1000 < left <= LINE_SECONDS * 1000


def test_every_answer_puts_the_forgetting_off(lines: Lines, redis_client: redis.Redis) -> None:
    save(lines, "c1", "menu")
    redis_client.pexpire(line_of(redis_client), 10_000)

    save(lines, "c1", "menu")

    assert redis_client.pttl(line_of(redis_client)) > 100_000


def test_a_redis_that_was_emptied_is_told_from_one_that_never_knew_the_call(
    lines: Lines, redis_client: redis.Redis
) -> None:
    save(lines, "c1", "menu")
    redis_client.flushall()

    with held(lines, "c1") as hold:
        assert hold.held.session is None
        assert hold.held.forgotten


def test_a_redis_that_was_not_emptied_for_long_forgot_nothing(
    lines: Lines, redis_client: redis.Redis
) -> None:
    redis_client.set(EPOCH, int(time.time() * 1000) - 201_000)

    with held(lines, "c1") as hold:
        assert not hold.held.forgotten


def test_starting_again_does_not_pretend_that_redis_was_emptied(
    lines: Lines, redis_client: redis.Redis
) -> None:
    redis_client.set(EPOCH, 5)

    lines.start()

    assert redis_client.get(EPOCH) == b"5"


# One at a time


def test_while_a_line_is_held_another_waits_less_than_a_second_and_is_told_busy(
    lines: Lines,
) -> None:
    with held(lines, "c1"):
        began = time.monotonic()

        with pytest.raises(Busy), held(lines, "c1"):
            pass

    assert LOCK_WAIT_SECONDS <= time.monotonic() - began < LOCK_WAIT_SECONDS + 0.4


def test_whoever_waits_does_not_wait_beyond_their_own_deadline(lines: Lines) -> None:
    with held(lines, "c1"):
        began = time.monotonic()

        with pytest.raises(Busy), held(lines, "c2", seconds=0.1):
            pass

    assert time.monotonic() - began < 0.5


def test_whoever_waits_gets_the_line_when_it_is_let_go(lines: Lines) -> None:
    entered = threading.Event()

    def first() -> None:
        with held(lines, "c1") as hold:
            entered.set()
            time.sleep(0.2)
            hold.save(at("saved by the first"))

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(first)
        entered.wait(5)
        with held(lines, "c1") as hold:
            assert state_of(hold) == "saved by the first"
        done.result()


def test_other_phones_do_not_wait(lines: Lines) -> None:
    with held(lines, "c1"):
        began = time.monotonic()
        with held(lines, "c1", BARAKA):
            pass

    assert time.monotonic() - began < LOCK_WAIT_SECONDS


def test_a_line_is_free_after_whatever_happened_while_it_was_held(lines: Lines) -> None:
    with pytest.raises(RuntimeError), held(lines, "c1"):
        raise RuntimeError

    began = time.monotonic()
    with held(lines, "c1") as hold:
        assert hold.held.session is None
    assert time.monotonic() - began < LOCK_WAIT_SECONDS


def test_many_at_once_hold_a_line_one_after_another(lines: Lines) -> None:
    inside: list[int] = []
    most = 0

    def hold_it(number: int) -> None:
        nonlocal most
        with held(lines, "c1") as hold:
            inside.append(number)
            most = max(most, len(inside))
            time.sleep(0.01)
            inside.remove(number)
            hold.save(at("menu"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(hold_it, range(8)))

    assert most == 1


def test_a_holder_whose_lease_ended_cannot_save_over_the_next_one(
    lines: Lines, redis_client: redis.Redis
) -> None:
    with held(lines, "c1") as late:
        redis_client.hset(line_of(redis_client), "lock", "1")  # the lease ended long ago
        with held(lines, "c1") as next_one:
            assert next_one.fence > late.fence
            assert next_one.save(at("the next one's"))

        assert not late.save(at("the late one's"))

    with held(lines, "c1") as hold:
        assert state_of(hold) == "the next one's"


def test_a_holder_whose_lease_ended_does_not_let_go_what_the_next_one_holds(
    lines: Lines, redis_client: redis.Redis
) -> None:
    with held(lines, "c1"):
        redis_client.hset(line_of(redis_client), "lock", "1")
        late = lines.hold(call="c1", phone=AMINA, service_code=CODE, deadline=Deadline(4))
        late.__enter__()
    try:
        with pytest.raises(Busy), held(lines, "c1", seconds=0.1):
            pass
    finally:
        late.__exit__(None, None, None)


def test_a_line_cannot_be_saved_after_redis_was_emptied_in_between(
    lines: Lines, redis_client: redis.Redis
) -> None:
    with held(lines, "c1") as hold:
        redis_client.flushall()

        assert not hold.save(at("menu"))


def test_the_lease_is_longer_than_an_answer_may_take(
    lines: Lines, redis_client: redis.Redis
) -> None:
    with held(lines, "c1"):
        until = int(cast("bytes", redis_client.hget(line_of(redis_client), "lock")))

    assert 4 < until / 1000 - time.time() <= LEASE_SECONDS


# Rates


def test_a_phone_may_ask_in_bursts_and_then_at_its_rate(
    redis_client: redis.Redis, sealer: Sealer
) -> None:
    lines = Lines(redis_client, sealer, Rates(per_second=20, burst=5))

    answered = [may_ask(lines) for _ in range(30)]
    time.sleep(0.12)

    assert answered[:5] == [True] * 5
    assert answered.count(True) < 12
    assert may_ask(lines)


def may_ask(lines: Lines) -> bool:
    try:
        save(lines, "c1", "menu")
    except TooMany:
        return False
    return True


def test_the_rate_of_one_phone_is_nobody_elses(redis_client: redis.Redis, sealer: Sealer) -> None:
    lines = Lines(redis_client, sealer, Rates(per_second=0.01, burst=1))
    save(lines, "c1", "menu")
    with pytest.raises(TooMany), held(lines, "c1"):
        pass

    save(lines, "c1", "menu", phone=BARAKA)


def test_waiting_for_the_line_counts_as_one_asking(
    redis_client: redis.Redis, sealer: Sealer
) -> None:
    lines = Lines(redis_client, sealer, Rates(per_second=0.01, burst=3))
    with held(lines, "c1"), pytest.raises(Busy), held(lines, "c1", seconds=0.3):
        pass

    save(lines, "c1", "menu")


def test_being_told_to_wait_is_not_busy(redis_client: redis.Redis, sealer: Sealer) -> None:
    lines = Lines(redis_client, sealer, Rates(per_second=0.01, burst=1))
    save(lines, "c1", "menu")

    with pytest.raises(TooMany) as refused, held(lines, "c1"):
        pass
    assert not isinstance(refused.value, Busy)


# Secrecy


def test_a_line_sealed_with_another_key_cannot_be_read(
    lines: Lines, redis_client: redis.Redis, sealer: Sealer
) -> None:
    save(lines, "c1", "menu")
    other = Sealer(data_key=secrets.token_bytes(32), index_key=sealer._index_key)
    redis_client.set(EPOCH, int(time.time() * 1000) - 201_000)

    for call in ("c1", "c2"):
        with held(Lines(redis_client, other, MANY), call) as hold:
            assert hold.held.session is None
            assert hold.held.before is None
            assert hold.held.forgotten


def test_a_session_moved_to_another_line_cannot_be_read(
    lines: Lines, redis_client: redis.Redis
) -> None:
    save(lines, "c1", "menu")
    stolen_from = line_of(redis_client)
    save(lines, "c1", "other", phone=BARAKA)
    (target,) = set(line_names(redis_client)) - {stolen_from}
    (stolen,) = sessions_of(redis_client, stolen_from).values()
    (name,) = sessions_of(redis_client, target)

    redis_client.hset(target, name, stolen)

    with held(lines, "c1", BARAKA) as hold:
        assert hold.held.session is None


def test_a_session_moved_to_another_call_of_the_line_cannot_be_read(
    lines: Lines, redis_client: redis.Redis
) -> None:
    save(lines, "c1", "one")
    save(lines, "c2", "two")
    line = line_of(redis_client)
    (first, _sealed), (_name, stolen) = sessions_of(redis_client, line).items()

    redis_client.hset(line, first, stolen)

    read = []
    for call in ("c1", "c2"):
        with held(lines, call) as hold:
            read.append(hold.held.session is None)
    assert sorted(read) == [False, True]


# The wire


def test_scripts_that_redis_forgot_are_sent_again(lines: Lines, redis_client: redis.Redis) -> None:
    save(lines, "c1", "menu")
    redis_client.script_flush()

    save(lines, "c1", "later")

    with held(lines, "c1") as hold:
        assert state_of(hold) == "later"


def test_a_connection_that_was_closed_while_it_lay_idle_is_made_anew(
    lines: Lines, redis_client: redis.Redis
) -> None:
    """A Redis that was restarted, or a proxy that drops what is idle, is no reason to hang up."""
    save(lines, "c1", "menu")
    redis_client.client_kill_filter(_type="normal", skipme=True)

    with held(lines, "c1") as hold:
        assert state_of(hold) == "menu"


def test_an_error_of_a_script_drops_the_connection_and_the_next_answer_is_its_own(
    redis_client: redis.Redis,
) -> None:
    wire = Wire(redis_client)

    with pytest.raises(Unavailable):
        wire.run(Script("return redis.call('HGET', KEYS[1])"), (b"k",), ())

    assert wire.run(Script("return ARGV[1]"), (), ("mine",)) == b"mine"


def test_threads_do_not_share_a_connection(redis_client: redis.Redis) -> None:
    wire = Wire(redis_client)
    echo = Script("return ARGV[1]")

    def ask(number: int) -> list[bytes]:
        return [wire.run(echo, (), (f"{number}-{n}",)) for n in range(50)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))

    assert answers == [[f"{number}-{n}".encode() for n in range(50)] for number in range(8)]


def test_lines_of_a_redis_that_is_not_there_say_so(sealer: Sealer) -> None:
    nowhere = bootstrap.redis_of(settings_for(REDIS_URL="unix:///nonexistent/redis"), waits=True)
    lines = Lines(nowhere, sealer, MANY)
    began = time.monotonic()

    with pytest.raises(Unavailable):
        lines.start()
    with pytest.raises(Unavailable), held(lines, "c1"):
        pass
    assert time.monotonic() - began < 1


def test_the_limits_leave_room_for_each_other() -> None:
    assert LOCK_WAIT_SECONDS < 1
    assert lines_module.CALL_SECONDS < LINE_SECONDS


# Ending a call


def test_r_c06_a_call_that_was_ended_is_a_new_one(lines: Lines) -> None:
    save(lines, "c1", "menu")

    lines.end(AMINA)

    with held(lines, "c1") as hold:
        assert (hold.held.session, hold.held.before, hold.held.pushed_out) == (None, None, False)


@pytest.mark.parametrize("answers", [0, 1, 5])
def test_r_c06_an_answer_under_way_when_its_call_is_ended_is_not_kept(
    lines: Lines, answers: int
) -> None:
    """Nor if the next one has begun: no two holds of a line have the same fence."""
    for number in range(answers):
        save(lines, "c1", f"state{number}")

    with held(lines, "c1") as under_way:
        lines.end(AMINA)
        with held(lines, "c1") as following:
            assert following.held.session is None
            assert under_way.save(at("secret")) is False
            assert following.save(at("blocked"))

    with held(lines, "c1") as hold:
        assert state_of(hold) == "blocked"


def test_r_c06_ending_a_call_gives_its_phone_no_new_answers(
    redis_client: redis.Redis, sealer: Sealer
) -> None:
    lines = Lines(redis_client, sealer, Rates(per_second=1, burst=2))
    for call in ("c1", "c2"):
        save(lines, call, "menu")

    lines.end(AMINA)

    with pytest.raises(TooMany), held(lines, "c3"):
        pass


def test_r_c06_ending_a_call_of_nobody_leaves_nothing(
    lines: Lines, redis_client: redis.Redis
) -> None:
    lines.end(BARAKA)

    assert line_names(redis_client) == []


def test_r_c06_an_ended_line_is_forgotten_in_time(lines: Lines, redis_client: redis.Redis) -> None:
    save(lines, "c1", "menu")
    lines.end(AMINA)

    assert 0 < redis_client.ttl(line_of(redis_client)) <= LINE_SECONDS
    assert sessions_of(redis_client, line_of(redis_client)) == {}


def test_r_c06_a_call_cannot_be_ended_while_redis_is_silent(
    lines: Lines, stores: Stores, sealer: Sealer
) -> None:
    assert stores.redis
    impatient = Lines(redis.Redis.from_url(stores.redis.url, socket_timeout=0.2), sealer, MANY)

    with frozen(stores), pytest.raises(Unavailable):
        impatient.end(AMINA)
