"""The balance on the first screen, for organisations that want it there without a PIN."""

from __future__ import annotations

from dataclasses import replace

import pytest

from menus.home import BALANCE
from tests.people import AMINA, Handset, World
from ussd_app import bootstrap
from ussd_app.text import septets
from ussd_app.values import Amount, Line

CATALOGS = bootstrap.catalogs()


def handset(world: World, *, shows_balance: bool) -> Handset:
    services = replace(world.services, shows_balance=shows_balance)
    return Handset(replace(world, services=services).switchboard(), AMINA)


@pytest.mark.parametrize(
    ("language", "screen"),
    [("en", "CON Balance: 12 UMOJA\nHello Amina!\n1. "), ("sw", "CON Salio: 12 UMOJA\nHabari Amina!\n1. ")],
)  # fmt: skip
def test_r_a06_the_first_screen_shows_the_balance_where_it_is_set(
    world: World, language: str, screen: str
) -> None:
    world.join(AMINA, "Amina Wanjiru", tokens=12, language=language)

    assert handset(world, shows_balance=True).dial().startswith(screen)


def test_r_a06_the_first_screen_shows_no_balance_unless_it_is_set(world: World) -> None:
    world.join(AMINA, "Amina Wanjiru", tokens=12)

    assert "12" not in handset(world, shows_balance=False).dial()


@pytest.mark.parametrize("language", CATALOGS.languages)
def test_r_a16_the_widest_balance_is_no_wider_than_the_line_it_stands_on(language: str) -> None:
    shown = CATALOGS.say(BALANCE, language, balance=Amount.widest)

    assert septets(shown) <= septets(Line.widest)
