"""One use case, one transaction: all of it or nothing, and what cannot be known is Unavailable."""

# ruff: noqa: PT012 - the block that raises is what these tests are about

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.db.crowd import crowd, given, raised
from tests.db.surgery import Surgeon
from tests.people import World
from ussd_app.db import Database
from ussd_app.db.work import Work
from ussd_app.errors import NotFound, Unavailable


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    """Two connections, and no more."""
    made = Database(world.settings.database_url, name="test", pool_size=2)
    yield made
    made.close()


def put(work: Work, day: str = "2026-01-01") -> None:
    work.run("INSERT INTO sms_spend (day, cost, count) VALUES (%s, 1, 1)", day)


def days(db: Database) -> int:
    with db.reading() as reading:
        return int(reading.the_row("SELECT count(*) FROM sms_spend")[0])


def test_leaving_the_block_commits(db: Database) -> None:
    with db.work() as work:
        put(work)
        put(work, "2026-01-02")

    assert days(db) == 2


@pytest.mark.parametrize("error", [NotFound, ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_raising_undoes_everything(db: Database, error: type[BaseException]) -> None:
    with pytest.raises(error), db.work() as work:
        put(work)
        raise error

    assert days(db) == 0


def test_what_is_not_committed_is_seen_by_nobody(db: Database) -> None:
    with db.work() as work:
        put(work)

        assert days(db) == 0


def test_two_works_at_once_are_two_transactions(db: Database) -> None:
    with pytest.raises(NotFound), db.work() as outer:
        put(outer)
        with db.work() as inner:
            put(inner, "2026-01-02")
        raise NotFound

    assert days(db) == 1


def test_a_statement_that_fails_undoes_the_ones_before(db: Database) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), db.work() as work:
        put(work)
        put(work)

    assert days(db) == 0


def test_a_failure_at_the_commit_undoes_everything(db: Database, surgeon: Surgeon) -> None:
    surgeon.sabotage("COMMIT", "sms_spend")

    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"), db.work() as work:
        put(work)

    assert days(db) == 0


def test_after_a_failure_the_connection_is_as_good_as_new(db: Database) -> None:
    for _ in range(5):
        with pytest.raises(psycopg.errors.DivisionByZero), db.work() as work:
            work.row("SELECT 1 / 0")

    with db.work() as work:
        put(work)
    assert days(db) == 1


def test_a_single_write_without_a_transaction_is_durable_at_once(db: Database) -> None:
    with pytest.raises(NotFound), db.reading() as one:
        put(one)
        raise NotFound

    assert days(db) == 1


def test_a_work_after_a_reading_is_a_transaction(db: Database) -> None:
    days(db)

    with pytest.raises(NotFound), db.work() as work:
        put(work)
        raise NotFound

    assert days(db) == 0


def test_rows_are_given_as_they_are_asked_for(db: Database) -> None:
    with db.work() as work:
        put(work)
        put(work, "2026-01-02")

        assert work.row("SELECT cost FROM sms_spend WHERE day = %s", "2025-01-01") is None
        assert work.the_row("SELECT count(*) FROM sms_spend") == (2,)
        assert work.rows("SELECT cost FROM sms_spend") == [(1,), (1,)]
        assert work.run("UPDATE sms_spend SET cost = 2") == 2
        with pytest.raises(AssertionError):
            work.the_row("SELECT cost FROM sms_spend WHERE day = %s", "2025-01-01")


def test_time_comes_back_in_utc_and_aware(db: Database) -> None:
    with db.reading() as reading:
        (moment,) = reading.the_row("SELECT '2026-01-01 12:00+03'::timestamptz")

    assert moment.isoformat() == "2026-01-01T09:00:00+00:00"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("lock_timeout", "2s"),
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("synchronous_commit", "on"),
        ("application_name", "test"),
    ],
)
def test_every_session_has_limits(db: Database, setting: str, value: str) -> None:
    with db.reading() as reading:
        assert reading.the_row("SELECT current_setting(%s)", setting) == (value,)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    away = Database("postgresql://nobody@/nothing?host=/nonexistent", name="test")

    with pytest.raises(Unavailable), away.work():
        pass


def test_a_port_where_nobody_listens_is_unavailable(unused_port: int) -> None:
    away = Database(f"postgresql://nobody@127.0.0.1:{unused_port}/nothing", name="test")

    with pytest.raises(Unavailable), away.reading():
        pass


def test_a_role_that_is_not_let_in_is_unavailable(world: World) -> None:
    url = world.settings.database_url.replace("ussd_app:", "ussd_app:wrong-")
    stranger = Database(url, name="test")

    with pytest.raises(Unavailable), stranger.reading():
        pass


def test_when_every_connection_is_busy_one_more_waits_two_seconds(db: Database) -> None:
    with db.work(), db.work():
        started = time.monotonic()
        with pytest.raises(Unavailable), db.work():
            pass

    assert 1.5 < time.monotonic() - started < 4


def test_a_lock_that_is_not_given_is_unavailable(db: Database) -> None:
    with db.work() as holder:
        holder.run("SELECT pg_advisory_xact_lock(7)")
        started = time.monotonic()
        with pytest.raises(Unavailable), db.work() as work:
            work.run("SELECT pg_advisory_xact_lock(7)")

    assert 1.5 < time.monotonic() - started < 5


def test_a_statement_that_takes_too_long_is_unavailable(world: World) -> None:
    hasty = Database(world.settings.database_url, name="test", statement_seconds=0.2)

    with pytest.raises(Unavailable), hasty.work() as work:
        put(work)
        work.run("SELECT pg_sleep(5)")

    assert days(hasty) == 0
    hasty.close()


def test_a_session_that_is_ended_is_unavailable_and_undone(db: Database, surgeon: Surgeon) -> None:
    with pytest.raises(Unavailable), db.work() as work:
        put(work)
        (pid,) = work.the_row("SELECT pg_backend_pid()")
        surgeon.rows("SELECT pg_terminate_backend(%s, 5000)", pid)
        put(work, "2026-01-02")

    assert days(db) == 0


def test_a_session_that_is_ended_before_the_commit_is_unavailable(
    db: Database, surgeon: Surgeon
) -> None:
    with pytest.raises(Unavailable), db.work() as work:
        put(work)
        (pid,) = work.the_row("SELECT pg_backend_pid()")
        surgeon.rows("SELECT pg_terminate_backend(%s, 5000)", pid)

    assert days(db) == 0


def test_a_refusal_in_a_session_that_is_ended_stays_what_it_is(
    db: Database, surgeon: Surgeon
) -> None:
    with pytest.raises(NotFound), db.work() as work:
        (pid,) = work.the_row("SELECT pg_backend_pid()")
        surgeon.rows("SELECT pg_terminate_backend(%s, 5000)", pid)
        raise NotFound

    assert days(db) == 0


def test_a_server_that_only_reads_is_unavailable(db: Database) -> None:
    with pytest.raises(Unavailable), db.work() as work:
        work.run("SET TRANSACTION READ ONLY")
        put(work)

    assert days(db) == 0


def test_idle_connections_that_were_ended_are_replaced_silently(
    db: Database, surgeon: Surgeon
) -> None:
    with db.work() as one, db.work() as other:
        pids = [work.the_row("SELECT pg_backend_pid()")[0] for work in (one, other)]
    for pid in pids:
        surgeon.rows("SELECT pg_terminate_backend(%s, 5000)", pid)

    with db.work() as one, db.work() as other:
        put(one)
        put(other, "2026-01-02")

    assert days(db) == 2


def test_threads_share_the_connections(db: Database) -> None:
    def pid(_number: int) -> int:
        with db.reading() as reading:
            time.sleep(0.01)
            return int(reading.the_row("SELECT pg_backend_pid()")[0])

    told = crowd(8, pid)

    assert raised(told) == []
    assert len(set(given(told))) <= 2


def cross(db: Database, first: str, second: str, gate: threading.Barrier) -> list[int]:
    """Touch two rows in this order, with somebody who touches them in the other."""
    tries: list[int] = []

    def deed() -> None:
        tries.append(1)
        with db.work() as work:
            work.run("UPDATE sms_spend SET cost = cost + 1 WHERE day = %s", first)
            if len(tries) == 1:
                gate.wait(10)
            work.run("UPDATE sms_spend SET cost = cost + 1 WHERE day = %s", second)

    db.attempt(deed)
    return tries


def test_who_lost_a_deadlock_tries_again(db: Database) -> None:
    here, there, gate = "2026-01-01", "2026-01-02", threading.Barrier(2)
    with db.work() as work:
        put(work, here)
        put(work, there)

    with ThreadPoolExecutor(2) as threads:
        both = [
            threads.submit(cross, db, here, there, gate),
            threads.submit(cross, db, there, here, gate),
        ]
        tries = [len(one.result()) for one in both]

    with db.reading() as reading:
        assert reading.rows("SELECT cost FROM sms_spend") == [(3,), (3,)]
    assert sorted(tries) == [1, 2]


def test_who_read_what_has_changed_since_tries_again(db: Database) -> None:
    tries = []
    with db.work() as work:
        put(work)

    def deed() -> None:
        tries.append(1)
        with db.work() as work:
            work.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            (cost,) = work.the_row("SELECT cost FROM sms_spend")
            if len(tries) == 1:
                with db.work() as other:
                    other.run("UPDATE sms_spend SET cost = 10")
            work.run("UPDATE sms_spend SET cost = %s", cost + 1)

    db.attempt(deed)

    with db.reading() as reading:
        assert (len(tries), reading.the_row("SELECT cost FROM sms_spend")) == (2, (11,))


def test_who_always_loses_gives_up_after_three_tries(db: Database) -> None:
    tries = []

    def deed() -> None:
        tries.append(1)
        raise psycopg.errors.SerializationFailure

    with pytest.raises(Unavailable, match="contended"):
        db.attempt(deed)

    assert len(tries) == 3


@pytest.mark.parametrize("error", [NotFound, ZeroDivisionError, psycopg.errors.UniqueViolation])
def test_what_failed_otherwise_is_not_tried_again(db: Database, error: type[Exception]) -> None:
    tries = []

    def deed() -> None:
        tries.append(1)
        raise error

    with pytest.raises(error):
        db.attempt(deed)

    assert len(tries) == 1
