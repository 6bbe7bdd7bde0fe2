"""A PostgreSQL that restarts, dies, hangs, or would forget."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.db.crowd import crowd, eventually, given, insist, raised
from tests.whole.system import System
from ussd_app.clock import Deadline
from ussd_app.db import Database
from ussd_app.db.connection import within
from ussd_app.embedded.postgres import ADMIN, Postgres
from ussd_app.embedded.stores import Stores
from ussd_app.errors import NotDurable, Unavailable


@pytest.fixture
def db(cluster: Postgres) -> Iterator[Database]:
    made = Database(cluster.url(), name="test", pool_size=3)
    yield made
    made.close()


@contextmanager
def seconds_at_most(most: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < most


def pids(db: Database) -> set[int]:
    """Fill the pool, and say who serves it."""

    def ask(_number: int) -> int:
        with db.reading() as reading:
            (pid, _slept) = reading.the_row("SELECT pg_backend_pid(), pg_sleep(0.1)")
            return int(pid)

    return set(given(crowd(3, ask)))


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process hangs, and goes on in the end."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_after_a_restart_nobody_notices_that_connections_were_lost(
    db: Database, cluster: Postgres
) -> None:
    before = pids(db)
    cluster.stop()
    cluster.start()

    after = pids(db)

    assert (len(before), len(after)) == (3, 3)
    assert before.isdisjoint(after)


def test_while_it_is_away_everybody_is_told_at_once_and_afterwards_served(
    db: Database, cluster: Postgres
) -> None:
    pids(db)
    cluster.stop()
    with seconds_at_most(2):
        told = crowd(8, lambda _: pids(db))
        refused = [isinstance(one, Unavailable) or one == set() for one in told]

    cluster.start()

    assert all(refused)
    assert insist(lambda: read_one(db)) == 1


def read_one(db: Database) -> int:
    with db.reading() as reading:
        return int(reading.the_row("SELECT 1")[0])


def test_what_was_acknowledged_before_it_was_killed_is_there_afterwards(
    db: Database, cluster: Postgres
) -> None:
    with psycopg.connect(cluster.url(ADMIN), autocommit=True) as admin:
        admin.execute("CREATE TABLE IF NOT EXISTS kept (number bigint PRIMARY KEY)")
        admin.execute("GRANT SELECT, INSERT ON kept TO PUBLIC")
    acknowledged: list[int] = []
    first = time.monotonic_ns()

    def write(number: int) -> None:
        for turn in range(10_000):
            mine = first + number * 10_000 + turn
            with db.work() as work:
                work.run("INSERT INTO kept VALUES (%s)", mine)
            acknowledged.append(mine)

    def kill() -> None:
        eventually(lambda: len(acknowledged) > 50)
        assert cluster.child
        cluster.child.kill()
        cluster.child.wait()

    told = crowd(3, lambda number: kill() if number == 0 else write(number))
    cluster.start()

    assert {type(error) for error in raised(told)} == {Unavailable}
    with psycopg.connect(cluster.url()) as fresh:
        kept = {row[0] for row in fresh.execute("SELECT number FROM kept").fetchall()}
    assert set(acknowledged) <= kept
    assert len(acknowledged) > 50


def test_a_statement_ends_by_the_deadline(db: Database) -> None:
    with (
        seconds_at_most(2),
        pytest.raises(Unavailable),
        within(Deadline(0.3)),
        db.reading() as reading,
    ):
        reading.row("SELECT pg_sleep(20)")


def test_a_work_ends_by_the_deadline_and_is_undone(db: Database) -> None:
    ids: list[str] = []

    def deed() -> None:
        with within(Deadline(0.3)), db.work() as work:
            ids.append(str(work.the_row("SELECT pg_current_xact_id()")[0]))
            work.row("SELECT pg_sleep(1)")

    with seconds_at_most(0.9), pytest.raises(Unavailable):
        deed()

    def state() -> str:
        with db.reading() as reading:
            return str(reading.the_row("SELECT pg_xact_status(%s::xid8)", ids[0])[0])

    eventually(lambda: state() == "aborted")


def test_a_backend_that_hangs_frees_its_caller_by_the_deadline(db: Database) -> None:
    (pid,) = read_pid(db)

    with (
        stopped(pid),
        seconds_at_most(2),
        pytest.raises(Unavailable),
        within(Deadline(0.3)),
        db.reading() as reading,
    ):
        reading.row("SELECT 1")

    assert insist(lambda: read_one(db)) == 1


def test_a_backend_that_hangs_in_a_transaction_frees_its_caller_by_the_deadline(
    db: Database,
) -> None:
    hung: list[int] = []

    def deed() -> None:
        with within(Deadline(0.5)), db.work() as work:
            hung.append(work.the_row("SELECT pg_backend_pid()")[0])
            os.kill(hung[0], signal.SIGSTOP)
            work.row("SELECT 1")

    with seconds_at_most(2), pytest.raises(Unavailable):
        deed()
    os.kill(hung[0], signal.SIGCONT)

    assert insist(lambda: read_one(db)) == 1


def test_a_backend_that_hangs_at_the_commit_frees_its_caller_by_the_deadline(
    db: Database,
) -> None:
    hung: list[int] = []

    def deed() -> None:
        with within(Deadline(0.5)), db.work() as work:
            hung.append(work.the_row("SELECT pg_backend_pid()")[0])
            os.kill(hung[0], signal.SIGSTOP)

    with seconds_at_most(2), pytest.raises(Unavailable):
        deed()
    os.kill(hung[0], signal.SIGCONT)

    assert insist(lambda: read_one(db)) == 1


def test_a_server_that_hangs_while_connecting_frees_its_caller(
    db: Database, cluster: Postgres
) -> None:
    assert cluster.child
    with stopped(cluster.child.pid), seconds_at_most(4), pytest.raises(Unavailable):
        read_one(db)

    assert insist(lambda: read_one(db)) == 1


def test_once_a_server_hangs_the_next_callers_are_told_at_once(
    db: Database, cluster: Postgres
) -> None:
    assert cluster.child
    with stopped(cluster.child.pid):
        crowd(2, lambda _: read_one(db))
        with seconds_at_most(0.5), pytest.raises(Unavailable):
            read_one(db)


def test_a_deadline_that_has_passed_asks_for_nothing_more(db: Database) -> None:
    read_one(db)

    with seconds_at_most(1), within(Deadline(0)), pytest.raises(Unavailable), db.work() as work:
        work.row("SELECT pg_sleep(20)")


def test_a_deadline_binds_its_own_thread_alone(db: Database) -> None:
    def deed(number: int) -> int:
        if number:
            with db.reading() as reading:
                return len(reading.the_row("SELECT pg_sleep(0.5)"))
        with within(Deadline(0.1)), db.reading() as reading:
            return len(reading.the_row("SELECT pg_sleep(20)"))

    bound, free = crowd(2, deed)

    assert (type(bound), free) == (Unavailable, 1)


def test_a_deadline_binds_no_longer_than_its_block(db: Database) -> None:
    with within(Deadline(0.2)):
        read_one(db)

    with db.reading() as reading:
        assert len(reading.the_row("SELECT pg_sleep(0.3)")) == 1


def read_pid(db: Database) -> tuple[int]:
    with db.reading() as reading:
        return (int(reading.the_row("SELECT pg_backend_pid()")[0]),)


def configured(cluster: Postgres, line: str, is_so: Callable[[str], bool]) -> None:
    """Write the line into the server's local configuration, and have it heeded."""
    name = line.split(" ", 1)[0]
    (cluster.data / "local.conf").write_text(line + "\n")
    with psycopg.connect(cluster.url(ADMIN), autocommit=True) as admin:
        admin.execute("SELECT pg_reload_conf()")

    def value() -> str:
        with psycopg.connect(cluster.url(ADMIN), autocommit=True) as fresh:
            row = fresh.execute("SELECT current_setting(%s)", [name]).fetchone()
            assert row
            return str(row[0])

    eventually(lambda: is_so(value()), line)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_could_forget_a_payment_is_not_used(cluster: Postgres, setting: str) -> None:
    configured(cluster, f"{setting} = off", lambda value: value == "off")
    forgetful = Database(cluster.url(), name="test")

    for use in (forgetful.work, forgetful.reading):
        with pytest.raises(NotDurable, match="must be on"), use():
            pass


@pytest.mark.parametrize(
    "words", [("web",), ("worker",), ("clock",), ("db", "upgrade")], ids=" ".join
)
def test_no_process_starts_on_a_server_that_could_forget_a_payment(
    cluster: Postgres, stores: Stores, words: tuple[str, ...]
) -> None:
    configured(cluster, "fsync = off", lambda value: value == "off")
    assert stores.redis

    given = {"DATABASE_URL": cluster.url(), "REDIS_URL": stores.redis.url, **keys()}
    with System.prepared(given) as system:
        done = system.command(*words)

    assert done.code == 1
    assert "PostgreSQL may lose what it acknowledged: fsync" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["web", "worker", "clock"])
def test_every_process_starts_while_the_server_is_away(stores: Stores, name: str) -> None:
    assert stores.redis
    nowhere = "postgresql://nobody@/nothing?host=/nonexistent"

    given = {"DATABASE_URL": nowhere, "REDIS_URL": stores.redis.url, **keys()}
    with System.prepared(given) as system, system.beside(name) as child:
        assert child.stdout
        assert any(f'"event": "{name}.ready"' in line for line in child.stdout)


def keys() -> dict[str, str]:
    """What each process must be given besides its stores."""
    return {
        "CALLBACK_SECRETS": secrets.token_urlsafe(24),
        "PIN_PEPPERS": f"k1:{secrets.token_hex(32)}",
        "SESSION_DATA_KEY": secrets.token_hex(32),
        "SESSION_INDEX_KEY": secrets.token_hex(32),
        "MESSAGE_KEY": secrets.token_hex(32),
        "CODE_KEY": secrets.token_hex(32),
        "COOKIE_KEY": secrets.token_hex(32),
        "FACTOR_KEY": secrets.token_hex(32),
        "PASSWORD_PEPPER": secrets.token_hex(32),
    }


def test_a_server_that_commits_lazily_does_not_for_us(cluster: Postgres) -> None:
    configured(cluster, "synchronous_commit = off", lambda value: value == "off")
    ours = Database(cluster.url(), name="test")

    with ours.reading() as reading:
        assert reading.the_row("SELECT current_setting('synchronous_commit')") == ("on",)
    ours.close()
