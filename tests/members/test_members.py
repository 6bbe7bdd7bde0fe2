"""Members as they are known to others and to themselves."""

from __future__ import annotations

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.people import AMINA, ZAWADI, World
from ussd_app.errors import LimitReached, NotFound
from ussd_app.values import Name, Reference, Remark

WORDS = Remark("My tokens did not arrive")


@pytest.fixture
def amina(world: World) -> int:
    member = world.join(AMINA, "Amina Wanjiru")
    world.sms(AMINA)
    return member


def audited(world: World, action: str) -> list[tuple[object, ...]]:
    with world.db.reading() as reading:
        return list(
            reading.rows(
                "SELECT actor, subject_kind, subject, details FROM audit WHERE action = %s", action
            )
        )


def test_a_member_is_found_by_number(world: World, amina: int) -> None:
    found = world.services.members.find(AMINA)

    assert found is not None
    assert (found.id, found.phone, found.name, found.language, found.is_active) == (
        amina,
        AMINA,
        "Amina Wanjiru",
        "en",
        True,
    )


def test_a_stranger_is_nobody(world: World) -> None:
    assert world.services.members.find(ZAWADI) is None
    with pytest.raises(NotFound):
        world.services.members.get(ZAWADI)


def test_a_member_who_is_blocked_is_found_all_the_same(world: World, amina: int) -> None:
    with world.db.work() as work:
        work.run("UPDATE member SET status = 'BLOCKED'")

    found = world.services.members.get(AMINA)

    assert (found.status, found.is_active) == ("BLOCKED", False)


@pytest.mark.parametrize("status", ["INVITED", "EXPIRED", "DELETED"])
def test_who_has_not_joined_or_has_left_is_no_member(world: World, amina: int, status: str) -> None:
    with world.db.work() as work:
        work.run("UPDATE member SET status = %s", status)

    assert world.services.members.find(AMINA) is None


def test_a_member_is_called_as_they_wish(world: World, amina: int) -> None:
    world.services.members.rename(AMINA, Name("Amina binti Salim"))

    assert world.services.members.get(AMINA).name == "Amina binti Salim"
    assert audited(world, "member.renamed") == [(amina, "member", amina, None)]


def test_a_member_is_spoken_to_as_they_wish(world: World, amina: int) -> None:
    world.services.members.speak(AMINA, "sw")

    found = world.services.members.get(AMINA)
    assert (found.language, found.name) == ("sw", "Amina Wanjiru")
    assert audited(world, "member.language") == [(amina, "member", amina, None)]


def test_a_stranger_changes_nothing(world: World, amina: int, surgeon: Surgeon) -> None:
    before = surgeon.snapshot()

    with pytest.raises(NotFound):
        world.services.members.rename(ZAWADI, Name("Zawadi"))
    with pytest.raises(NotFound):
        world.services.members.speak(ZAWADI, "sw")

    assert surgeon.snapshot() == before


def test_r_a15_a_complaint_is_answered_by_its_reference(world: World, amina: int) -> None:
    reference = world.services.members.complain(AMINA, "a-key", WORDS)

    assert world.sms(AMINA) == [
        f"Umoja: we received your report. Ref {reference}. We will call you. Help: 0800724724."
    ]
    ((actor, kind, complaint, details),) = audited(world, "complaint.made")
    assert (actor, kind, details) == (amina, "complaint", None)
    assert isinstance(complaint, int)
    assert Reference.of_report(complaint) == reference


def test_r_a15_the_same_key_is_one_complaint(world: World, amina: int, surgeon: Surgeon) -> None:
    reference = world.services.members.complain(AMINA, "a-key", WORDS)
    before = surgeon.snapshot()

    again = world.services.members.complain(AMINA, "a-key", WORDS)

    assert again == reference
    assert surgeon.snapshot() == before


def test_r_a15_many_who_complain_by_one_key_at_once_make_one_complaint(
    world: World, amina: int
) -> None:
    complain = world.services.members.complain

    told = crowd(10, lambda _: insist(lambda: complain(AMINA, "a-key", WORDS)))

    assert raised(told) == []
    assert len(set(given(told))) == 1
    assert len(world.sms(AMINA)) == 1


def test_r_a15_two_complaints_have_references_of_their_own(world: World, amina: int) -> None:
    references = {world.services.members.complain(AMINA, f"key-{n}", WORDS) for n in range(2)}

    assert len(references) == 2


def test_lookups_are_counted_by_the_day_in_nairobi(world: World, amina: int) -> None:
    now, local = world.clock.now(), world.services.local
    world.clock.advance(seconds=(86_400 - (now - local.midnight(now)).total_seconds()) - 60)
    for _ in range(20):
        world.services.members.count_lookup(amina)
    with pytest.raises(LimitReached):
        world.services.members.count_lookup(amina)

    world.clock.advance(seconds=60)

    world.services.members.count_lookup(amina)


def test_lookups_of_one_are_not_lookups_of_another(world: World, amina: int) -> None:
    for _ in range(20):
        world.services.members.count_lookup(amina)

    world.services.members.count_lookup(amina + 1)
