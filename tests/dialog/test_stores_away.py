"""PostgreSQL or Redis hangs, dies, and comes back: every caller hears a true sentence in time."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.dialog.evidence import payments
from tests.dialog.test_apologies import Service, Trouble
from tests.dialog.toys import CONSTANTS, two_languages
from tests.people import AMINA, BARAKA, MANY, PIN, Company, Handset, World, settings_for
from ussd_app import bootstrap
from ussd_app.db import migrate
from ussd_app.db.connection import within
from ussd_app.dialog.lines import Lines
from ussd_app.dialog.machine import Machine
from ussd_app.dialog.switchboard import Switchboard
from ussd_app.embedded.postgres import APP, OWNER
from ussd_app.embedded.stores import Stores
from ussd_app.seal import Sealer
from ussd_app.settings import Settings
from ussd_app.values import Phone

DOWN = "END The service is down. Please dial again in a few minutes."
DOWN_IN_SWAHILI = "Huduma haipatikani. Piga tena baada ya dakika chache."
DOWN_IN_BOTH = f"{DOWN}\n{DOWN_IN_SWAHILI}"
UNSURE = "END We are still checking your last step. Do not repeat it. Dial again in a minute."
BUSY = "END Your last step is still being worked on. Dial again in a minute."
POSTGRES_SECONDS = 4.0
REDIS_SECONDS = 1.5
AT_ONCE_SECONDS = 0.2


@dataclass
class House:
    """An application as the web process has it, on stores that may be stopped and killed."""

    stores: Stores
    settings: Settings
    world: World

    def phone(self, number: Phone = AMINA) -> Handset:
        return Handset(self.world.switchboard(), number)

    def processes(self) -> list[int]:
        """PostgreSQL's, the postmaster first."""
        assert self.stores.postgres
        assert self.stores.postgres.child
        postmaster = self.stores.postgres.child.pid
        return [postmaster, *children_of(postmaster)]

    def redis_process(self) -> int:
        assert self.stores.redis
        assert self.stores.redis.child
        return self.stores.redis.child.pid

    def kill_postgres(self) -> None:
        send(signal.SIGKILL, self.processes())
        assert self.stores.postgres
        assert self.stores.postgres.child
        self.stores.postgres.child.wait()


def children_of(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Processes that are there and do nothing; one that has just ended needs no stopping."""
    try:
        send(signal.SIGSTOP, pids)
        yield
    finally:
        send(signal.SIGCONT, pids)


def send(what: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


@pytest.fixture(scope="module")
def own_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stores, Settings]]:
    stores = Stores(tmp_path_factory.mktemp("own"))
    try:
        stores.start()
        assert stores.postgres
        migrate.upgrade(stores.postgres.url(OWNER), stores.postgres.url(APP))
        yield stores, settings_for(AT_BASE_URL="http://127.0.0.1:9", **stores.environment())
    finally:
        stores.stop()


@pytest.fixture
def house(own_stores: tuple[Stores, Settings]) -> Iterator[House]:
    """Amina has 100; nobody has called, and no connection has been made for long."""
    stores, settings = own_stores
    assert stores.postgres
    assert stores.redis
    built = bootstrap.build(settings, name="web", waits=True)
    sealer = Sealer(data_key=settings.session_data_key, index_key=settings.session_index_key)
    lines = Lines(built.redis, sealer, MANY)
    world = World(
        settings,
        built.db,
        built.redis,
        built.clock,
        built.services,
        Company("http://127.0.0.1:9"),
        sealer,
        lines,
    )
    built.redis.flushall()
    lines.start()
    bootstrap.found(settings, built.services)
    if world.services.members.find(AMINA) is None:
        world.join(AMINA, "Amina Wanjiru", tokens=100)
        world.join(BARAKA, "Baraka Otieno", tokens=0)
    yield House(stores, settings, world)
    if stores.postgres.child is None or stores.postgres.child.poll() is not None:
        stores.postgres.start()
    if stores.redis.child is None or stores.redis.child.poll() is not None:
        stores.redis.start()
    world.close()


def timed(deed: Callable[[], str]) -> tuple[str, float]:
    began = time.monotonic()
    said = deed()
    return said, time.monotonic() - began


def fresh_amount() -> str:
    """An amount nobody has sent lately, so that no twin is asked about."""
    return f"0.{secrets.randbelow(89) + 10}"


# PostgreSQL hangs


def test_a_caller_hears_in_time_that_postgresql_hangs(house: House) -> None:
    phone = house.phone()
    phone.dial()
    phone.say("1")

    with frozen(*house.processes()):
        said, seconds = timed(lambda: phone.say("0700000002"))

    assert said == DOWN
    assert seconds < POSTGRES_SECONDS


def test_a_caller_hears_in_time_that_postgresql_takes_no_connection(house: House) -> None:
    house.world.db.close()

    with frozen(*house.processes()):
        said, seconds = timed(house.phone().dial)

    assert said == DOWN_IN_BOTH
    assert seconds < POSTGRES_SECONDS


def test_r_a07_at_a_pin_nobody_is_told_that_nothing_happened_while_postgresql_hangs(
    house: House,
) -> None:
    phone, amount = house.phone(), fresh_amount()
    phone.dial(f"1*0700000002*{amount}")
    count = payments(house.world)

    with frozen(*house.processes()):
        said, seconds = timed(lambda: phone.say(PIN))

    assert said == UNSURE
    assert seconds < POSTGRES_SECONDS
    time.sleep(1.1)  # the breaker rests
    assert phone.dial().startswith("CON You were cut off. Your payment was NOT sent")
    assert phone.say("1").startswith("CON Welcome back.\nHow much for Baraka O?")
    assert phone.say(amount, PIN).startswith(f"END Sent {amount} UMOJA to Baraka O.")
    assert payments(house.world) == count + 1


def test_once_postgresql_hangs_the_next_callers_hear_it_at_once(house: House) -> None:
    phones = [house.phone(), house.phone(BARAKA)]
    for phone in phones:
        phone.dial()
        phone.say("1")
    third = house.phone()

    with frozen(*house.processes()):
        with ThreadPoolExecutor(2) as threads:
            said = list(threads.map(lambda phone: phone.say("0712345678"), phones))
        next_said, seconds = timed(third.dial)

    assert said == [DOWN, DOWN]
    assert next_said == DOWN_IN_BOTH
    assert seconds < AT_ONCE_SECONDS


def test_a_screen_that_needs_no_postgresql_is_shown_while_it_hangs(house: House) -> None:
    phone = house.phone()
    phone.dial()

    with frozen(*house.processes()):
        said, seconds = timed(lambda: phone.say("4", "1"))

    assert said.startswith("CON Your name, as friends should see it:")
    assert seconds < AT_ONCE_SECONDS


# PostgreSQL dies


def test_a_caller_hears_at_once_that_postgresql_died_and_is_served_when_it_is_back(
    house: House,
) -> None:
    phone = house.phone()
    phone.dial()
    house.kill_postgres()

    said, seconds = timed(house.phone().dial)

    assert said == DOWN_IN_BOTH
    assert seconds < 1
    assert house.stores.postgres
    house.stores.postgres.start()
    time.sleep(1.1)
    assert house.phone().dial().startswith("CON Umoja\nHello Amina!")


def test_r_a07_at_a_pin_nobody_is_told_that_nothing_happened_when_postgresql_died(
    house: House,
) -> None:
    phone, amount = house.phone(), fresh_amount()
    phone.dial(f"1*0700000002*{amount}")
    count, balance = payments(house.world), house.world.balance(AMINA)
    house.kill_postgres()

    said, seconds = timed(lambda: phone.say(PIN))

    assert said == UNSURE
    assert seconds < POSTGRES_SECONDS
    assert house.stores.postgres
    house.stores.postgres.start()
    time.sleep(1.1)
    assert phone.dial().startswith("CON You were cut off. Your payment was NOT sent")
    assert payments(house.world) == count
    assert house.world.balance(AMINA) == balance


def test_every_idle_connection_is_made_anew_after_postgresql_was_restarted(house: House) -> None:
    phone = house.phone()
    phone.dial()
    assert house.stores.postgres
    house.stores.postgres.stop()
    house.stores.postgres.start()

    assert phone.dial().startswith("CON")


# Redis hangs or dies


def test_a_caller_hears_in_time_that_redis_hangs_and_then_at_once(house: House) -> None:
    phone = house.phone()
    phone.dial()

    with frozen(house.redis_process()):
        heard = [timed(phone.dial) for _ in range(3)]

    assert [said for said, _seconds in heard] == [DOWN_IN_BOTH] * 3
    assert max(seconds for _said, seconds in heard) < REDIS_SECONDS
    assert heard[-1][1] < AT_ONCE_SECONDS


def test_callers_are_served_again_once_redis_goes_on(house: House) -> None:
    """But for the phone whose question Redis still had before it: its line is held for a lease."""
    phone, other = house.phone(), house.phone(BARAKA)
    with frozen(house.redis_process()):
        phone.dial()
        phone.dial()

    time.sleep(1.1)

    assert other.dial().startswith("CON")
    assert phone.dial().startswith(("CON", BUSY))


def test_a_caller_hears_at_once_that_redis_died_and_is_served_when_it_is_back(
    house: House,
) -> None:
    phone = house.phone()
    phone.dial()
    phone.say("5")
    os.kill(house.redis_process(), signal.SIGKILL)
    assert house.stores.redis
    assert house.stores.redis.child
    house.stores.redis.child.wait()

    said, seconds = timed(lambda: phone.say("2"))

    assert said == DOWN_IN_BOTH
    assert seconds < AT_ONCE_SECONDS
    house.stores.redis.start()
    time.sleep(1.1)
    assert house.phone().dial().startswith("CON")


@pytest.mark.parametrize(("typed", "said"), [("1", DOWN), ("2*7306", UNSURE)])
def test_r_a07_redis_hanging_after_the_deed_is_told_as_doubt_at_a_pin(
    typed: str, said: str, house: House
) -> None:
    """The deed is done, and putting the call away fails."""
    service = Service()
    machine = Machine(Trouble, service, two_languages(), constants=CONSTANTS, language="en")
    phone = Handset(Switchboard(machine, house.world.lines, house.world.sealer, within), AMINA)
    phone.dial()
    *before, last = typed.split("*")
    phone.say(*before)
    service.deed = lambda: os.kill(house.redis_process(), signal.SIGSTOP)

    try:
        heard, seconds = timed(lambda: phone.say(last))
    finally:
        os.kill(house.redis_process(), signal.SIGCONT)

    assert heard == said
    assert seconds < REDIS_SECONDS
    assert len(service.refs) == 1
