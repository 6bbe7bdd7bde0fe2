"""What a lost PIN costs in answers, and how the time to go is worded: R-A05."""

from __future__ import annotations

from datetime import timedelta

import pytest

from menus.recovery import worded
from tests.people import AMINA, BARAKA, CHEBET, PIN, Handset, World
from ussd_app.text import septets
from ussd_app.values import Phone, Span


def trust(world: World, ward: Phone, *others: Phone) -> None:
    """Guarantors who count."""
    guarantors = world.services.guarantors
    for other in others:
        guarantors.ask(ward, other)
        asked = guarantors.asked(other)
        assert asked
        guarantors.answer(other, asked.id, accepts=True)
    world.clock.advance(hours=73)


@pytest.fixture
def friends(world: World) -> World:
    """Amina, who trusts Baraka and Chebet."""
    for phone, name in ((AMINA, "Amina W"), (BARAKA, "Baraka O"), (CHEBET, "Chebet K")):
        world.join(phone, name)
    trust(world, AMINA, BARAKA, CHEBET)
    return world


def test_r_a05_vouching_takes_a_dial_and_two_answers(friends: World) -> None:
    friends.services.recoveries.open(AMINA)
    baraka = Handset(friends.switchboard(), BARAKA)

    baraka.dial()
    told = baraka.say("1", PIN)

    assert told.startswith("END You vouched for Amina W: 1 of 2 needed.")


def test_r_a05_stopping_takes_a_dial_and_two_answers(friends: World) -> None:
    friends.services.recoveries.open(AMINA)
    amina = Handset(friends.switchboard(), AMINA)

    amina.dial()
    told = amina.say("2", PIN)

    assert told.startswith("END Stopped.")
    assert friends.services.recoveries.progress(AMINA) is None


@pytest.mark.parametrize("ahead", ["1", "2", f"1*{PIN}", f"2*{PIN}"])
def test_r_a05_what_is_dialled_in_advance_answers_no_plea(friends: World, ahead: str) -> None:
    friends.services.recoveries.open(AMINA)
    baraka = Handset(friends.switchboard(), BARAKA)

    told = baraka.dial(ahead)

    assert told.startswith("CON Amina W 0700000001 lost the PIN.")


@pytest.mark.parametrize("ahead", ["1", f"1*{PIN}"])
def test_r_a05_what_is_dialled_in_advance_stops_nothing(friends: World, ahead: str) -> None:
    friends.services.recoveries.open(AMINA)
    amina = Handset(friends.switchboard(), AMINA)

    told = amina.dial(ahead)

    assert told.startswith("CON New PIN asked for: 0 of 2 have vouched")


def test_r_a05_a_call_cut_at_the_progress_begins_there_anew(friends: World) -> None:
    friends.services.recoveries.open(AMINA)
    amina = Handset(friends.switchboard(), AMINA)
    amina.dial()
    amina.cut_off()
    plea = friends.services.recoveries.plea(BARAKA)
    assert plea
    friends.services.recoveries.vote(BARAKA, plea.id, vouches=True)

    told = amina.dial()

    assert told.startswith("CON New PIN asked for: 1 of 2 have vouched")


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "1 minute"),
        (timedelta(seconds=61), "2 minutes"),
        (timedelta(minutes=40), "40 minutes"),
        (timedelta(hours=2) - timedelta(seconds=1), "120 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=4, minutes=1), "5 hours"),
        (timedelta(hours=24), "24 hours"),
    ],
)
def test_r_a05_the_time_to_go_is_never_worded_too_short(
    world: World, span: timedelta, words: str
) -> None:
    app = world.services

    assert worded(app, span, "en") == words
    for language in app.catalogs.languages:
        assert septets(worded(app, span, language)) <= septets(Span.widest)
