"""People to try things with: the same seed makes the same world, once."""

from __future__ import annotations

import psycopg
import pytest

from tests.db.surgery import Surgeon
from tests.people import World
from ussd_app import seeding
from ussd_app.bootstrap import Built
from ussd_app.commands import reconcile
from ussd_app.commands.findings import OK
from ussd_app.errors import PinWeak
from ussd_app.members import pin_policy
from ussd_app.members.guarantors import Guaranty
from ussd_app.members.kinds import Permission, may
from ussd_app.seeding import BLACKBOX, DEMO, DEMO_STRANGERS, Person
from ussd_app.values import Name, Phone


@pytest.fixture
def built(world: World) -> Built:
    return Built(world.settings, world.services, world.db, world.redis, world.clock)


def planted(world: World, person: Person) -> tuple[str, str, str, int, int]:
    """Name, language, kind, tier and whole tokens of somebody, as the tables say."""
    with world.db.reading() as reading:
        name, language, kind, tier = reading.the_row(
            "SELECT name, language, kind, tier FROM member WHERE phone = %s", person.phone
        )
    return name, language, kind, tier, world.balance(Phone(person.phone)) // 100


@pytest.mark.parametrize("seed", [0, 1, 28079796])
def test_the_same_seed_makes_the_same_people(seed: int) -> None:
    assert seeding.people(BLACKBOX, seed) == seeding.people(BLACKBOX, seed)


def test_another_seed_makes_other_people() -> None:
    assert seeding.people(BLACKBOX, 1) != seeding.people(BLACKBOX, 2)


def test_the_people_of_the_demonstration_are_always_the_same() -> None:
    assert seeding.people(DEMO, 1) == seeding.people(DEMO, 2)


@pytest.mark.parametrize("seed", range(5))
def test_everybody_who_is_made_up_could_have_joined(seed: int) -> None:
    made = seeding.people(BLACKBOX, seed)

    assert len({person.phone for person in made}) == len(made) == 20
    for person in made:
        assert Phone.parse(person.phone) == person.phone
        assert Name.parse(person.name) == person.name
        assert pin_policy.read(person.pin) == person.pin
        pin_policy.weigh(person.pin, phone=person.phone)


@pytest.mark.parametrize("person", [*seeding.people(DEMO, 0), *DEMO_STRANGERS])
def test_everybody_of_the_demonstration_could_have_joined(person: Person) -> None:
    assert Phone.parse(person.phone) == person.phone
    if person.pin:
        try:
            pin_policy.weigh(person.pin, phone=person.phone)
        except PinWeak as no:
            pytest.fail(f"{person.name}'s PIN is weak: {no.why}")


@pytest.mark.parametrize("profile", [DEMO, BLACKBOX])
def test_who_was_planted_has_what_was_said_of_them(
    built: Built, world: World, profile: str
) -> None:
    wanted = seeding.people(profile, 7)

    seeding.plant(built, wanted)

    for person in wanted:
        said = (person.name, person.language, person.kind, person.tier, person.tokens)
        assert planted(world, person) == said
    assert world.services.pins.check(Phone(wanted[-1].phone), wanted[-1].pin)
    world.run_errands()
    assert {one.grave for one in reconcile.findings(world.db)} == {OK}


def test_an_agent_is_among_the_people_of_the_demonstration(built: Built, world: World) -> None:
    seeding.plant(built, seeding.people(DEMO, 7))

    agents = [one for one in seeding.people(DEMO, 7) if one.note == "invites borrowers"]
    kinds = {world.services.members.get(Phone(one.phone)).kind for one in agents}
    assert [may(kind, Permission.INVITE) for kind in kinds] == [True]


def test_planting_again_changes_nothing(built: Built, surgeon: Surgeon) -> None:
    wanted = seeding.people(DEMO, 7)
    seeding.plant(built, wanted)
    before = surgeon.snapshot()

    seeding.plant(built, wanted)

    assert surgeon.snapshot() == before


@pytest.mark.parametrize(
    ("event", "table"), [("UPDATE", "member"), ("INSERT", "posting"), ("INSERT", "audit")]
)
def test_who_was_planted_by_half_is_planted_whole_the_next_time(
    built: Built, world: World, surgeon: Surgeon, event: str, table: str
) -> None:
    wanted = seeding.people(DEMO, 7)
    surgeon.sabotage(event, table)
    with pytest.raises(psycopg.Error):
        seeding.plant(built, wanted)
    surgeon.heal()

    seeding.plant(built, wanted)

    for person in wanted:
        said = (person.name, person.language, person.kind, person.tier, person.tokens)
        assert planted(world, person) == said


def test_planting_is_in_the_audit(built: Built, world: World) -> None:
    (amina, *_others) = seeding.people(DEMO, 7)

    seeding.plant(built, (amina,))

    with world.db.reading() as reading:
        rows = reading.rows(
            "SELECT actor_kind, channel, subject, details FROM audit WHERE action = 'member.seeded'"
        )
    member = world.services.members.get(Phone(amina.phone)).id
    assert rows == [("system", "shell", member, {"tier": 2, "kind": "individual", "tokens": 500})]


def test_planting_leaves_who_is_there_as_they_are(built: Built, world: World) -> None:
    wanted = seeding.people(DEMO, 7)
    world.join(Phone(wanted[0].phone), "Somebody Else", tokens=3)

    seeding.plant(built, wanted)

    assert planted(world, wanted[0])[0] == "Somebody Else"
    assert planted(world, wanted[1])[0] == wanted[1].name


def guarantors_of(world: World, person: Person) -> list[Guaranty]:
    return list(world.services.guarantors.of(Phone(person.phone)))


def test_two_people_vouch_for_amina_from_the_beginning(built: Built, world: World) -> None:
    amina, baraka, chebet, *_others = seeding.people(DEMO, 7)

    seeding.plant(built, seeding.people(DEMO, 7))

    trusted = {one.phone: one.counts for one in guarantors_of(world, amina)}
    assert trusted == {baraka.phone: True, chebet.phone: True}


def test_a_guarantor_whom_amina_removed_is_not_planted_again(built: Built, world: World) -> None:
    amina, _baraka, chebet, *_others = seeding.people(DEMO, 7)
    seeding.plant(built, seeding.people(DEMO, 7))
    world.services.guarantors.remove(Phone(amina.phone), guarantors_of(world, amina)[0].id)

    seeding.plant(built, seeding.people(DEMO, 7))

    assert [one.phone for one in guarantors_of(world, amina)] == [chebet.phone]
