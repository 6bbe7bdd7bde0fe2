"""The first token is everybody's, and it is made once."""

from __future__ import annotations

import psycopg
import pytest

from tests.db.crowd import crowd, given, raised
from tests.people import World
from ussd_app.tokens.service import Tokens


def test_the_first_token_is_made_once(world: World) -> None:
    again = world.services.tokens.ensure_first("OTHER", "Another", 0)

    assert (again.unit.code, again.unit.decimals, again.name) == ("UMOJA", 2, "Umoja")


def test_many_who_make_the_first_token_at_once_make_one(world: World) -> None:
    with world.db.work() as work:
        work.run("DELETE FROM token")

    def make(number: int) -> int:
        return Tokens(world.db, world.clock).ensure_first(f"TOKEN{number}", "Token", 2).id

    told = crowd(8, make)

    with world.db.reading() as reading:
        (count,) = reading.the_row("SELECT count(*) FROM token")
    assert raised(told) == []
    assert (len(set(given(told))), count) == (1, 1)


def test_amounts_of_a_token_are_in_its_smallest_units(world: World) -> None:
    token = world.services.tokens.first

    assert (token.amount(1250).units, token.whole(12).units) == (1250, 1200)
    assert (str(token.amount(1250)), str(token.whole(12))) == ("12.50 UMOJA", "12 UMOJA")


@pytest.mark.parametrize(
    ("code", "decimals"), [("umoja", 2), ("U", 2), ("UMOJA1234567X", 2), ("UMOJA", 3), ("1UM", 2)]
)
def test_a_code_that_no_screen_could_show_is_not_taken(
    world: World, code: str, decimals: int
) -> None:
    with world.db.work() as work:
        work.run("DELETE FROM token")

    with pytest.raises(psycopg.errors.CheckViolation):
        world.services.tokens.ensure_first(code, "Token", decimals)
