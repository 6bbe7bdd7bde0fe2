"""One use case, one transaction.

A public service method opens the work; everything beneath takes `work` first. Leaving the block
commits, raising rolls back, and nobody else says commit. What cannot reach the server in time, or
cannot know whether a commit arrived, is Unavailable.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import LiteralString, TypeVar

import psycopg
import psycopg.errors

from ussd_app.breaker import Breaker
from ussd_app.db.connection import CONNECT_SECONDS, OUTDATED, Connection, Row
from ussd_app.db.pool import Pool
from ussd_app.errors import NotDurable, Unavailable

ATTEMPTS_MOST = 3
LOCK_MILLISECONDS = 2000
IDLE_MILLISECONDS = 10_000

PATIENCE_SECONDS = 5  # for the answer to a statement, beyond what the server gives it

T = TypeVar("T")

_GONE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.ReadOnlySqlTransaction,
    *OUTDATED,
)
_CONTENDED = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


_DURABLE = """
    SELECT current_setting('fsync'), current_setting('synchronous_commit'),
        current_setting('full_page_writes')
"""


class Work:
    """An open transaction, or with `Database.reading` a series of single statements."""

    __slots__ = ("_rows", "_run", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._rows, self._run = connection.rows, connection.run

    def begin(self) -> None:
        """Open the transaction; `Database` alone does this, and ends it."""
        self._run("BEGIN")

    def commit(self) -> None:
        """Make it durable. If this fails, nobody knows whether it is."""
        self.connection.commit()

    def roll_back(self) -> None:
        """Undo it; a server that is gone does so by itself."""
        with suppress(*_GONE):
            self._run("ROLLBACK")

    def row(self, query: LiteralString, *values: object) -> Row | None:
        """The first row; placeholders are `%s`."""
        rows = self._rows(query, values)
        return rows[0] if rows else None

    def the_row(self, query: LiteralString, *values: object) -> Row:
        """The one row there must be."""
        rows = self._rows(query, values)
        assert rows
        return rows[0]

    def rows(self, query: LiteralString, *values: object) -> Sequence[Row]:
        """All rows."""
        return self._rows(query, values)

    def run(self, query: LiteralString, *values: object) -> int:
        """How many rows the statement touched."""
        return self._run(query, values)


class Database:
    """The one PostgreSQL behind `url`; threads of a process share it."""

    def __init__(
        self, url: str, *, name: str, pool_size: int = 4, statement_seconds: float = 30.0
    ) -> None:
        self._url, self._name = url, name
        self._options = (
            f"-c statement_timeout={int(statement_seconds * 1000)} "
            f"-c lock_timeout={LOCK_MILLISECONDS} "
            f"-c idle_in_transaction_session_timeout={IDLE_MILLISECONDS} "
            "-c synchronous_commit=on"
        )
        self._patience = statement_seconds + PATIENCE_SECONDS
        self._pool: Pool[Work] = Pool(pool_size)
        self._breaker = Breaker()

    @contextmanager
    def work(self) -> Iterator[Work]:
        """A transaction: committed when the block is left, rolled back when it raises."""
        with self.reading() as work:
            work.begin()
            try:
                yield work
            except BaseException:
                work.roll_back()
                raise
            work.commit()

    def reading(self) -> AbstractContextManager[Work]:
        """Single statements, each a transaction of its own: half the price, no shared snapshot."""
        return _Loan(self._breaker, self._take, self._put)

    def attempt(self, deed: Callable[[], T]) -> T:
        """Do `deed`, a work of its own, again if PostgreSQL ended it to break a deadlock."""
        for left in reversed(range(ATTEMPTS_MOST)):
            try:
                return deed()
            except _CONTENDED as error:
                if not left:
                    raise Unavailable("too contended") from error
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - jitter
        raise AssertionError

    def close(self) -> None:
        """Let every idle connection go."""
        for work in self._pool.drain():
            work.connection.close()

    def _take(self) -> Work:
        """A connection whose server is still there: after a restart every idle one is stale."""
        work = self._pool.take(CONNECT_SECONDS)
        if work and not work.connection.is_stale:
            return work
        try:
            if work:
                work.connection.close()
            return self._connect()
        except BaseException:
            self._pool.put(None)
            raise

    def _put(self, work: Work) -> None:
        if work.connection.is_idle:
            self._pool.put(work)
        else:
            work.connection.close()
            self._pool.put(None)

    def _connect(self) -> Work:
        driver = psycopg.Connection.connect(
            self._url,
            autocommit=True,
            application_name=self._name,
            connect_timeout=CONNECT_SECONDS,
            options=self._options,
            tcp_user_timeout=5000,
            keepalives_idle=30,
        )
        try:
            work = Work(Connection(driver, patience=self._patience))
            _demand_durability(work)
        except BaseException:
            driver.close()
            raise
        return work


def _demand_durability(work: Work) -> None:
    settings = work.the_row(_DURABLE)
    if settings != ("on", "on", "on"):
        raise NotDurable(
            "PostgreSQL may lose what it acknowledged: fsync, synchronous_commit and "
            f"full_page_writes must be on, and are {settings}"
        )


class _Loan:
    """A connection for the length of a block, and what its errors mean.

    A class, because this stands around every statement and costs half of what a generator does.
    """

    __slots__ = ("_breaker", "_put", "_take", "_work")

    def __init__(
        self, breaker: Breaker, take: Callable[[], Work], put: Callable[[Work], None]
    ) -> None:
        self._breaker, self._take, self._put = breaker, take, put

    def __enter__(self) -> Work:
        self._breaker.__enter__()
        try:
            self._work = self._take()
        except BaseException as error:
            self._judge(error)
            raise
        return self._work

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._put(self._work)
        self._judge(error)

    def _judge(self, error: BaseException | None) -> None:
        """Tell the breaker. Raises Unavailable for an error that says so."""
        if error is None:
            self._breaker.__exit__(None, None, None)
            return
        if isinstance(error, _GONE) and not isinstance(error, _CONTENDED):
            unavailable = Unavailable("PostgreSQL does not answer")
            self._breaker.__exit__(Unavailable, unavailable, None)
            raise unavailable from error
        self._breaker.__exit__(type(error), error, error.__traceback__)
