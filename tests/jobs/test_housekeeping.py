"""What has no use any more is removed, in batches, and nothing else ever is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.jobs.crew import Crew
from tests.people import AMINA, BARAKA, ZAWADI, World
from ussd_app.errors import LimitReached
from ussd_app.jobs import housekeeping
from ussd_app.transfers.payments import Order
from ussd_app.values import Name, Phone

DAYS = 30

Forget = Callable[[int], int]


def keep_house(world: World) -> None:
    """Do every chore once, as the clock does."""
    settings = replace(
        world.settings, registration_keep_days=DAYS, lookup_keep_days=DAYS, report_keep_days=DAYS
    )
    for chore in housekeeping.chores(world.services, settings):
        chore.run(now=1)


def begin(world: World, phone: str) -> None:
    world.services.joining.speak(Phone(phone), "en")


def report(world: World, number: int, phone: str = AMINA) -> None:
    world.services.delivery.report(f"ATPid_{number}", status="Sent", phone=phone, failure=None)


def test_a_registration_nobody_went_on_with_is_forgotten(world: World) -> None:
    begin(world, ZAWADI)
    world.clock.advance(days=DAYS + 1)

    keep_house(world)

    assert world.services.joining.applicant(ZAWADI) is None


def test_a_registration_somebody_went_on_with_is_kept(world: World) -> None:
    begin(world, ZAWADI)
    world.clock.advance(days=DAYS - 1)
    world.services.joining.call_me(ZAWADI, Name("Zawadi Njeri"))
    world.clock.advance(days=DAYS - 1)

    keep_house(world)

    applicant = world.services.joining.applicant(ZAWADI)
    assert applicant
    assert applicant.name == "Zawadi Njeri"


def test_whoever_was_forgotten_may_begin_again_and_join(world: World) -> None:
    begin(world, ZAWADI)
    world.clock.advance(days=DAYS + 1)
    keep_house(world)

    world.join(ZAWADI, "Zawadi Njeri")

    assert world.balance(ZAWADI) == 50_00


def test_lookups_of_days_long_past_are_forgotten_and_todays_still_count(
    world: World, surgeon: Surgeon
) -> None:
    amina = world.join(AMINA, "Amina")
    world.services.members.count_lookup(amina)
    world.clock.advance(days=DAYS + 1)
    for _ in range(world.settings.lookups_a_day):
        world.services.members.count_lookup(amina)

    keep_house(world)

    assert surgeon.rows("SELECT count FROM lookup") == [(world.settings.lookups_a_day,)]
    with pytest.raises(LimitReached):
        world.services.members.count_lookup(amina)


def test_reports_that_came_long_ago_are_forgotten(world: World, surgeon: Surgeon) -> None:
    report(world, 1)
    world.clock.advance(days=DAYS - 1)
    report(world, 2)
    world.clock.advance(days=2)

    keep_house(world)

    assert surgeon.rows("SELECT provider_id FROM delivery_report") == [("ATPid_2",)]


def test_a_forgotten_report_that_is_repeated_changes_no_sms(crew: Crew) -> None:
    message = crew.post.promise(AMINA)
    crew.world.run_errands()
    crew.post.bring_all()
    told = crew.post.reports()
    crew.world.clock.advance(days=DAYS + 1)
    keep_house(crew.world)

    crew.post.bring(*[{**one, "status": "Failed"} for one in told])

    assert crew.post.state(message) == "delivered"


def test_nothing_else_is_touched(world: World, surgeon: Surgeon) -> None:
    amina, baraka = world.join(AMINA, "Amina"), world.join(BARAKA, "Baraka")
    amount = world.services.tokens.first.whole(5)
    world.services.payments.send(Order("a-key", amina, baraka, amount))
    world.services.messages.take_in("inbound_1", phone=AMINA, body="STOP")
    world.run_errands()
    begin(world, ZAWADI)
    report(world, 1)
    world.services.members.count_lookup(amina)
    world.clock.advance(days=10 * 365)
    before = surgeon.snapshot()

    keep_house(world)

    after = surgeon.snapshot()
    touched = {table for table in before if before[table] != after[table]}
    assert touched == {"registration", "delivery_report", "lookup", "message", "inbound_message"}


def test_the_words_of_an_old_sms_are_forgotten_and_nothing_else_of_it(
    world: World, surgeon: Surgeon
) -> None:
    world.join(AMINA, "Amina")
    world.services.messages.take_in("inbound_1", phone=AMINA, body="Hello, Amina here")
    world.run_errands()
    world.clock.advance(days=DAYS - 1)
    keep_house(world)
    query = "SELECT id, kind, phone, state, made_at, body = '' FROM message"
    (*before, empty), *others = surgeon.rows(query)[0], *surgeon.rows(query)[1:]
    assert (empty, others) == (False, [])
    world.clock.advance(days=2)

    keep_house(world)

    assert surgeon.rows(query) == [(*before, True)]
    assert surgeon.rows("SELECT phone, body FROM inbound_message") == [(AMINA, "")]


def test_an_sms_that_is_under_way_keeps_its_words(world: World, surgeon: Surgeon) -> None:
    world.join(AMINA, "Amina")
    world.clock.advance(days=DAYS + 1)

    keep_house(world)

    assert surgeon.rows("SELECT state, body <> '' FROM message") == [("waiting", True)]


@pytest.fixture(params=["registration", "lookup", "delivery_report", "inbound_message"])
def forget(request: pytest.FixtureRequest, world: World) -> Forget:
    """Five rows of one kind that may go; forgets so many of them."""
    amina = world.join(AMINA, "Amina")
    for number in range(5):
        match request.param:
            case "registration":
                begin(world, f"+25471100000{number}")
            case "lookup":
                world.services.members.count_lookup(amina + number)
            case "inbound_message":
                world.services.messages.take_in(f"in_{number}", phone=AMINA, body="Hello")
            case _:
                report(world, number)
    world.clock.advance(days=DAYS + 1)
    deed = {
        "registration": world.services.joining.forget_unfinished,
        "lookup": world.services.members.forget_lookups,
        "delivery_report": world.services.delivery.forget_reports,
        "inbound_message": world.services.messages.forget_words,
    }[request.param]
    return lambda most: deed(after_days=DAYS, most=most)


def test_a_batch_is_forgotten_and_the_rest_later(forget: Forget) -> None:
    assert [forget(2) for _ in range(4)] == [2, 2, 1, 0]


def test_two_clocks_at_once_forget_everything_once(forget: Forget) -> None:
    told = crowd(4, lambda _: insist(lambda: forget(5)))

    assert raised(told) == []
    assert sum(given(told)) + forget(5) == 5
