"""R-C06: what a member may become, and that nothing but one table decides it."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import ussd_app
from tests.people import AMINA, World
from ussd_app.audit.service import SHELL, Actor
from ussd_app.errors import Conflict, NotFound
from ussd_app.members import status
from ussd_app.members.kinds import AGENT, BORROWER, KINDS, Permission, may
from ussd_app.members.status import Status

INVITED, ACTIVE, BLOCKED, EXPIRED, DELETED = Status
OPERATOR = Actor("operator", 1000, SHELL)
WAYS = {
    (INVITED, ACTIVE),
    (INVITED, EXPIRED),
    (INVITED, DELETED),
    (ACTIVE, BLOCKED),
    (ACTIVE, DELETED),
    (BLOCKED, ACTIVE),
    (BLOCKED, DELETED),
    (EXPIRED, INVITED),
    (EXPIRED, ACTIVE),
    (EXPIRED, DELETED),
}


def somebody(world: World, was: Status) -> int:
    """A member who is that."""
    member = world.join(AMINA, "Amina Wanjiru")
    with world.db.work() as work:
        work.run("UPDATE member SET status = %s WHERE id = %s", was, member)
    return member


def change(world: World, member: int, to: Status) -> bool:
    with world.db.work() as work:
        now = world.clock.now()
        return status.change(work, member, to, by=OPERATOR, why="it was asked for", at=now)


def status_of(world: World, member: int) -> str:
    with world.db.reading() as reading:
        return str(reading.the_row("SELECT status FROM member WHERE id = %s", member)[0])


def audited(world: World) -> list[tuple[object, ...]]:
    with world.db.reading() as reading:
        return list(
            reading.rows(
                "SELECT actor_kind, actor, subject_kind, subject, channel, details FROM audit"
                " WHERE action = 'member.status' ORDER BY id"
            )
        )


def checked(world: World, constraint: str) -> set[str]:
    """The words that a constraint allows."""
    with world.db.reading() as reading:
        (rule,) = reading.the_row(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", constraint
        )
    return set(re.findall(r"'(\w+)'", rule))


@pytest.mark.parametrize(("was", "to"), list(product(Status, Status)))
def test_r_c06_a_status_changes_along_the_table_alone(
    world: World, was: Status, to: Status
) -> None:
    member = somebody(world, was)

    if was == to:
        assert change(world, member, to) is False
    elif (was, to) in WAYS:
        assert change(world, member, to) is True
    else:
        with pytest.raises(Conflict):
            change(world, member, to)

    changed = (was, to) in WAYS
    assert status_of(world, member) == (to if changed else was)
    assert len(audited(world)) == changed


def test_r_c06_a_change_says_who_when_why_and_through_what(world: World) -> None:
    member = somebody(world, ACTIVE)

    change(world, member, BLOCKED)

    assert audited(world) == [
        ("operator", 1000, "member", member, "shell",
         {"was": "ACTIVE", "to": "BLOCKED", "why": "it was asked for"})
    ]  # fmt: skip


def test_r_c06_nobody_becomes_nothing(world: World) -> None:
    with pytest.raises(NotFound):
        change(world, 4711, BLOCKED)


def test_r_c06_the_database_knows_the_same_statuses(world: World) -> None:
    assert checked(world, "ck_member_status") == set(Status)


def test_r_c06_nothing_else_changes_a_status() -> None:
    package = Path(ussd_app.__file__).parent
    writes = re.compile(r"UPDATE (?:public\.)?member\b(?:(?!WHERE).)*\bstatus\s*=", re.DOTALL)

    found = {str(p.relative_to(package)) for p in package.rglob("*.py") if writes.search(p.read_text())}  # fmt: skip

    assert found == {"members/status.py"}


def test_r_c01_what_people_may_do_is_data() -> None:
    granted = {(kind, one) for kind, one in product(KINDS, Permission) if may(kind, one)}

    assert granted == {(AGENT, Permission.INVITE), (AGENT, Permission.IDENTIFY)}


def test_r_c01_who_borrows_is_given_an_identity() -> None:
    assert [kind for kind in KINDS if KINDS[kind].needs_identity] == [BORROWER]


def test_r_c01_the_database_knows_the_same_types(world: World) -> None:
    assert checked(world, "ck_member_kind") == set(KINDS)


def test_r_c01_a_type_that_is_none_may_nothing() -> None:
    with pytest.raises(KeyError):
        may("governor", Permission.INVITE)
