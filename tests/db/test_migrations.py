"""The tables are what the models say, and whoever serves may do no more than they need."""

from __future__ import annotations

import gc
import time
import warnings
from contextlib import suppress

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, create_engine, inspect

from tests.db.crowd import eventually
from tests.db.surgery import Surgeon
from ussd_app.db import migrate, version
from ussd_app.embedded.postgres import ADMIN, APP, OWNER
from ussd_app.embedded.stores import Stores
from ussd_app.schema import metadata

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
EVERYDAY = {"SELECT", "INSERT", "UPDATE", "DELETE"}
NARROWER = {
    "account": {"SELECT"},
    "posting": {"SELECT"},
    "entry": {"SELECT"},
    "hold": {"SELECT"},
    "alembic_version": {"SELECT"},
    "audit": {"SELECT", "INSERT"},
    "audit_seal": {"SELECT", "INSERT"},
}


def url(stores: Stores, role: str, database: str) -> str:
    assert stores.postgres
    return stores.postgres.url(role, database)


def structure(surgeon: Surgeon) -> list[tuple[object, ...]]:
    """Every relation, column, constraint, function, trigger and right."""
    return [
        *surgeon.rows("""
            SELECT relname, relkind, relacl::text, reloptions::text FROM pg_class
            WHERE relnamespace = 'public'::regnamespace ORDER BY relname
        """),
        *surgeon.rows("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY oid"),
        *surgeon.rows("""
            SELECT proname, proacl::text, md5(prosrc) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace ORDER BY oid
        """),
        *surgeon.rows("SELECT tgname, tgrelid::regclass::text FROM pg_trigger ORDER BY oid"),
    ]


def test_tables_are_at_the_newest_migration(surgeon: Surgeon) -> None:
    assert surgeon.one("SELECT version_num FROM alembic_version") == version.newest()


def test_upgrading_again_changes_nothing(stores: Stores, database: str, surgeon: Surgeon) -> None:
    before = (structure(surgeon), surgeon.snapshot())

    for _ in range(2):
        migrate.upgrade(url(stores, OWNER, database), url(stores, APP, database))

    assert (structure(surgeon), surgeon.snapshot()) == before


def test_rights_given_by_hand_are_taken_back_by_an_upgrade(
    stores: Stores, database: str, surgeon: Surgeon
) -> None:
    before = structure(surgeon)
    surgeon.cut("GRANT ALL ON entry, posting, audit TO ussd_app")

    migrate.upgrade(url(stores, OWNER, database), url(stores, APP, database))

    assert rights(surgeon, "entry") == {"SELECT"}
    assert len(structure(surgeon)) == len(before)


def test_one_role_for_everything_is_upgraded_too(stores: Stores, database: str) -> None:
    migrate.upgrade(url(stores, OWNER, database), url(stores, OWNER, database))


def test_an_upgrade_does_not_wait_behind_long_work(
    stores: Stores, database: str, surgeon: Surgeon
) -> None:
    with psycopg.connect(url(stores, OWNER, database)) as busy:
        busy.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()

        with pytest.raises(Exception, match="lock timeout") as waited:
            migrate.upgrade(url(stores, OWNER, database), url(stores, APP, database))
        took = time.monotonic() - started

    with suppress(AssertionError):  # the server ends a session a moment after it was closed
        eventually(lambda: not sessions_of_the_owner(surgeon))
    left = sessions_of_the_owner(surgeon)
    del waited
    with warnings.catch_warnings():  # whatever was left is let go here, and not in another test
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert (took < 10, left) == (True, 0)


def sessions_of_the_owner(surgeon: Surgeon) -> int:
    return int(
        surgeon.one(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = %s
            """,
            OWNER,
        )
    )


def test_models_are_what_the_tables_are(stores: Stores, database: str) -> None:
    engine = create_engine(migrate.driver_url(url(stores, OWNER, database)))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_models_check_what_the_tables_check(stores: Stores, database: str) -> None:
    engine = create_engine(migrate.driver_url(url(stores, OWNER, database)))
    inspector = inspect(engine)
    in_tables = {
        (table, check["name"])
        for table in inspector.get_table_names()
        for check in inspector.get_check_constraints(table)
    }
    engine.dispose()

    in_models = {
        (table.name, str(one.name))
        for table in metadata.tables.values()
        for one in table.constraints
        if isinstance(one, CheckConstraint)
    }
    assert in_models == in_tables


def test_models_leave_as_much_room_as_the_tables_do(surgeon: Surgeon) -> None:
    in_tables = dict(
        surgeon.rows("""
            SELECT relname, reloptions[1] FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND reloptions IS NOT NULL
        """)
    )

    in_models = {
        table.name: f"fillfactor={options['fillfactor']}"
        for table in metadata.tables.values()
        if (options := table.dialect_options["postgresql"]["with"])
    }
    assert in_models == in_tables


def rights(surgeon: Surgeon, table: str) -> set[str]:
    return {
        privilege
        for privilege in PRIVILEGES
        if surgeon.one("SELECT has_table_privilege('ussd_app', %s, %s)", table, privilege)
    }


def test_who_serves_has_these_rights_and_no_others(surgeon: Surgeon) -> None:
    found = {table: rights(surgeon, table) for table in surgeon.tables()}

    assert found == {table: NARROWER.get(table, EVERYDAY) for table in surgeon.tables()}
    assert set(NARROWER) < set(found)


def test_who_serves_is_nobody_special(surgeon: Surgeon) -> None:
    row = surgeon.rows("""
        SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
            has_schema_privilege('ussd_app', 'public', 'CREATE'),
            has_database_privilege('ussd_app', current_database(), 'CREATE'),
            pg_has_role('ussd_app', 'ussd_owner', 'MEMBER')
        FROM pg_roles WHERE rolname = 'ussd_app'
    """)

    assert row == [(False,) * 8]


def test_functions_with_the_owners_rights_are_for_nobody_else(surgeon: Surgeon) -> None:
    rows = surgeon.rows("""
        SELECT proname, proowner::regrole::text, proconfig,
            has_function_privilege('public', oid, 'EXECUTE'),
            has_function_privilege('ussd_app', oid, 'EXECUTE')
        FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY proname
    """)

    fixed = ["search_path=public, pg_temp"]
    paths: dict[str, list[str] | None] = {
        f"ledger_{verb}": fixed for verb in ("end_hold", "hold", "move", "open", "post", "reverse")
    }
    paths["ledger_move"] = None  # it names its tables in full
    assert {name: path for name, _owner, path, *_rights in rows} == paths
    assert {(owner, *may) for _name, owner, _path, *may in rows} == {("ussd_owner", False, True)}


def test_the_superuser_is_not_who_owns_the_tables(surgeon: Surgeon) -> None:
    owners = surgeon.rows("""
        SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'
    """)

    assert owners == [(OWNER,)]
    assert ADMIN != OWNER
