"""Whom staff find, in a crowd: by name with typos, by number however written, page by page."""

from __future__ import annotations

import pytest

from tests.people import AMINA, BARAKA, CHEBET, World
from ussd_app.errors import Invalid
from ussd_app.office.people import People
from ussd_app.office.people_filter import PeopleFilter
from ussd_app.values import Name, Phone


@pytest.fixture
def people(world: World) -> People:
    return world.services.people


def crowd(world: World, *names: str, first: int = 0) -> list[int]:
    """Members with these names; their numbers end with 10000, 10001, …"""
    ids = []
    with world.db.work() as work:
        for n, name in enumerate(names, first):
            (member,) = work.the_row(
                """
                INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)
                VALUES (nextval('member_id'), %s, %s, 'en', 'ACTIVE', 1, now(), now()) RETURNING id
                """,
                f"+2547110{10000 + n}",
                name,
            )
            ids.append(member)
    return ids


def found(people: People, **query: str) -> list[str]:
    return [row.name for row in people.page(PeopleFilter.parse(query)).rows]


@pytest.mark.parametrize(
    "typed",
    [
        "Wanjiru",
        "wanjiru",
        "WANJIRU Amina",
        "Amina Wanjiru",
        "Amina Wanjru",  # a letter missing
        "Amina Wanjiiru",  # a letter too many
        "Amina Wanjira",  # another letter
        "Amnia Wanjiru",  # two letters changed places
        "wan ami",  # beginnings
        "Ámìná Wanjirũ",
        "Амина",
    ],
)
def test_r_b02_a_name_is_found_however_it_is_typed(
    world: World, people: People, typed: str
) -> None:
    crowd(world, "Amina Wanjiru", "Baraka Otieno", "Chebet Kiptoo")

    assert found(people, q=typed) == ["Amina Wanjiru"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Ng’ang’a Mwangi", "nganga"),
        ("O'Brien Odhiambo", "obrien"),
        ("Anne-Marie Njeri", "marie"),
        ("Жанна", "zhanna"),
        ("Jo Mutua", "jo"),
        ("Björn Ægir", "aegir bjorn"),
    ],
)
def test_r_b02_letters_that_a_keyboard_lacks_are_no_hindrance(
    world: World, people: People, name: str, typed: str
) -> None:
    crowd(world, name, "Baraka Otieno")

    assert found(people, q=typed) == [name]


def test_r_b02_whole_words_come_before_beginnings_and_these_before_typos(
    world: World, people: People
) -> None:
    crowd(world, "Martin Aoko", "Marina Aoko", "Zuri Maria", "Mario Aoko", "Mariam Aoko")

    assert found(people, q="maria") == ["Zuri Maria", "Mariam Aoko", "Marina Aoko", "Mario Aoko"]


@pytest.mark.parametrize(
    "typed",
    ["+254700000002", "254700000002", "00254700000002", "0700000002", "0700 000 002",
     "700-000-002", "00000002", "0002", "٠٧٠٠٠٠٠٠٠٢"],
)  # fmt: skip
def test_r_b02_a_number_is_found_by_its_end_or_whole(
    world: World, people: People, typed: str
) -> None:
    world.join(AMINA, "Amina Wanjiru")
    world.join(BARAKA, "Baraka Otieno")

    assert found(people, q=typed) == ["Baraka Otieno"]


def test_r_b02_an_id_is_found_before_numbers_that_end_with_it(world: World, people: People) -> None:
    crowd(world, "Zuri Achieng", "Baraka Otieno")
    with world.db.work() as work:
        work.run("UPDATE member SET id = 10001 WHERE name = 'Zuri Achieng'")

    assert found(people, q="10001") == ["Zuri Achieng", "Baraka Otieno"]
    assert found(people, q="7") == []


@pytest.mark.parametrize("typed", ["%", "_", "' OR true --", "\\", "!!", "a%", "xx yy zz"])
def test_what_is_no_name_finds_nobody(world: World, people: People, typed: str) -> None:
    crowd(world, "Amina Wanjiru")

    assert found(people, q=typed) == []


def test_r_b02_whoever_joins_or_is_renamed_is_found_by_the_new_name_alone(
    world: World, people: People
) -> None:
    world.join(AMINA, "Amina Wanjiru")
    world.services.members.rename(AMINA, Name("Zuhura Kamau"))

    assert found(people, q="Wanjiru") == []
    assert found(people, q="Zuhura") == ["Zuhura Kamau"]


@pytest.mark.parametrize("sort", ["name", "joined", "id", "balance"])
@pytest.mark.parametrize("order", ["up", "down"])
def test_r_b02_pages_follow_each_other_while_rows_are_added(
    world: World, people: People, sort: str, order: str
) -> None:
    names = [f"{first} {last}" for first in ("Amina", "Juma", "Zuri") for last in ("Aoko", "Were")]
    there = set(crowd(world, *names, *names))
    wanted = PeopleFilter.parse({"sort": sort, "order": order})

    seen: list[int] = []
    after: str | None = ""
    late = len(there)
    while after is not None:
        page = people.page(wanted, after=after, most=5)
        seen += [row.id for row in page.rows]
        after = page.after
        crowd(world, "Aaron Abdi", "Zz Zz", "Juma Juma", first=late)
        late += 3
        assert len(seen) < 100

    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_r_b02_a_search_has_pages_too(world: World, people: People) -> None:
    crowd(world, *["Maria Aoko", "Mariam Aoko", "Marina Aoko"] * 4)
    wanted, seen, after = PeopleFilter.parse({"q": "maria"}), list[str](), ""

    while True:
        page = people.page(wanted, after=after, most=5)
        seen += [row.name for row in page.rows]
        if page.after is None:
            break
        after = page.after

    assert seen == ["Maria Aoko"] * 4 + ["Mariam Aoko"] * 4 + ["Marina Aoko"] * 4


@pytest.mark.parametrize("after", ["x", "1-2", "1;drop", "9" * 30, "-1"])
def test_a_page_that_is_none_is_invalid(people: People, after: str) -> None:
    with pytest.raises(Invalid):
        people.page(PeopleFilter(), after=after)


def test_a_deleted_member_is_listed_only_when_asked_for(world: World, people: People) -> None:
    crowd(world, "Amina Wanjiru")
    with world.db.work() as work:
        work.run("UPDATE member SET status = 'DELETED'")

    assert found(people) == []
    assert found(people, status="DELETED") == ["Amina Wanjiru"]


def test_numbers_of_phones_are_read_as_they_are_written(world: World, people: People) -> None:
    world.join(CHEBET, "Chebet Kiptoo", tokens=70)

    (row,) = people.page(PeopleFilter(q="0003")).rows

    assert (row.phone, row.balance.units, row.pin) == (Phone(CHEBET), 7000, "ok")
