"""Staff go on from a screen in the simulator: another call, which disturbs nobody's and doubles nothing."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.admin.desk import Desk
from tests.dialog.evidence import payments
from tests.people import AMINA, BARAKA, PIN, Company, Handset, World
from tests.web.client import SECRET, client_of
from ussd_app.embedded.postgres import APP
from ussd_app.embedded.stores import Stores
from ussd_app.settings import SettingsFaulty, read
from ussd_app.users.permissions import Role

SIMULATOR = "http://127.0.0.1:8001/"
WHY = "she asked on the phone"


@pytest.fixture
def world(stores: Stores, database: str, redis_client: object, company: Company) -> Iterator[World]:
    """The application with a simulator beside it."""
    assert stores.postgres
    assert stores.redis
    made = World.build(
        company,
        DATABASE_URL=stores.postgres.url(APP, database),
        REDIS_URL=stores.redis.url,
        SIMULATOR_URL=SIMULATOR,
    )
    made.join(AMINA, "Amina Wanjiru", tokens=200)
    made.join(BARAKA, "Baraka Otieno", tokens=0)
    yield made
    made.close()


@pytest.fixture
def amina(world: World) -> Handset:
    return Handset(world.switchboard(), AMINA)


def opened(world: World, here: Desk, screen: int) -> Handset:
    """The telephone of the simulator, at that screen of the newest session."""
    world.services.calls.take_in()
    with world.db.reading() as reading:
        (call,) = reading.the_row("SELECT max(id) FROM call")
    here.post(f"/sessions/{call}/reveal", why=WHY)
    answer = here.post(f"/sessions/{call}/screens/{screen}/simulator")
    assert answer.status_code == 302, answer.text
    wish = parse_qs(urlsplit(answer.location).fragment)
    assert answer.location.startswith(SIMULATOR)
    assert wish["phone"] == [AMINA]
    return Handset(world.switchboard(), AMINA, call=wish["adopt"][0])


@pytest.fixture
def here(world: World) -> Desk:
    return Desk.of(world).signed_in(Role.ENROLLER)


def test_r_b15_a_screen_is_shown_again_and_goes_on(
    world: World, amina: Handset, here: Desk
) -> None:
    amina.dial()
    amina.say("1", "0700000002")
    asked = amina.say("20")

    again = opened(world, here, 4)

    assert again.hop() == asked
    assert again.say(PIN).startswith("END Sent 20")
    assert payments(world) == 1
    assert "Send it once more?" in amina.say(PIN)
    assert payments(world) == 1


def test_r_b15_what_the_member_has_done_is_neither_taken_for_done_nor_doubled(
    world: World, amina: Handset, here: Desk
) -> None:
    amina.dial()
    amina.say("1", "0700000002", "20", PIN)

    again = opened(world, here, 4)
    twice = again.say(PIN)

    assert "Send it once more?" in twice
    assert payments(world) == 1


def test_r_b15_the_members_own_call_goes_on_undisturbed(
    world: World, amina: Handset, here: Desk
) -> None:
    amina.dial()
    amina.say("1", "0700000002")

    again = opened(world, here, 1)
    again.say("5")
    other = opened(world, here, 2)
    other.say("0700000002")
    again.cut_off()

    assert amina.say("20").startswith("CON Send 20")
    assert amina.say(PIN).startswith("END Sent 20")
    assert "cut" not in amina.dial()


def test_r_b15_nobody_goes_on_behind_a_secret(world: World, amina: Handset, here: Desk) -> None:
    amina.dial()
    amina.say("4", "3", PIN, "2850")
    world.services.calls.take_in()
    here.post("/sessions/1/reveal", why=WHY)

    shown = here.get("/sessions/1").text
    answers = [here.post(f"/sessions/1/screens/{n}/simulator").status_code for n in range(6)]

    assert answers[:3] == [404, 302, 302]
    assert answers[-1] == 404
    assert shown.count("Go on from here in the simulator") == answers.count(302)
    assert "a secret was typed before" in shown


def test_r_b15_what_staff_do_there_is_no_session_of_the_member(
    world: World, amina: Handset, here: Desk
) -> None:
    amina.dial()
    again = opened(world, here, 1)
    again.say("1")
    client = client_of(world)
    client.post(
        f"/callbacks/{SECRET}/events",
        {
            "sessionId": again.call,
            "phoneNumber": AMINA,
            "serviceCode": "*384*96#",
            "networkCode": "63902",
            "status": "Success",
        },
    )
    world.services.calls.take_in()

    with world.db.reading() as reading:
        assert reading.the_row("SELECT count(*) FROM call") == (1,)
        (action,) = reading.the_row("SELECT action FROM audit WHERE subject_kind = 'call'")
    assert action == "call.played_again"


def test_r_b15_it_is_opened_by_whoever_said_why_and_for_whoever_has_the_number(
    world: World, amina: Handset, here: Desk
) -> None:
    amina.dial()
    world.services.calls.take_in()
    unasked = here.post("/sessions/1/screens/1/simulator")
    here.post("/sessions/1/reveal", why=WHY)
    with world.db.work() as work:
        work.run("UPDATE member SET phone = '+254711111111' WHERE phone = %s", AMINA)

    moved = here.post("/sessions/1/screens/1/simulator")

    assert (unasked.status_code, moved.status_code) == (403, 409)
    assert "somebody else" in moved.text


def test_r_b15_without_a_simulator_nothing_is_kept_to_go_on_from(
    stores: Stores, database: str, redis_client: object, company: Company
) -> None:
    assert stores.postgres
    assert stores.redis
    plain = World.build(
        company,
        DATABASE_URL=stores.postgres.url(APP, database),
        REDIS_URL=stores.redis.url,
    )
    plain.join(AMINA, "Amina Wanjiru")
    Handset(plain.switchboard(), AMINA).dial()
    plain.services.calls.take_in()
    here = Desk.of(plain).signed_in(Role.ENROLLER)
    here.post("/sessions/1/reveal", why=WHY)

    assert "simulator" not in here.get("/sessions/1").text.lower()
    assert here.post("/sessions/1/screens/1/simulator").status_code == 404
    with plain.db.reading() as reading:
        assert reading.the_row("SELECT count(place) FROM call_screen") == (0,)
    assert "8001" not in here.get("/sessions/1").headers["Content-Security-Policy"]
    plain.close()


def test_production_refuses_a_simulator() -> None:
    with pytest.raises(SettingsFaulty, match="SIMULATOR_URL must be empty"):
        read({"APP_ENV": "production", "SIMULATOR_URL": SIMULATOR})
