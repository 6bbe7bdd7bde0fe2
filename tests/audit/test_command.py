"""R-B14: `ussd-app audit verify` says which row is not as it was."""

from __future__ import annotations

import threading

import pytest

from tests.db.crowd import eventually
from tests.db.surgery import Surgeon
from tests.members.shell import run
from tests.people import AMINA, BARAKA, World
from ussd_app.jobs import clock, housekeeping


@pytest.fixture
def sealed(world: World) -> World:
    world.join(AMINA, "Amina Wanjiru")
    world.join(BARAKA, "Baraka Otieno")
    world.services.audit_chain.seal()
    return world


def test_r_b14_a_whole_audit_is_said_to_be(sealed: World) -> None:
    result = run(sealed, "audit", "verify")

    assert (result.exit_code, result.output) == (0, "whole: 2 rows\n")


def test_r_b14_the_changed_row_is_named(sealed: World, surgeon: Surgeon) -> None:
    surgeon.run("UPDATE audit SET actor = 9 WHERE id = 2")

    result = run(sealed, "audit", "verify")

    assert result.exit_code == 1
    assert "row 2 is not as it was sealed" in result.output
    assert AMINA not in result.output


def test_r_b14_an_anchor_that_was_kept_finds_a_cut_tail(sealed: World, surgeon: Surgeon) -> None:
    anchor = run(sealed, "audit", "verify", "--print-anchor").output.strip()
    kept = run(sealed, "audit", "verify", "--anchor", anchor)
    surgeon.run("DELETE FROM audit WHERE id = 2")
    surgeon.run("DELETE FROM audit_seal WHERE audit = 2")

    assert kept.exit_code == 0
    assert run(sealed, "audit", "verify").exit_code == 0
    cut = run(sealed, "audit", "verify", "--anchor", anchor)
    assert (cut.exit_code, "is cut off" in cut.output) == (1, True)


def test_what_is_no_anchor_is_said_to_be_none(sealed: World) -> None:
    result = run(sealed, "audit", "verify", "--anchor", "yesterday")

    assert result.exit_code == 2
    assert "64 hexadecimal digits" in result.output


def test_r_b14_the_clock_seals_and_verifies(world: World, surgeon: Surgeon) -> None:
    stop = threading.Event()
    world.join(AMINA, "Amina Wanjiru")
    ticking = threading.Thread(target=clock.run, args=(housekeeping.sealing(world.services), stop))

    ticking.start()
    try:
        eventually(
            lambda: surgeon.rows("SELECT subject FROM audit WHERE action = 'audit.verified'"),
            "a verification",
        )
        eventually(lambda: surgeon.one("SELECT count(*) FROM audit_seal") == 2, "a seal")
    finally:
        stop.set()
        ticking.join()
