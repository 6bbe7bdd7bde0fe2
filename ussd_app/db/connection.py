"""One connection to PostgreSQL: statements prepared once, and a deadline even when it hangs.

A cursor of psycopg asks the server the same way, but costs twice the time on the way there; this
keeps its adapters, its errors and libpq, and leaves the cursor out.
"""

from __future__ import annotations

import math
import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

from ussd_app.clock import Deadline

CONNECT_SECONDS = 2

OUTDATED = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName)
"""A prepared statement is no longer what it was: the tables changed beneath it, by a release."""

Row = tuple[Any, ...]

_here = threading.local()


@contextmanager
def within(deadline: Deadline) -> Iterator[None]:
    """Bound every statement of this thread, inside the block, by `deadline`."""
    _here.deadline = deadline
    try:
        yield
    finally:
        _here.deadline = None


class Connection:
    """A connection that gives up waiting at the thread's deadline and closes itself.

    A server that hangs never answers a cancellation, and `statement_timeout` is the server's own:
    neither would free the caller. Without a deadline the wait ends after `patience` seconds.
    """

    def __init__(self, driver: psycopg.Connection[Any], *, patience: float) -> None:
        # One type for all integers, or each statement would be prepared for every mix of widths.
        # As text too, for lists: the width of the first list would be taken for all the later ones.
        driver.adapters.register_dumper(int, Int8Dumper)
        driver.adapters.register_dumper(int, Int8BinaryDumper)
        self._driver, self._patience = driver, patience
        self._pg, self._adapt = driver.pgconn, Transformer(driver)
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._pg.socket, select.POLLIN)
        self._writable.register(self._pg.socket, select.POLLOUT)

    def rows(self, query: str, values: tuple[object, ...]) -> Sequence[Row]:
        """The rows of the answer; placeholders are `%s`. Raises psycopg.Error."""
        adapt, answer = self._adapt, self._ask(query, values)
        adapt.set_pgresult(answer)
        return adapt.load_rows(0, answer.ntuples, tuple)

    def run(self, query: str, values: tuple[object, ...] = ()) -> int:
        """How many rows the statement touched. Raises psycopg.Error."""
        return self._ask(query, values).command_tuples or 0

    def commit(self) -> None:
        """End the transaction, and be certain that PostgreSQL did not roll it back instead."""
        if self._ask("COMMIT", ()).command_status != b"COMMIT":
            raise psycopg.errors.InFailedSqlTransaction("a statement failed: nothing to commit")

    def close(self) -> None:
        """Let it go; what was not committed is undone."""
        self._driver.close()

    @property
    def is_idle(self) -> bool:
        """Whether it is open and no transaction is."""
        return self._pg.transaction_status == TransactionStatus.IDLE

    @property
    def is_stale(self) -> bool:
        """Whether the server hung up while the connection lay idle; costs one system call."""
        return bool(self._readable.poll(0))

    def _ask(self, query: str, values: tuple[object, ...]) -> PGresult:
        words = self._adapt.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types = self._adapt.types or ()
        name = self._names.get((query, types)) or self._prepare(query, types)
        self._pg.send_query_prepared(name, words, self._adapt.formats)
        return self._answer()

    def _prepare(self, query: str, types: tuple[int, ...]) -> bytes:
        first, *rest = query.split("%s")
        text = first + "".join(f"${n}{words}" for n, words in enumerate(rest, 1))
        name = b"s%d" % len(self._names)
        self._pg.send_prepare(name, text.encode(), types)
        self._answer()
        self._names[query, types] = name
        return name

    def _answer(self) -> PGresult:
        pg, last = self._pg, None
        try:
            while pg.flush():
                self._wait(self._writable)
            while True:
                while pg.is_busy():
                    self._wait(self._readable)
                    pg.consume_input()
                answer = pg.get_result()
                if answer is None:
                    break
                last = answer
        except BaseException:
            self._pg.finish()  # an answer that comes now would be taken for the next one's
            raise
        assert last is not None
        if last.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            error = psycopg.errors.error_from_result(last)
            if isinstance(error, OUTDATED):
                pg.finish()
            raise error
        return last

    def _wait(self, ready: select.poll) -> None:
        deadline: Deadline | None = getattr(_here, "deadline", None)
        seconds = deadline.remaining() if deadline else self._patience
        if not ready.poll(math.ceil(seconds * 1000)):
            raise psycopg.OperationalError("PostgreSQL did not answer in time")
