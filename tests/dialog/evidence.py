"""What a test looks at afterwards: the tables, to the last letter."""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from tests.people import World
from ussd_app.values import Phone

Tables = dict[str, tuple[int, str]]


def tables(world: World) -> Tables:
    """The rows of every table, counted and digested: equal only if nothing at all changed."""
    with psycopg.connect(world.settings.database_url) as reader:
        names = [
            name
            for (name,) in reader.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            )
        ]
        digests = sql.SQL(" UNION ALL ").join(
            sql.SQL(
                "SELECT {literal}, count(*), md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), ''))"
                " FROM {name} AS t"
            ).format(literal=sql.Literal(name), name=sql.Identifier(name))
            for name in names
        )
        return {name: (count, digest) for name, count, digest in reader.execute(digests)}


def changed(before: Tables, after: Tables) -> set[str]:
    """The tables in which anything is different."""
    return {name for name in after if before.get(name) != after[name]}


def everything(world: World) -> str:
    """The content of every table, as one text to search in; a moment's digits are anybody's."""
    with psycopg.connect(world.settings.database_url) as reader:
        names = reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found: list[str] = []
        for (name,) in names.fetchall():
            query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(name))
            found += [row for (row,) in reader.execute(query)]
    return re.sub(r"(?<=\d)\.\d+(?=\+00)", "", "\n".join(found))


def payments(world: World) -> int:
    """How many payments were made."""
    with world.db.reading() as reading:
        (count,) = reading.the_row("SELECT count(*) FROM transfer WHERE posting IS NOT NULL")
    assert isinstance(count, int)
    return count


def pin_charges(world: World, phone: Phone) -> tuple[int, int]:
    """How often the phone's PIN was tried in vain in this series, and how many series there were."""
    with world.db.reading() as reading:
        failures, series = reading.the_row(
            "SELECT failures, series FROM pin JOIN member ON member.id = pin.member WHERE phone = %s",
            phone,
        )
    return failures, series
