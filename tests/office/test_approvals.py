"""Deeds that two people must want are done once, by what was approved, and by nobody alone."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.office.clerks import clerk
from tests.people import AMINA, BARAKA, PIN, ZAWADI, World
from ussd_app.audit.service import THE_SYSTEM, Actor
from ussd_app.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from ussd_app.office.approvals import LASTS
from ussd_app.office.phone_change import KIND
from ussd_app.users.permissions import Role

WHY, NEW = "she lost the old SIM", ZAWADI


@dataclass
class Office:
    """Amina's change of number waits; one has asked for it, and another may decide."""

    world: World
    amina: int
    maker: Actor
    checker: Actor
    request: int

    @property
    def seen(self) -> str:
        return self.world.services.approvals.get(self.request).hash

    def ask(self, phone: str = NEW) -> int:
        payload: dict[str, int | str] = {"member": self.amina, "phone": phone}
        return self.world.services.approvals.ask(KIND, payload, by=self.maker, why=WHY)

    def approve(self, by: Actor | None = None, seen: str = "") -> bool:
        return self.world.services.approvals.approve(
            self.request, seen=seen or self.seen, by=by or self.checker
        )

    def state(self) -> str:
        return self.world.services.approvals.get(self.request).state


@pytest.fixture
def office(world: World) -> Office:
    amina = world.join(AMINA, "Amina Wanjiru")
    world.sms(AMINA)
    made = Office(world, amina, clerk(world, Role.ENROLLER), clerk(world), 0)
    made.request = made.ask()
    return made


def test_what_another_person_approves_is_done(office: Office, surgeon: Surgeon) -> None:
    before = office.state(), office.world.services.members.get(AMINA).id

    assert office.approve()

    assert before == ("waiting", office.amina)
    assert office.state() == "done"
    assert office.world.services.members.get(NEW).id == office.amina
    assert office.world.services.pins.check(NEW, PIN) == office.amina
    assert surgeon.rows(
        "SELECT action, actor, subject_kind FROM audit WHERE channel = 'web' ORDER BY id"
    ) == [
        ("approval.asked", office.maker.id, "approval"),
        ("member.phone", office.checker.id, "member"),
        ("approval.approved", office.checker.id, "approval"),
    ]


def test_old_and_new_number_are_told(office: Office) -> None:
    office.approve()

    (old,), (new,) = office.world.sms(AMINA), office.world.sms(NEW)
    assert old.startswith("Umoja: your account moves to another number. Not you? Call ")
    assert new.startswith("Umoja: your account is on this number now. Your PIN is as before.")


def test_after_it_little_may_be_sent_for_a_while(office: Office) -> None:
    office.approve()

    careful = office.world.services.members.get(NEW).careful_until
    assert careful is not None
    assert careful > office.world.clock.now()


def test_fifty_approvals_at_once_do_it_once(office: Office, surgeon: Surgeon) -> None:
    checkers = [clerk(office.world, name=f"Clerk {n}") for n in range(10)]
    seen = office.seen

    told = crowd(50, lambda n: insist(lambda: office.approve(checkers[n % 10], seen)))

    assert given(told).count(True) == 1
    assert {type(error) for error in raised(told)} <= {Conflict}
    assert surgeon.one("SELECT count(*) FROM audit WHERE action = 'member.phone'") == 1
    assert surgeon.one("SELECT count(*) FROM message WHERE dedupe LIKE 'phone-changed:%%'") == 2


def test_again_by_the_same_person_changes_nothing(office: Office, surgeon: Surgeon) -> None:
    seen = office.seen
    office.approve(seen=seen)
    rows = surgeon.one("SELECT count(*) FROM audit")

    assert not office.approve(seen=seen)
    assert surgeon.one("SELECT count(*) FROM audit") == rows


def test_nobody_approves_or_refuses_their_own(office: Office, surgeon: Surgeon) -> None:
    office.world.services.users.assign(office.maker.id or 0, Role.SUPER_ADMIN, by=THE_SYSTEM)

    with pytest.raises(NotAllowed):
        office.approve(office.maker)
    with pytest.raises(NotAllowed):
        office.world.services.approvals.refuse(office.request, by=office.maker, why=WHY)
    with pytest.raises(psycopg.errors.CheckViolation):
        surgeon.run("UPDATE approval_request SET checker = maker")


def test_only_who_may_decide_does(office: Office) -> None:
    with pytest.raises(NotAllowed):
        office.approve(clerk(office.world, Role.ENROLLER))
    with pytest.raises(NotAllowed):
        office.approve(Actor("operator", 0, "shell"))
    with pytest.raises(NotAllowed):
        office.world.services.approvals.ask(
            KIND,
            {"member": office.amina, "phone": BARAKA},
            by=clerk(office.world, Role.VIEWER_PRIVATE),
            why=WHY,
        )


def test_what_a_suspended_person_asked_for_is_not_done(office: Office) -> None:
    office.world.services.users.suspend(office.maker.id or 0, by=THE_SYSTEM, why=WHY)

    with pytest.raises(NotAllowed):
        office.approve()
    assert office.state() == "waiting"


def test_another_payload_than_was_seen_is_not_done(office: Office, surgeon: Surgeon) -> None:
    seen = office.seen
    with pytest.raises(Conflict):
        office.approve(seen="00" * 32)

    surgeon.run("""UPDATE approval_request SET payload = payload || '{"phone": "+254700000007"}'""")
    with pytest.raises(Conflict):
        office.approve(seen=seen)
    assert office.state() == "waiting"


def test_the_number_must_be_free_still(office: Office) -> None:
    office.world.join(NEW, "Zawadi Achieng")

    with pytest.raises(Conflict, match="taken"):
        office.approve()
    assert office.state() == "waiting"
    assert office.world.services.members.get(AMINA).id == office.amina


def test_who_only_began_to_join_with_the_number_loses_nothing_else(office: Office) -> None:
    office.world.services.joining.speak(NEW, "en")

    assert office.approve()


def test_nothing_moves_while_a_pin_is_recovered(office: Office) -> None:
    office.world.services.recoveries.open(AMINA)

    with pytest.raises(Conflict, match="recovering"):
        office.approve()


@pytest.mark.parametrize(("phone", "error"), [(AMINA, Conflict), (BARAKA, Conflict)])
def test_what_cannot_be_is_not_asked_for(office: Office, phone: str, error: type[Refusal]) -> None:
    office.world.join(BARAKA, "Baraka Otieno")

    with pytest.raises(error):
        office.ask(phone)


def test_nobody_who_is_no_member_gets_a_number(office: Office) -> None:
    with pytest.raises(NotFound):
        office.world.services.approvals.ask(
            KIND, {"member": 999, "phone": NEW}, by=office.maker, why=WHY
        )


def test_the_same_asked_again_is_one_request(office: Office) -> None:
    assert office.ask() == office.request


def test_what_nobody_decides_expires(office: Office, surgeon: Surgeon) -> None:
    seen = office.seen
    office.world.clock.advance(seconds=LASTS.total_seconds() + 1)

    with pytest.raises(Conflict):
        office.approve(seen=seen)
    assert office.world.services.approvals.expire(most=10) == 1
    assert office.state() == "expired"
    assert office.ask() != office.request


def test_what_was_refused_is_over(office: Office) -> None:
    approvals, seen = office.world.services.approvals, office.seen

    assert approvals.refuse(office.request, by=office.checker, why="not her")
    assert not approvals.refuse(office.request, by=office.checker, why="not her")
    with pytest.raises(Conflict):
        office.approve(seen=seen)


def test_what_is_private_is_shown_for_a_reason_and_forgotten_at_the_end(
    office: Office, surgeon: Surgeon
) -> None:
    approvals = office.world.services.approvals

    shown = approvals.get(office.request).payload
    with pytest.raises(Invalid):
        approvals.reveal(office.request, by=office.checker, why="")
    revealed = approvals.reveal(office.request, by=office.checker, why="to call them")
    office.approve()

    assert shown == {"member": office.amina}
    assert revealed == {"member": office.amina, "phone": NEW}
    assert surgeon.one("SELECT payload FROM approval_request") == {"member": office.amina}
    assert surgeon.one("SELECT count(*) FROM audit WHERE action = 'approval.looked'") == 1


def test_makers_see_their_own(office: Office) -> None:
    approvals, other = office.world.services.approvals, clerk(office.world, Role.ENROLLER)

    assert [one.id for one in approvals.waiting(of=office.maker.id)] == [office.request]
    assert approvals.waiting(of=other.id) == []
    with pytest.raises(NotFound):
        approvals.get(office.request, of=other.id)


def test_the_audit_keeps_no_digest_of_a_number(office: Office, surgeon: Surgeon) -> None:
    seen = office.seen

    office.approve()

    kept = surgeon.rows("SELECT details::text FROM audit WHERE details IS NOT NULL")
    assert [details for (details,) in kept if seen in details] == []
