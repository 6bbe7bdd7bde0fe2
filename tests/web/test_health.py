"""Whether the process lives and can work, as a load balancer asks."""

from __future__ import annotations

import json
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.people import World, settings_for
from tests.web.client import client_of
from ussd_app import bootstrap
from ussd_app.db import Database
from ussd_app.embedded.postgres import ADMIN, APP, OWNER
from ussd_app.embedded.stores import Stores


def test_a_process_that_lives_says_so(town: World) -> None:
    answer = client_of(town).get("/healthz")

    assert (answer.status, answer.body) == (200, b"OK")


def test_a_process_that_can_work_says_what_answers(town: World) -> None:
    answer = client_of(town).get("/readyz")

    assert answer.status == 200
    assert json.loads(answer.body) == {"database": True, "migrations": True, "redis": True}


def test_a_process_without_its_database_is_not_ready_and_lives(town: World) -> None:
    away = replace(town, db=Database("postgresql://u@/x?host=/nonexistent", name="test"))
    client = client_of(away)

    answer = client.get("/readyz")

    assert answer.status == 503
    assert json.loads(answer.body) == {"database": False, "migrations": False, "redis": True}
    assert client.get("/healthz").status == 200


def test_a_process_without_redis_is_not_ready(town: World) -> None:
    nowhere = bootstrap.redis_of(settings_for(REDIS_URL="unix:///nonexistent/redis"), waits=True)
    client = client_of(replace(town, redis=nowhere))

    answer = client.get("/readyz")

    assert answer.status == 503
    assert json.loads(answer.body) == {"database": True, "migrations": True, "redis": False}


@pytest.fixture
def empty_database(stores: Stores) -> Database:
    """A database that no migration has seen."""
    assert stores.postgres
    name = "never_migrated"
    with psycopg.connect(stores.postgres.url(ADMIN, "postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(OWNER)
            )
        )
    return Database(stores.postgres.url(APP, name), name="test")


def test_a_process_whose_tables_were_never_made_is_not_ready(
    town: World, empty_database: Database
) -> None:
    """It is what a new installation looks like until its first migration has run."""
    client = client_of(replace(town, db=empty_database))
    try:
        answer = client.get("/readyz")
    finally:
        empty_database.close()

    assert answer.status == 503
    assert json.loads(answer.body) == {"database": True, "migrations": False, "redis": True}


def test_a_process_whose_tables_are_of_another_version_is_not_ready(
    world: World, stores: Stores
) -> None:
    assert stores.postgres
    database = str(conninfo_to_dict(world.settings.database_url)["dbname"])
    with psycopg.connect(stores.postgres.url(OWNER, database)) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '0000'")

    answer = client_of(world).get("/readyz")

    assert answer.status == 503
    assert json.loads(answer.body) == {"database": True, "migrations": False, "redis": True}
