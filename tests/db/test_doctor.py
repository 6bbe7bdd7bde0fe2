"""`doctor` says what would go wrong, before it does."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.db.surgery import Surgeon
from tests.people import AMINA, BARAKA, CHEBET, World, settings_for
from ussd_app.bootstrap import Built
from ussd_app.commands import doctor
from ussd_app.commands.findings import OK, VIOLATED, WARNING
from ussd_app.db import Database
from ussd_app.embedded.postgres import ADMIN, OWNER, Postgres
from ussd_app.embedded.stores import Stores


@pytest.fixture
def built(world: World) -> Built:
    return Built(world.settings, world.services, world.db, world.redis, world.clock)


def found(built: Built) -> dict[str, int]:
    """What is not in order, and how grave that is."""
    return {one.name: one.grave for one in doctor._all(built) if one.grave != OK}


def peppers_seen(built: Built) -> tuple[int, str]:
    """How grave it is, and what is said of the peppers in use."""
    (one,) = (one for one in doctor._all(built) if "pepper" in one.name)
    return one.grave, one.seen


@pytest.fixture
def elsewhere() -> Iterator[Database]:
    made = Database("postgresql://nobody@/nothing?host=/nonexistent", name="test")
    yield made
    made.close()


def test_a_sound_installation_is_in_order(built: Built, world: World) -> None:
    world.join(AMINA, "Amina")

    assert found(built) == {}


def test_everything_that_is_looked_at_has_a_name(built: Built) -> None:
    assert [one.name for one in doctor._all(built)] == [
        "menus fit in every language",
        "PostgreSQL fsync",
        "PostgreSQL synchronous_commit",
        "PostgreSQL full_page_writes",
        "PostgreSQL data_checksums",
        "PostgreSQL logs no values",
        "tables are current",
        "clocks agree",
        "the books are append-only",
        "identities promised and not made yet",
        "lost PINs that wait for the organisation",
        "the audit is sealed",
        "every PIN's pepper is at hand",
        "Redis evicts nothing",
        "Redis asks for a password",
    ]


def test_lost_pins_that_wait_for_the_organisation_are_counted(built: Built, world: World) -> None:
    world.join(AMINA, "Amina")
    name = "lost PINs that wait for the organisation"
    before = next(one for one in doctor._all(built) if one.name == name)

    world.services.recoveries.open(AMINA)

    after = next(one for one in doctor._all(built) if one.name == name)
    assert (before.seen, after.seen) == ("0", "1; see `ussd-app recoveries`")
    assert found(built) == {}


def test_r_b14_rows_that_nobody_seals_are_found(built: Built, world: World) -> None:
    world.join(AMINA, "Amina")
    world.clock.advance(minutes=6)

    assert found(built) == {"the audit is sealed": WARNING}


def test_tables_of_another_version_are_found(built: Built, surgeon: Surgeon) -> None:
    surgeon.cut("UPDATE alembic_version SET version_num = '0000'")

    assert found(built) == {"tables are current": VIOLATED}


def test_a_database_without_tables_is_found(built: Built, surgeon: Surgeon) -> None:
    surgeon.cut("DROP TABLE alembic_version")

    assert found(built) == {"tables are current": VIOLATED}


def test_a_pepper_that_is_gone_is_found(built: Built, world: World, surgeon: Surgeon) -> None:
    world.join(AMINA, "Amina")
    surgeon.run("UPDATE pin SET pepper = 'k0'")

    assert found(built) == {"every PIN's pepper is at hand": VIOLATED}


def test_each_pepper_in_use_is_named_with_how_many_members_use_it(
    built: Built, world: World, surgeon: Surgeon
) -> None:
    for phone in (AMINA, BARAKA, CHEBET):
        world.join(phone, "Somebody")
    member = world.services.members.get(BARAKA).id
    surgeon.run("UPDATE pin SET pepper = 'k0' WHERE member = %s", member)
    peppers = {**built.settings.pin_peppers, "k0": secrets.token_bytes(32)}
    knowing = replace(built, settings=replace(built.settings, pin_peppers=peppers))

    assert [peppers_seen(built), peppers_seen(knowing)] == [
        (VIOLATED, "k0: 1 MISSING, k1: 2"),
        (OK, "k0: 1, k1: 2"),
    ]


def test_a_pepper_of_a_past_pin_that_is_gone_is_found(
    built: Built, world: World, surgeon: Surgeon
) -> None:
    world.join(AMINA, "Amina")
    world.services.pins.change(AMINA, world.services.pins.candidate(AMINA, "4815"))
    surgeon.run("UPDATE past_pin SET pepper = 'k0'")

    graves = found(built)

    assert list(graves) in ([], ["every PIN's pepper is at hand"])
    if not graves:  # then a past PIN without its pepper must do no harm
        pins = world.services.pins
        assert pins.repeats(AMINA, pins.candidate(AMINA, "2850"), "2850")


def test_a_role_that_could_rewrite_the_books_is_found(
    built: Built, stores: Stores, database: str
) -> None:
    assert stores.postgres
    owner_url = stores.postgres.url(OWNER, database)
    owner = Database(owner_url, name="test")

    graves = found(replace(built, db=owner))

    owner.close()
    assert graves == {"the books are append-only": WARNING}


def test_statements_in_the_log_are_found(built: Built, database: str, surgeon: Surgeon) -> None:
    surgeon.cut(f"ALTER DATABASE {database} SET log_statement = 'all'")
    fresh = Database(built.settings.database_url, name="test")

    graves = found(replace(built, db=fresh))

    fresh.close()
    assert graves == {"PostgreSQL logs no values": WARNING}


def test_a_redis_that_evicts_is_found(built: Built) -> None:
    built.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert found(built) == {"Redis evicts nothing": WARNING}
    finally:
        built.redis.config_set("maxmemory-policy", "noeviction")


def test_a_redis_without_a_password_is_found(built: Built) -> None:
    open_to_all = settings_for(
        DATABASE_URL=built.settings.database_url,
        REDIS_URL="redis://127.0.0.1:1/0",
        PIN_PEPPERS=",".join(f"{k}:{v.hex()}" for k, v in built.settings.pin_peppers.items()),
    )

    assert found(replace(built, settings=open_to_all)) == {"Redis asks for a password": WARNING}


def test_a_redis_that_is_away_is_found(built: Built) -> None:
    away = redis.Redis(unix_socket_path="/nonexistent/redis.sock", retry=Retry(NoBackoff(), 0))

    assert found(replace(built, redis=away)) == {"redis": VIOLATED}
    away.close()


def test_a_database_that_is_away_is_found_and_the_rest_is_looked_at(
    built: Built, elsewhere: Database
) -> None:
    graves = found(replace(built, db=elsewhere))

    assert graves == {"database": VIOLATED}
    assert "Redis evicts nothing" in [one.name for one in doctor._all(replace(built, db=elsewhere))]


def test_a_server_that_could_forget_is_found(built: Built, cluster: Postgres) -> None:
    (cluster.data / "local.conf").write_text("fsync = off\n")
    cluster.stop()
    cluster.start()
    with psycopg.connect(cluster.url(ADMIN), autocommit=True) as admin:
        assert admin.execute("SHOW fsync").fetchone() == ("off",)
    forgetful = Database(cluster.url(), name="test")

    assert found(replace(built, db=forgetful)) == {"database": VIOLATED}
