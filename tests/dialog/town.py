"""A world that many tests share: each brings its own calls, and leaves the people as they are."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.db.surgery import TEMPLATE
from tests.people import AMINA, BARAKA, Company, World
from ussd_app.embedded.postgres import ADMIN, APP, OWNER
from ussd_app.embedded.stores import Stores

PEOPLE = {AMINA: "Amina Wanjiru", BARAKA: "Baraka Otieno"}


@contextmanager
def town(stores: Stores, company_address: str) -> Iterator[World]:
    """Amina has 10,000 and Baraka nothing, in a database of their own."""
    assert stores.postgres
    assert stores.redis
    name = f"town_{secrets.token_hex(4)}"
    with psycopg.connect(stores.postgres.url(ADMIN, "postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE), sql.Identifier(OWNER)
            )
        )
        world = World.build(
            Company(company_address),
            DATABASE_URL=stores.postgres.url(APP, name),
            REDIS_URL=stores.redis.url,
        )
        world.join(AMINA, PEOPLE[AMINA], tokens=10_000, tier=3)
        world.join(BARAKA, PEOPLE[BARAKA], tokens=0, tier=3)
        try:
            yield world
        finally:
            world.close()
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def quiet(world: World) -> World:
    """The town on another day: nobody is calling, and names and PINs are as they were."""
    world.redis.flushall()
    world.lines.start()
    with world.db.work() as work:
        work.run(
            """
            UPDATE pin SET pepper = first.pepper, verifier = first.verifier FROM (
                SELECT DISTINCT ON (member) * FROM past_pin ORDER BY member, id
            ) AS first WHERE first.member = pin.member
            """
        )
        work.run("DELETE FROM past_pin")
        work.run("UPDATE pin SET failures = 0, series = 0, locked_until = NULL, told = true")
        work.run("DELETE FROM lookup")
        work.run("DELETE FROM one_time_code")
        work.run("DELETE FROM registration")
        for phone, name in PEOPLE.items():
            work.run("UPDATE member SET language = 'en', name = %s WHERE phone = %s", name, phone)
    return world
