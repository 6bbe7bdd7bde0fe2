"""One use case, one transaction.

A public service method opens the work; everything beneath takes `work` first. Leaving the block
commits, raising rolls back, and nobody else says commit. What cannot reach the server in time, or
cannot know whether a commit arrived, is Unavailable.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, TypeVar

import psycopg
import psycopg.errors
import sqlalchemy.exc
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine

from ussd_app.breaker import Breaker
from ussd_app.db.connection import CONNECT_SECONDS, BoundedConnection
from ussd_app.errors import Unavailable

ATTEMPTS_MOST = 3
LOCK_MILLISECONDS = 2000
IDLE_MILLISECONDS = 10_000

T = TypeVar("T")
Row = tuple[Any, ...]

_GONE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.ReadOnlySqlTransaction,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
)
_CONTENDED = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


_DURABLE = """
    SELECT current_setting('fsync'), current_setting('synchronous_commit'),
        current_setting('full_page_writes')
"""


class NotDurable(RuntimeError):
    """This server could lose an acknowledged payment: it is not to be used."""


class Work:
    """An open transaction, or with `Database.reading` a series of single reads."""

    def __init__(self, engine: Engine, raw: PoolProxiedConnection) -> None:
        self._engine, self._raw = engine, raw
        driver = raw.driver_connection
        assert isinstance(driver, BoundedConnection)
        self._driver = driver
        self._core: Connection | None = None

    @property
    def core(self) -> Connection:
        """For statements of SQLAlchemy Core, in the same transaction."""
        if self._core is None:
            self._core = Connection(self._engine, self._raw)
        return self._core

    def begin(self) -> None:
        """Open the transaction; `Database` alone does this, and ends it."""
        self._driver.autocommit = False

    def commit(self) -> None:
        """Make it durable. If this fails, nobody knows whether it is."""
        try:
            self._driver.commit()
        finally:
            self._settle()

    def roll_back(self) -> None:
        """Undo it; a server that is gone does so by itself."""
        with suppress(*_GONE):
            self._driver.rollback()
        self._settle()

    def _settle(self) -> None:
        """Be ready for single statements again, unless the connection is lost."""
        if not self._driver.closed:
            self._driver.autocommit = True

    def row(self, query: LiteralString, *values: object) -> Row | None:
        """The first row; placeholders are `%s`. Prepared by the driver after a few times."""
        found: Row | None = self._driver.execute(query, values).fetchone()
        return found

    def the_row(self, query: LiteralString, *values: object) -> Row:
        """The one row there must be."""
        found = self.row(query, *values)
        assert found is not None
        return found

    def rows(self, query: LiteralString, *values: object) -> Sequence[Row]:
        """All rows."""
        return self._driver.execute(query, values).fetchall()

    def run(self, query: LiteralString, *values: object) -> int:
        """How many rows the statement touched."""
        return self._driver.execute(query, values).rowcount


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
        self._breaker = Breaker()
        self.engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            pool_reset_on_return=None,
            skip_autocommit_rollback=True,
            hide_parameters=True,
        )

    @contextmanager
    def work(self) -> Iterator[Work]:
        """A transaction: committed when the block is left, rolled back when it raises."""
        with self._checked_out() as work:
            work.begin()
            try:
                yield work
            except BaseException:
                work.roll_back()
                raise
            work.commit()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """Single reads without a transaction around them: half the price, no shared snapshot."""
        with self._checked_out() as work:
            yield work

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
        self.engine.dispose()

    @contextmanager
    def _checked_out(self) -> Iterator[Work]:
        with self._breaker:
            try:
                raw = self._fresh()
                try:
                    yield Work(self.engine, raw)
                finally:
                    if raw.driver_connection is None or raw.driver_connection.closed:
                        raw.invalidate()
                    raw.close()
            except _CONTENDED:
                raise
            except _GONE as error:
                raise Unavailable("PostgreSQL does not answer") from error

    def _fresh(self) -> PoolProxiedConnection:
        """A connection whose server is still there: after a restart every idle one is stale."""
        while True:
            raw = self.engine.raw_connection()
            driver = raw.driver_connection
            assert isinstance(driver, BoundedConnection)
            if not driver.is_stale:
                return raw
            raw.invalidate()
            raw.close()

    def _connect(self) -> BoundedConnection:
        connection = BoundedConnection.connect(
            self._url,
            autocommit=True,
            application_name=self._name,
            connect_timeout=CONNECT_SECONDS,
            options=self._options,
            prepare_threshold=2,
            tcp_user_timeout=5000,
            keepalives_idle=30,
        )
        settings = connection.execute(_DURABLE).fetchone()
        if settings != ("on", "on", "on"):
            connection.close()
            raise NotDurable(
                "PostgreSQL may lose what it acknowledged: fsync, synchronous_commit and "
                f"full_page_writes must be on, and are {settings}"
            )
        return connection
