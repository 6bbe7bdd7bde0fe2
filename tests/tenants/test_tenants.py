"""The first organisation: made once, and everybody's."""

from __future__ import annotations

import pytest

from tests.db.crowd import crowd, given
from tests.dialog.evidence import changed, tables
from tests.people import AMINA, BARAKA, CHEBET, ZAWADI, World
from ussd_app import bootstrap
from ussd_app.tenants.service import SLUG_LETTERS, Tenants, slug_of


def rows(world: World, query: str) -> list[tuple[object, ...]]:
    with world.db.reading() as reading:
        return list(reading.rows(query))


def start(world: World, name: str = "Umoja wa Wote") -> int:
    """A process of its own starts; the id of the organisation it finds."""
    tenants = Tenants(world.db, world.clock)
    return tenants.ensure_first(
        name, time_zone="Africa/Nairobi", language="en", service_code="*384*96#"
    ).id


@pytest.fixture
def empty(world: World) -> World:
    """As before the first start."""
    with world.db.work() as work:
        work.run("DELETE FROM membership")
        work.run("DELETE FROM tenant")
    return world


def test_the_first_organisation_is_what_the_settings_say(world: World) -> None:
    found = rows(world, "SELECT slug, name, time_zone, language, service_code FROM tenant")

    assert found == [("umoja", "Umoja", "Africa/Nairobi", "en", "*384*96#")]
    first = world.services.tenants.first
    assert (first.slug, first.name) == ("umoja", "Umoja")


def test_of_many_that_start_at_once_one_makes_it(empty: World) -> None:
    told = crowd(10, lambda number: start(empty, f"Umoja {number}"))

    assert len(set(given(told))) == 1
    assert len(given(told)) == 10
    assert len(rows(empty, "SELECT 1 FROM tenant")) == 1


def test_starting_again_under_another_name_changes_nothing(world: World) -> None:
    world.join(AMINA, "Amina Wanjiru")
    before = tables(world)

    bootstrap.found(world.settings, world.services)
    start(world, "Harambee")

    assert changed(before, tables(world)) == set()


def test_whoever_joins_belongs_to_it(world: World) -> None:
    members = {world.join(phone, f"Neema {phone[-1:].translate(LETTERS)}") for phone in PHONES}

    assert set(rows(world, "SELECT member, tenant FROM membership")) == {
        (member, world.services.tenants.first.id) for member in members
    }


def test_whoever_was_a_member_before_the_upgrade_is_taken_in_at_the_next_start(
    world: World,
) -> None:
    early, late = world.join(AMINA, "Amina Wanjiru"), world.join(BARAKA, "Baraka Otieno")
    with world.db.work() as work:
        work.run("DELETE FROM membership WHERE member = %s", early)
    ((since,),) = rows(world, f"SELECT since FROM membership WHERE member = {late}")

    bootstrap.found(world.settings, world.services)

    found = rows(world, "SELECT member, tenant FROM membership ORDER BY member")
    first = world.services.tenants.first.id
    assert found == [(early, first), (late, first)]
    assert rows(world, f"SELECT since FROM membership WHERE member = {late}") == [(since,)]


def test_many_starts_take_everybody_in_once(world: World) -> None:
    members = {world.join(phone, f"Neema {phone[-1:].translate(LETTERS)}") for phone in PHONES}
    with world.db.work() as work:
        work.run("DELETE FROM membership")

    crowd(10, lambda _number: start(world))

    assert sorted(rows(world, "SELECT member FROM membership")) == sorted((m,) for m in members)


def test_being_admitted_again_changes_nothing(world: World) -> None:
    member = world.join(AMINA, "Amina Wanjiru")
    before = tables(world)

    with world.db.work() as work:
        world.services.tenants.admit(work, member)

    assert changed(before, tables(world)) == set()


def test_who_belongs_to_another_organisation_is_left_there(world: World) -> None:
    member = world.join(AMINA, "Amina Wanjiru")
    with world.db.work() as work:
        (other,) = work.the_row(
            """
            INSERT INTO tenant (slug, name, time_zone, language, service_code, made_at)
            SELECT 'harambee', 'Harambee', time_zone, language, '*384*97#', made_at FROM tenant
            RETURNING id
            """
        )
        work.run("DELETE FROM membership WHERE member = %s", member)
        world.services.tenants.admit(work, member, other)

    start(world)

    assert rows(world, "SELECT member, tenant FROM membership") == [(member, other)]
    assert Tenants(world.db, world.clock).first.slug == "umoja"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Umoja", "umoja"),
        ("Umoja wa Wote", "umoja-wa-wote"),
        ("  Umoja & Sons, Ltd. ", "umoja-sons-ltd"),
        ("Ñandú Café", "nandu-cafe"),
        ("Équité 2000", "equite-2000"),
        ("-a-", "a"),
        ("W" * 60, "w" * SLUG_LETTERS),
        (f"{'w' * 39} x", "w" * 39),
        ("", "first"),
        ("!!!", "first"),
    ],
)
def test_an_address_writes_a_name_so(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@pytest.mark.parametrize(
    "name", ["Umoja", "W" * 60, "!!!", "日本", "Ünïçø∂é", "a" * 39 + " b c", "ﬀ"]
)
def test_every_slug_is_one_that_the_table_takes(empty: World, name: str) -> None:
    start(empty, name)

    assert rows(empty, "SELECT slug FROM tenant") == [(slug_of(name),)]


PHONES = (AMINA, BARAKA, CHEBET, ZAWADI)
LETTERS = str.maketrans("0123456789", "ABCDEFGHIJ")
