"""R-B14: what was audited is sealed after its commit, and whatever is done to it is found."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import pytest

from tests.db.crowd import crowd, eventually
from tests.db.surgery import Surgeon
from tests.people import World
from ussd_app.audit import service as audit
from ussd_app.audit.chain import Anchor, Chain, Fault
from ussd_app.audit.rounds import VERIFIED, Rounds
from ussd_app.db.work import Work
from ussd_app.errors import Invalid

MANY = 40


@pytest.fixture
def chain(world: World, surgeon: Surgeon) -> Chain:
    """A chain of ten rows, all of them sealed."""
    deeds(world, 10)
    world.services.audit_chain.seal()
    return world.services.audit_chain


def deeds(world: World, count: int) -> None:
    """So many rows, each of a work of its own."""
    for number in range(count):
        with world.db.work() as work:
            deed(world, work, number)


def deed(world: World, work: Work, number: int) -> None:
    audit.record(
        work,
        audit.by_member(number),
        "member.renamed",
        subject=("member", number),
        at=world.clock.now(),
        was="ä",
        to=number,
        first=True,
    )


def rows_found(chain: Chain, anchor: Anchor | None = None) -> list[int]:
    return [fault.row for fault in chain.verify(anchor=anchor)]


def row_of(surgeon: Surgeon, seq: int) -> int:
    found: int = surgeon.one("SELECT audit FROM audit_seal WHERE seq = %s", seq)
    return found


def sequence(surgeon: Surgeon) -> list[int]:
    return [seq for (seq,) in surgeon.rows("SELECT seq FROM audit_seal ORDER BY seq")]


def has_more_than(surgeon: Surgeon, count: int) -> bool:
    return len(sequence(surgeon)) > count


def test_r_b14_what_nobody_touched_is_whole(chain: Chain, surgeon: Surgeon) -> None:
    assert rows_found(chain) == []
    assert sequence(surgeon) == list(range(1, surgeon.one("SELECT count(*) FROM audit") + 1))


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "actor_kind = 'staff'",
        "actor = actor + 1",
        "action = 'member.left'",
        "subject_kind = 'user'",
        "subject = NULL",
        "channel = 'web'",
        "details = NULL",
        "details = details || '{\"to\": 8}'",
        "details = details || '{\"first\": 1}'",
    ],
)
def test_r_b14_a_changed_row_is_found_by_itself(
    chain: Chain, surgeon: Surgeon, change: str
) -> None:
    row = row_of(surgeon, 6)

    surgeon.run(f"UPDATE audit SET {change} WHERE id = %s", row)

    assert rows_found(chain) == [row]


def test_r_b14_a_missing_row_is_found(chain: Chain, surgeon: Surgeon) -> None:
    row = row_of(surgeon, 6)

    surgeon.run("DELETE FROM audit WHERE id = %s", row)

    assert list(chain.verify()) == [Fault(row, "is missing")]


def test_r_b14_a_row_missing_with_its_seal_is_found(chain: Chain, surgeon: Surgeon) -> None:
    row, after = row_of(surgeon, 6), row_of(surgeon, 7)

    surgeon.run("DELETE FROM audit WHERE id = %s", row)
    surgeon.run("DELETE FROM audit_seal WHERE audit = %s", row)

    assert list(chain.verify()) == [Fault(after, "follows seals that are missing: 6 to 6")]


def test_r_b14_seals_put_together_over_a_missing_one_are_found(
    chain: Chain, surgeon: Surgeon
) -> None:
    row, after = row_of(surgeon, 6), row_of(surgeon, 7)

    surgeon.run("DELETE FROM audit WHERE id = %s", row)
    surgeon.run("DELETE FROM audit_seal WHERE audit = %s", row)
    surgeon.run("UPDATE audit_seal SET seq = -seq WHERE seq > 6")
    surgeon.run("UPDATE audit_seal SET seq = -seq - 1 WHERE seq < 0")

    assert rows_found(chain) == [after]


def test_r_b14_a_row_put_in_later_is_found(chain: Chain, surgeon: Surgeon, world: World) -> None:
    gap = int(surgeon.one("SELECT nextval('audit_id_seq')"))
    world.clock.advance(hours=1)
    deeds(world, 3)
    chain.seal()

    surgeon.run(
        """
        INSERT INTO audit (id, at, actor_kind, actor, action, subject_kind, subject, channel)
        OVERRIDING SYSTEM VALUE
        SELECT %s, min(at), 'staff', 7, 'recovery.approved', 'recovery', 1, 'web' FROM audit
        """,
        gap,
    )
    unsealed = rows_found(chain)
    chain.seal()

    assert unsealed == [gap]
    assert list(chain.verify()) == [Fault(gap, "was put in later than it says")]


def test_r_b14_a_cut_tail_is_found_by_its_anchor(chain: Chain, surgeon: Surgeon) -> None:
    anchor = chain.last()
    row = row_of(surgeon, anchor.seq - 1)

    surgeon.run("DELETE FROM audit WHERE id >= %s", row)
    surgeon.run("DELETE FROM audit_seal WHERE audit >= %s", row)

    assert rows_found(chain) == []
    assert [fault.what for fault in chain.verify(anchor=anchor)] == [
        f"is cut off: {anchor.seq} seals were anchored and {anchor.seq - 2} are left"
    ]


def test_r_b14_a_history_sealed_anew_is_found_by_its_anchor(chain: Chain, surgeon: Surgeon) -> None:
    anchor = chain.last()

    surgeon.run("UPDATE audit SET action = 'nothing' WHERE id = %s", row_of(surgeon, 6))
    surgeon.run("DELETE FROM audit_seal WHERE seq >= 6")
    chain.seal()

    assert rows_found(chain) == []
    assert rows_found(chain, anchor) == [row_of(surgeon, anchor.seq)]


def test_r_b14_seals_that_are_lost_come_again_as_they_were(chain: Chain, surgeon: Surgeon) -> None:
    anchor = chain.last()

    surgeon.run("DELETE FROM audit_seal WHERE seq >= 6")
    chain.seal()

    assert chain.last() == anchor


def test_r_b14_a_row_without_a_seal_for_minutes_is_found(
    chain: Chain, surgeon: Surgeon, world: World
) -> None:
    deeds(world, 1)
    at_once = rows_found(chain)

    world.clock.advance(minutes=6)

    assert at_once == []
    assert rows_found(chain) == [surgeon.one("SELECT max(id) FROM audit")]


def test_r_b14_a_row_that_commits_late_is_sealed_when_it_appears(
    chain: Chain, surgeon: Surgeon, world: World
) -> None:
    with world.db.work() as late:
        deed(world, late, 1)
        deeds(world, 3)
        before = chain.seal()
    after = chain.seal()

    assert (before, after) == (3, 1)
    assert rows_found(chain) == []
    assert row_of(surgeon, chain.last().seq) < surgeon.one("SELECT max(id) FROM audit")


def test_r_b14_a_row_from_long_ago_is_looked_for_everywhere(
    chain: Chain, surgeon: Surgeon, world: World
) -> None:
    with world.db.work() as late:
        deed(world, late, 1)
        surgeon.connection.execute("SELECT setval('audit_id_seq', 1000000)")
        deeds(world, 1)
        chain.seal()

    assert (chain.seal(), chain.seal(everywhere=True)) == (0, 1)


def test_r_b14_sealers_at_once_make_one_chain(world: World, surgeon: Surgeon) -> None:
    chain = world.services.audit_chain
    deeds(world, MANY)

    crowd(8, lambda _number: [chain.seal(most=3) for _ in range(MANY)])
    while chain.seal():
        pass

    assert rows_found(chain) == []
    assert sequence(surgeon) == list(range(1, surgeon.one("SELECT count(*) FROM audit") + 1))


def test_r_b14_nobody_waits_for_the_sealer(chain: Chain, world: World) -> None:
    deeds(world, 1)
    with world.db.work() as other:
        other.the_row("SELECT pg_advisory_xact_lock(%s)", 0x5EA1)
        deeds(world, 1)

        assert chain.seal() == 0
    assert chain.seal() == 2


def test_r_b14_a_killed_sealer_leaves_a_whole_chain(world: World, surgeon: Surgeon) -> None:
    chain = world.services.audit_chain
    deeds(world, MANY)
    for _ in range(3):
        before = len(sequence(surgeon))
        sealer = subprocess.Popen(
            [sys.executable, "-m", "tests.audit.sealer", world.settings.database_url]
        )
        eventually(partial(has_more_than, surgeon, before), "a seal")
        sealer.kill()
        sealer.wait()

        assert rows_found(chain) == []
    eventually(lambda: not chain.seal() and chain.waiting()[0] == 0, "the last seal")
    assert sequence(surgeon) == list(range(1, surgeon.one("SELECT count(*) FROM audit") + 1))


def test_r_b14_rounds_write_down_how_the_audit_was_found(
    chain: Chain, surgeon: Surgeon, world: World
) -> None:
    rounds, last = Rounds(world.db, world.clock), chain.last()
    rounds.turn()
    rounds.turn()  # it rests

    surgeon.run("DELETE FROM audit WHERE id = %s", row_of(surgeon, 6))
    world.clock.advance(hours=2)
    rounds.turn()

    assert surgeon.rows(
        "SELECT subject, details FROM audit WHERE action = %s ORDER BY id", VERIFIED
    ) == [
        (last.seq, {"faults": 0, "hash": last.hash.hex()}),
        (last.seq, {"faults": 1, "hash": last.hash.hex()}),
    ]


def test_an_anchor_is_read_as_it_is_written(chain: Chain) -> None:
    anchor = chain.last()

    assert Anchor.parse(f" {anchor}\n") == anchor


@pytest.mark.parametrize("typed", ["", "12", "12:xyz", "x:00", "12:abcd"])
def test_what_is_no_anchor_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        Anchor.parse(typed)
