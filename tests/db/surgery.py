"""A database under the hands of its superuser: look at everything, break anything.

Making a database takes longer than most tests do. So they share one, and it is emptied before each
of them; one whose structure was cut, or found cut, is thrown away.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from ussd_app.embedded.postgres import ADMIN, OWNER, Postgres
from ussd_app.embedded.stores import Stores

Connection = psycopg.Connection[tuple[Any, ...]]
Snapshot = dict[str, str]

TEMPLATE = "blank"
FAILS_AT_COMMIT = "COMMIT"
KEPT = ("alembic_version", "limit_rule")
GONE_MILLISECONDS = 5000

_CLOSE: LiteralString = """
    SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_STRUCTURE: LiteralString = """
    SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
        SELECT 'c' || oid || ':' || xmin FROM pg_constraint
        UNION ALL SELECT 'f' || oid || ':' || xmin FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 't' || oid || ':' || xmin FROM pg_trigger
        UNION ALL SELECT 'r' || oid || ':' || relnatts || relowner || coalesce(relacl::text, '')
            FROM pg_class WHERE relnamespace = 'public'::regnamespace
    ) AS parts(part)
"""
_EMPTY = """
    DELETE FROM limit_rule;
    INSERT INTO limit_rule OVERRIDING SYSTEM VALUE SELECT * FROM pg_temp.first_rules;
    DELETE FROM alembic_version;
    INSERT INTO alembic_version SELECT * FROM pg_temp.first_version;
    SELECT setval(oid::regclass, 1, false) FROM pg_class
        WHERE relkind = 'S' AND relname <> 'limit_rule_id_seq' AND relnamespace = 'public'::regnamespace;
    SET session_replication_role = origin;
"""


@dataclass
class Theatre:
    """One database for many tests, one after another."""

    postgres: Postgres
    name: str = ""
    connection: Connection | None = field(default=None, init=False)
    is_cut: bool = field(default=False, init=False)
    structure: str = field(default="", init=False)
    emptying: sql.Composed | None = field(default=None, init=False)

    def prepare(self) -> str:
        """The name of a database as migrations leave it."""
        if self.connection:
            self.connection.execute(_CLOSE, [GONE_MILLISECONDS])
        if self.is_cut or self._structure() != self.structure:
            self.close()
        if self.connection is None or self.emptying is None:
            return self._make()
        self.connection.execute(self.emptying)
        return self.name

    def close(self) -> None:
        """Use it no more."""
        if self.connection:
            self.connection.close()
            with psycopg.connect(self.postgres.url(ADMIN, "postgres"), autocommit=True) as admin:
                admin.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name))
                )
        self.connection, self.is_cut = None, False

    def _structure(self) -> str:
        if self.connection is None:
            return ""
        row = self.connection.execute(_STRUCTURE).fetchone()
        assert row
        return str(row[0])

    def _make(self) -> str:
        self.name = f"shared_{secrets.token_hex(4)}"
        with psycopg.connect(self.postgres.url(ADMIN, "postgres"), autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    sql.Identifier(self.name), sql.Identifier(TEMPLATE), sql.Identifier(OWNER)
                )
            )
        self.connection = psycopg.connect(self.postgres.url(ADMIN, self.name), autocommit=True)
        self.connection.execute("SET client_min_messages = warning")
        self.connection.execute("CREATE TEMPORARY TABLE first_rules AS SELECT * FROM limit_rule")
        self.connection.execute(
            "CREATE TEMPORARY TABLE first_version AS SELECT * FROM alembic_version"
        )
        self.emptying = sql.SQL("SET session_replication_role = replica; {} {}").format(
            sql.SQL("").join(
                sql.SQL("DELETE FROM {};").format(sql.Identifier(table))
                for table in _tables(self.connection)
                if table not in KEPT
            ),
            sql.SQL(_EMPTY),
        )
        self.structure = self._structure()
        return self.name


@dataclass(frozen=True)
class Surgeon:
    """Works past the application, on its tables."""

    theatre: Theatre

    @property
    def connection(self) -> Connection:
        assert self.theatre.connection
        return self.theatre.connection

    def run(self, statement: str, *values: object) -> None:
        """Change rows, whatever stands in the way: no trigger is asked."""
        self.connection.execute("SET session_replication_role = replica")
        try:
            self.connection.execute(sql.SQL(statement), values)
        finally:
            self.connection.execute("SET session_replication_role = origin")

    def cut(self, statement: str) -> None:
        """Change the structure: no other test uses this database."""
        self.theatre.is_cut = True
        self.connection.execute(sql.SQL(statement))

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, values).fetchall()

    def one(self, query: LiteralString, *values: object) -> Any:
        """The one value there must be."""
        ((value,),) = self.rows(query, *values)
        return value

    def tables(self) -> list[str]:
        return _tables(self.connection)

    def sabotage(self, event: str, table: str) -> None:
        """From now on every `event` on the table fails; at its COMMIT, if that is the event."""
        timing = (
            "CREATE CONSTRAINT TRIGGER sabotage AFTER INSERT ON {} DEFERRABLE INITIALLY DEFERRED"
            if event == FAILS_AT_COMMIT
            else f"CREATE TRIGGER sabotage BEFORE {event} ON {{}}"
        )
        self.connection.execute("""
            CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'sabotage'; END $$
        """)
        self.connection.execute(
            sql.SQL(timing + " FOR EACH ROW EXECUTE FUNCTION sabotage()").format(
                sql.Identifier(table)
            )
        )

    def heal(self) -> None:
        """Undo the sabotage."""
        self.connection.execute("DROP FUNCTION sabotage CASCADE")

    def snapshot(self, *, without: tuple[str, ...] = ()) -> Snapshot:
        """What every table holds, to be compared with what it holds later."""
        return {
            table: str(
                self.connection.execute(
                    sql.SQL(
                        "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' "
                        "ORDER BY t::text)), '') FROM {} t"
                    ).format(sql.Identifier(table))
                ).fetchone()
            )
            for table in self.tables()
            if table not in without
        }


def _tables(connection: Connection) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return sorted(name for (name,) in found.fetchall())


@pytest.fixture(scope="session")
def theatre(stores: Stores) -> Iterator[Theatre]:
    assert stores.postgres
    made = Theatre(stores.postgres)
    yield made
    made.close()


@pytest.fixture
def database(theatre: Theatre) -> str:
    """The name of a database as migrations leave it."""
    return theatre.prepare()


@pytest.fixture
def surgeon(theatre: Theatre, database: str) -> Surgeon:
    """The superuser of the test's database."""
    return Surgeon(theatre)
