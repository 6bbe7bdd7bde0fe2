"""R-A01: an unknown number becomes a member: once, whole, from wherever it was cut off."""

from __future__ import annotations

from contextlib import suppress

import psycopg
import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import FAILS_AT_COMMIT, Surgeon
from tests.people import PIN, ZAWADI, World
from ussd_app.commands import reconcile
from ussd_app.errors import NotAllowed, NotFound, Refusal
from ussd_app.members.joining import Applicant
from ussd_app.values import Name, Phone

NAME = Name("Zawadi Njeri")
STEPS = ("speak", "agree", "call_me", "finish")
WELCOME_IN_ENGLISH = (
    "Welcome to Umoja, Zawadi N! 50 UMOJA is yours to start with. Dial *384*96#."
    " Terms: https://example.org/terms"
)
WELCOME_IN_SWAHILI = (
    "Karibu Umoja, Zawadi N! Umepewa 50 UMOJA za kuanzia. Piga *384*96#."
    " Masharti: https://example.org/terms"
)
MEMBERS_TABLES = ("member", "pin", "account", "posting", "entry", "audit", "message", "errand")


def take(world: World, step: str, *, language: str = "sw") -> None:
    """One step of joining, as the menus take it."""
    joining = world.services.joining
    match step:
        case "speak":
            joining.speak(ZAWADI, language)
        case "agree":
            joining.agree(ZAWADI)
        case "call_me":
            joining.call_me(ZAWADI, NAME)
        case _:
            joining.finish(ZAWADI, world.services.pins.candidate(ZAWADI, PIN))


def on_the_way(world: World) -> str:
    """Everything but the last step; the PIN that was chosen."""
    for step in STEPS[:-1]:
        take(world, step)
    return world.services.pins.candidate(ZAWADI, PIN)


def restarted(world: World) -> World:
    """Another process, on the same stores and with the same settings."""
    given_settings = {
        "DATABASE_URL": world.settings.database_url,
        "REDIS_URL": world.settings.redis_url,
        "PIN_PEPPERS": ",".join(f"{k}:{v.hex()}" for k, v in world.settings.pin_peppers.items()),
    }
    return World.build(world.company, **given_settings)


def members(world: World) -> list[tuple[str, str, str, str, int]]:
    with world.db.reading() as reading:
        return list(reading.rows("SELECT phone, name, language, status, tier FROM member"))


@pytest.mark.parametrize(
    ("done", "known"),
    [
        (0, None),
        (1, ("sw", False, None)),
        (2, ("sw", True, None)),
        (3, ("sw", True, NAME)),
    ],
)
def test_r_a01_joining_goes_on_from_wherever_it_was_cut_off(
    world: World, done: int, known: tuple[str, bool, Name | None] | None
) -> None:
    for step in STEPS[:done]:
        take(world, step)
    later = restarted(world)

    applicant = later.services.joining.applicant(ZAWADI)
    for step in STEPS[done:]:
        take(later, step)

    assert (applicant and (applicant.language, applicant.has_agreed, applicant.name)) == known
    assert members(later) == [(ZAWADI, NAME, "sw", "ACTIVE", 1)]
    assert later.services.pins.check(ZAWADI, PIN)
    assert later.balance(ZAWADI) == 5000
    later.close()


@pytest.mark.parametrize("done", [1, 2, 3])
def test_r_a01_half_a_registration_is_no_member(world: World, surgeon: Surgeon, done: int) -> None:
    before = surgeon.snapshot(without=("registration",))

    for step in STEPS[:done]:
        take(world, step)

    assert surgeon.snapshot(without=("registration",)) == before
    assert world.services.members.find(ZAWADI) is None


def test_r_a01_every_step_may_be_taken_twice(world: World) -> None:
    for step in STEPS[:-1]:
        take(world, step)
        take(world, step)
    candidate = world.services.pins.candidate(ZAWADI, PIN)
    first = world.services.joining.applicant(ZAWADI)

    world.services.joining.finish(ZAWADI, candidate)
    world.services.joining.finish(ZAWADI, candidate)

    assert first == Applicant(first.id if first else 0, "sw", has_agreed=True, name=NAME)
    assert members(world) == [(ZAWADI, NAME, "sw", "ACTIVE", 1)]


def test_r_a01_another_language_keeps_what_was_told(world: World) -> None:
    on_the_way(world)
    before = world.services.joining.applicant(ZAWADI)

    take(world, "speak", language="en")

    after = world.services.joining.applicant(ZAWADI)
    assert before is not None
    assert after == Applicant(before.id, "en", has_agreed=True, name=NAME)


@pytest.mark.parametrize("step", ["agree", "call_me"])
def test_r_a01_who_never_began_takes_no_later_step(
    world: World, surgeon: Surgeon, step: str
) -> None:
    before = surgeon.snapshot()

    take(world, step)

    assert surgeon.snapshot() == before


@pytest.mark.parametrize("missing", ["agree", "call_me"])
def test_r_a01_nobody_joins_while_something_is_missing(
    world: World, surgeon: Surgeon, missing: str
) -> None:
    for step in STEPS[:-1]:
        if step != missing:
            take(world, step)
    before = surgeon.snapshot()

    with pytest.raises(NotFound):
        take(world, "finish")

    assert surgeon.snapshot() == before


def test_r_a01_a_stranger_has_no_pin_to_choose_and_nothing_to_finish(world: World) -> None:
    with pytest.raises(NotFound):
        world.services.pins.candidate(ZAWADI, PIN)
    with pytest.raises(NotFound):
        world.services.joining.finish(ZAWADI, "k1:made-up")


@pytest.mark.parametrize("number", ["+255712345678", "+14155550123", "+256712345678"])
def test_r_a01_a_number_of_another_country_does_not_join(
    world: World, surgeon: Surgeon, number: str
) -> None:
    before = surgeon.snapshot()

    with pytest.raises(NotAllowed):
        world.services.joining.speak(Phone(number), "en")

    assert surgeon.snapshot() == before


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", WELCOME_IN_ENGLISH),
        ("sw", WELCOME_IN_SWAHILI),
    ],
)
def test_r_a01_a_new_member_is_welcomed_in_their_language(
    world: World, language: str, text: str
) -> None:
    take(world, "speak", language=language)
    for step in STEPS[1:]:
        take(world, step)

    assert world.sms(ZAWADI) == [text]


def test_r_a01_a_new_member_has_a_wallet_with_the_grant(world: World) -> None:
    grant = world.services.joining.finish(ZAWADI, on_the_way(world))

    member = world.services.members.get(ZAWADI).id
    with world.db.reading() as reading:
        accounts = reading.rows("SELECT balance, held FROM account WHERE owner = %s", member)
        kinds = reading.rows("SELECT kind FROM posting")
    assert str(grant) == "50 UMOJA"
    assert (accounts, kinds) == ([(5000, 0)], [("grant",)])


def test_r_a01_without_a_grant_a_new_member_has_an_empty_wallet(world: World) -> None:
    poor = World.build(
        world.company,
        DATABASE_URL=world.settings.database_url,
        REDIS_URL=world.settings.redis_url,
        GRANT="0",
    )

    poor.join(ZAWADI, NAME, tokens=0)

    assert poor.balance(ZAWADI) == 0
    assert poor.sms(ZAWADI) == [
        "Welcome to Umoja, Zawadi N! Dial *384*96#. Terms: https://example.org/terms"
    ]
    assert {found.name for found in reconcile.findings(poor.db) if found.grave} == set()
    poor.close()


def test_r_a01_a_new_member_is_in_the_audit_by_id(world: World) -> None:
    world.services.joining.finish(ZAWADI, on_the_way(world))

    member = world.services.members.get(ZAWADI).id
    with world.db.reading() as reading:
        rows = reading.rows("SELECT actor, action, subject_kind, subject, details FROM audit")
    assert rows == [(member, "member.joined", "member", member, None)]


def test_r_a01_a_new_member_agreed_before_they_joined(world: World) -> None:
    candidate = on_the_way(world)
    world.clock.advance(hours=1)

    world.services.joining.finish(ZAWADI, candidate)

    with world.db.reading() as reading:
        (waited,) = reading.the_row(
            "SELECT extract(epoch FROM joined_at - terms_at)::int FROM member"
        )
    assert 3600 <= waited < 3660


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("DELETE", "registration"),
        *(("INSERT", table) for table in MEMBERS_TABLES),
        ("UPDATE", "account"),
        (FAILS_AT_COMMIT, "errand"),
        (FAILS_AT_COMMIT, "member"),
    ],
)
def test_r_a01_when_any_part_fails_there_is_no_half_member(
    world: World, surgeon: Surgeon, event: str, table: str
) -> None:
    candidate = on_the_way(world)
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()
    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        world.services.joining.finish(ZAWADI, candidate)
    left = surgeon.snapshot()
    surgeon.heal()

    world.services.joining.finish(ZAWADI, candidate)

    assert left == before
    assert (members(world), world.balance(ZAWADI)) == ([(ZAWADI, NAME, "sw", "ACTIVE", 1)], 5000)


def test_r_a01_finishing_again_finds_it_done(world: World, surgeon: Surgeon) -> None:
    candidate = on_the_way(world)
    first = world.services.joining.finish(ZAWADI, candidate)
    before = surgeon.snapshot()

    assert world.services.joining.finish(ZAWADI, candidate) == first
    assert surgeon.snapshot() == before


@pytest.mark.parametrize("other_pin", [PIN, "4815"])
def test_r_a01_finishing_again_with_another_pin_is_refused(
    world: World, surgeon: Surgeon, other_pin: str
) -> None:
    candidate = on_the_way(world)
    other = world.services.pins.candidate(ZAWADI, other_pin)
    world.services.joining.finish(ZAWADI, candidate)
    before = surgeon.snapshot()

    with pytest.raises(NotFound):
        world.services.joining.finish(ZAWADI, other)

    assert surgeon.snapshot() == before


def test_r_a01_twenty_who_finish_at_once_make_one_member(world: World) -> None:
    candidate = on_the_way(world)

    told = crowd(20, lambda _: insist(lambda: world.services.joining.finish(ZAWADI, candidate)))

    assert raised(told) == []
    assert {str(grant) for grant in given(told)} == {"50 UMOJA"}
    assert (members(world), world.balance(ZAWADI)) == ([(ZAWADI, NAME, "sw", "ACTIVE", 1)], 5000)
    assert len(world.sms(ZAWADI)) == 1
    assert {found.name for found in reconcile.findings(world.db) if found.grave} == set()


def test_r_a01_of_twenty_with_pins_of_their_own_one_joins(world: World) -> None:
    on_the_way(world)
    numbers = range(2501, 2521)
    candidates = [world.services.pins.candidate(ZAWADI, str(number)) for number in numbers]

    def finish(number: int) -> int:
        insist(lambda: world.services.joining.finish(ZAWADI, candidates[number]))
        return number

    told = crowd(20, finish)

    (winner,) = given(told)
    assert {type(error) for error in raised(told)} == {NotFound}
    assert world.services.pins.check(ZAWADI, str(numbers[winner]))


def test_r_a01_twenty_who_begin_at_once_are_one_applicant(world: World) -> None:
    told = crowd(20, lambda _: insist(lambda: take(world, "speak")))

    assert raised(told) == []
    with world.db.reading() as reading:
        assert reading.rows("SELECT phone FROM registration") == [(ZAWADI,)]


def test_r_a01_a_late_copy_of_the_first_step_begins_nothing_for_a_member(world: World) -> None:
    world.services.joining.finish(ZAWADI, on_the_way(world))

    with suppress(Refusal):
        take(world, "speak")

    assert world.services.joining.applicant(ZAWADI) is None
    assert {found.name for found in reconcile.findings(world.db) if found.grave} == set()
