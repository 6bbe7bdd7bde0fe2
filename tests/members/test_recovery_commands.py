"""R-A05, R-A03: until there is a site for staff, operators decide on the server."""

from __future__ import annotations

import json
import os
import pwd

import pytest

from tests.dialog.evidence import changed, tables
from tests.members.lost import Lost
from tests.members.shell import run
from tests.people import AMINA, BARAKA, PIN, World
from ussd_app.audit.service import SHELL, Actor

WHY = "seen at the office"
ANOTHER = Actor("operator", os.getuid() + 1, SHELL)
UNKNOWN_ID = "999999"


@pytest.fixture
def alone(world: World) -> Lost:
    """Amina has one guarantor, which is too few."""
    return Lost(world, guarantors=(BARAKA,))


def audited(lost: Lost) -> list[tuple[object, ...]]:
    """What operators did, without the order of the columns."""
    with lost.world.db.reading() as reading:
        return list(
            reading.rows(
                "SELECT actor, channel, action, details->>'why' FROM audit"
                " WHERE actor_kind = 'operator' ORDER BY id"
            )
        )


def test_r_a05_who_waits_is_listed_without_name_or_number_in_full(alone: Lost) -> None:
    recovery = alone.open().id

    (line,) = run(alone.world, "recoveries").output.splitlines()
    told = run(alone.world, "recoveries", "--json")

    assert line.split()[:4] == [str(recovery), "Amina", "W", "0700***001"]
    assert "people  SIM clean  vouched 0 of 2  approved 0 of 2  opened " in line
    assert "  expires " in line
    (one,) = json.loads(told.output)
    assert (one["id"], one["name"], one["phone"]) == (recovery, "Amina W", "0700***001")
    assert (one["path"], one["sim"], one["vouched"], one["quorum"]) == ("people", "clean", 0, 2)
    assert one["opened_at"] < one["expires_at"]
    assert AMINA not in told.output


def test_r_a05_nobody_who_waits_is_told(alone: Lost) -> None:
    assert run(alone.world, "recoveries").output == "none waits for the organisation\n"
    assert run(alone.world, "recoveries", "--json").output == "[]\n"


def test_r_a05_it_takes_two_users_of_the_machine(alone: Lost) -> None:
    recovery = str(alone.open().id)
    approve = ("recoveries", "approve", recovery, "--why", WHY)

    first, again = run(alone.world, *approve), run(alone.world, *approve)
    (waits,) = json.loads(run(alone.world, "recoveries", "--json").output)
    alone.desk.approve(int(recovery), by=ANOTHER, why=WHY)
    last = run(alone.world, *approve)

    assert (first.exit_code, first.output) == (
        0,
        "approved by 1 of 2: one more person must\n",
    )
    assert again.output == ("you had approved already; approved by 1 of 2: one more person must\n")
    assert waits["approvals"] == 1
    assert last.output == (
        "you had approved already; approved by 2 of 2: after the cooling time they choose a PIN\n"
    )
    assert run(alone.world, "recoveries", "--json").output == "[]\n"
    assert audited(alone) == [
        (by, "shell", "recovery.approved", WHY) for by in (os.getuid(), ANOTHER.id)
    ]


def test_r_a05_nobody_approves_in_the_name_of_another(alone: Lost) -> None:
    recovery = str(alone.open().id)
    approve = ("recoveries", "approve", recovery, "--why", WHY, "--by")
    before = tables(alone.world)

    for name in (str(ANOTHER.id), "nobody-of-this-name"):
        said = run(alone.world, *approve, name)
        assert (said.exit_code, f"not {name}: each person signs in" in said.output) == (1, True)

    assert changed(before, tables(alone.world)) == set()
    for name in (str(os.getuid()), pwd.getpwuid(os.getuid()).pw_name):
        assert "approved by 1 of 2" in run(alone.world, *approve, name).output


def test_r_a05_an_operator_refuses_and_the_owner_is_told(alone: Lost) -> None:
    recovery = str(alone.open().id)
    alone.sms()

    said = run(alone.world, "recoveries", "refuse", recovery, "--why", "not her voice")

    assert (said.exit_code, said.output) == (0, "refused; an SMS tells them\n")
    assert alone.sms() == [
        "Umoja: we could not give you a new PIN. Your PIN stays as it is. Call 0800724724."
    ]
    over = run(alone.world, "recoveries", "approve", recovery, "--why", WHY)
    assert over.output == f"Error: no open recovery has the id {recovery}\n"


@pytest.mark.parametrize("verb", ["approve", "refuse"])
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((UNKNOWN_ID, "--why", WHY), 1, f"no open recovery has the id {UNKNOWN_ID}"),
        (("1", "--why", "PIN 7306"), 1, "Say why without digits: no number, PIN or amount."),
        (("1", "--why", "x"), 1, "Say why in a few words."),
        (("1",), 2, "--why"),
        (("Amina", "--why", WHY), 2, "not a valid integer"),
    ],
)
def test_r_a05_a_decision_that_cannot_be_is_told_and_changes_nothing(
    alone: Lost, verb: str, words: tuple[str, ...], code: int, told: str
) -> None:
    alone.open()
    before = tables(alone.world)

    said = run(alone.world, "recoveries", verb, *words)

    assert said.exit_code == code
    assert told in said.output
    assert changed(before, tables(alone.world)) == set()


def test_r_a03_an_operator_unlocks_a_pin_that_stays_as_it_is(alone: Lost) -> None:
    unlock = ("unlock", "0700000001", "--why", WHY)
    alone.lock()
    alone.sms()

    said, again = run(alone.world, *unlock), run(alone.world, *unlock)

    assert (said.exit_code, said.output) == (
        0,
        "unlocked, with the PIN they had; an SMS tells them\n",
    )
    assert (again.exit_code, again.output) == (0, "nothing changed: their PIN was not locked\n")
    assert alone.sms() == [
        "Umoja: our staff unlocked your PIN. It is the same as before. Questions? Call 0800724724."
    ]
    assert audited(alone) == [(os.getuid(), "shell", "pin.unlocked", WHY)]
    assert alone.world.services.pins.check(AMINA, PIN) == alone.amina


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("0700000009", "--why", WHY), "no member has that number"),
        (("nobody", "--why", WHY), "Type a phone number, like 0712345678."),
        (("0700000001", "--why", "PIN 7306"), "Say why without digits: no number, PIN or amount."),
    ],
)
def test_r_a03_what_cannot_be_unlocked_is_told(
    alone: Lost, words: tuple[str, ...], told: str
) -> None:
    alone.lock()
    before = tables(alone.world)

    said = run(alone.world, "unlock", *words)

    assert (said.exit_code, told in said.output) == (1, True)
    assert changed(before, tables(alone.world)) == set()
