"""A connection on its own: what it prepares, how long it waits, and when it gives itself up."""

# ruff: noqa: PT012 - the block that raises is what these tests are about

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.db.surgery import Surgeon
from tests.people import World
from ussd_app.db import Database
from ussd_app.db.connection import Connection
from ussd_app.errors import Unavailable


@pytest.fixture
def connection(world: World) -> Iterator[Connection]:
    driver = psycopg.connect(world.settings.database_url, autocommit=True)
    made = Connection(driver, patience=0.5)
    yield made
    made.close()


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    made = Database(world.settings.database_url, name="test", pool_size=1)
    yield made
    made.close()


def prepared(connection: Connection) -> int:
    ((count,),) = connection.rows(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1%'", ()
    )
    return int(count)


def test_one_statement_is_prepared_once_for_numbers_of_any_width(connection: Connection) -> None:
    numbers = [0, 1, -1, 40_000, 3_000_000_000, 2**63 - 1, -(2**63)]

    assert [connection.rows("SELECT %s + 0", (n,)) for n in numbers] == [[(n,)] for n in numbers]
    assert prepared(connection) == 1


def test_a_list_of_small_numbers_stands_not_in_the_way_of_a_list_of_large_ones(
    connection: Connection,
) -> None:
    for numbers in ([1], [None, 40_000], [2**40, 5], []):
        assert connection.rows("SELECT %s::bigint[]", (numbers,)) == [(numbers,)]
    assert prepared(connection) <= 2  # an empty list has no type


def test_the_same_words_for_other_types_are_another_statement(connection: Connection) -> None:
    assert connection.rows("SELECT %s::text", (1,)) == [("1",)]
    assert connection.rows("SELECT %s::text", ("one",)) == [("one",)]
    assert connection.rows("SELECT %s::text", (None,)) == [(None,)]


def test_a_statement_that_cannot_be_prepared_leaves_nothing_behind(connection: Connection) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.rows("SELECT %s FROM nowhere", (1,))

    assert connection.rows("SELECT %s + 1", (1,)) == [(2,)]


def test_values_larger_than_what_a_socket_holds_are_sent_and_received(
    connection: Connection,
) -> None:
    text = "m" * 5_000_000

    assert connection.rows("SELECT %s::text", (text,)) == [(text,)]


def test_a_hang_is_waited_for_so_long_and_then_the_connection_is_given_up(
    connection: Connection,
) -> None:
    ((pid,),) = connection.rows("SELECT pg_backend_pid()", ())
    os.kill(pid, signal.SIGSTOP)
    started = time.monotonic()
    try:
        with pytest.raises(psycopg.OperationalError, match="in time"):
            connection.rows("SELECT 1", ())
    finally:
        os.kill(pid, signal.SIGCONT)

    assert 0.4 < time.monotonic() - started < 3
    assert not connection.is_idle
    with pytest.raises(psycopg.OperationalError):
        connection.rows("SELECT 1", ())


def test_a_commit_after_a_statement_that_failed_is_not_taken_for_one(
    connection: Connection,
) -> None:
    connection.run("BEGIN")
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.run("SELECT 1 / 0")

    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.commit()

    assert connection.is_idle


def test_a_work_whose_error_was_swallowed_does_not_pass_for_done(db: Database) -> None:
    with pytest.raises(psycopg.errors.InFailedSqlTransaction), db.work() as work:
        work.run("INSERT INTO sms_spend (day, cost, count) VALUES ('2026-01-01', 1, 1)")
        with pytest.raises(psycopg.errors.DivisionByZero):
            work.run("SELECT 1 / 0")

    with db.reading() as reading:
        assert reading.the_row("SELECT count(*) FROM sms_spend") == (0,)


def test_a_transaction_left_open_is_nobody_elses(db: Database) -> None:
    with db.reading() as careless:
        careless.run("BEGIN")
        careless.run("INSERT INTO sms_spend (day, cost, count) VALUES ('2026-01-01', 1, 1)")

    with db.work() as work:
        assert work.the_row("SELECT count(*) FROM sms_spend") == (0,)


def test_a_table_that_changes_under_a_statement_costs_one_call(
    db: Database, surgeon: Surgeon
) -> None:
    def first() -> tuple[object, ...] | None:
        with db.reading() as reading:
            return reading.row("SELECT * FROM opt_out")

    first()
    surgeon.run("ALTER TABLE opt_out ADD COLUMN why text")
    try:
        with pytest.raises(Unavailable):
            first()

        assert first() is None
    finally:
        surgeon.run("ALTER TABLE opt_out DROP COLUMN why")
