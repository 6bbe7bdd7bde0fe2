"""Sessions that ended, as the gateway told of them: one row each, however often it is told."""

from __future__ import annotations

from dataclasses import replace

from tests.db.crowd import crowd, insist, raised
from tests.db.surgery import Surgeon
from tests.people import AMINA, World
from ussd_app.calls.service import Ended

CALL = Ended(
    session="0a1b2c",
    phone=AMINA,
    service_code="*384*96#",
    network="63902",
    status="Success",
    path="Home.menu",
    hops=3,
    milliseconds=4200,
    cost=50,
    failure=None,
)


def test_an_end_is_written_down(world: World) -> None:
    world.services.calls.ended(CALL)

    with world.db.reading() as reading:
        row = reading.the_row("SELECT session, phone, status, path, hops, cost FROM call")
    assert row == ("0a1b2c", AMINA, "Success", "Home.menu", 3, 50)


def test_an_end_told_again_changes_nothing(world: World, surgeon: Surgeon) -> None:
    world.services.calls.ended(CALL)
    before = surgeon.snapshot()

    world.services.calls.ended(replace(CALL, status="Failed"))

    assert surgeon.snapshot() == before


def test_an_end_told_by_many_at_once_is_one(world: World, surgeon: Surgeon) -> None:
    told = crowd(8, lambda _: insist(lambda: world.services.calls.ended(CALL)))

    assert raised(told) == []
    assert surgeon.one("SELECT count(*) FROM call") == 1
