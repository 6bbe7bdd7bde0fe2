"""R-B09: what two people take back goes back once, from whoever has it, and both are told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.office.clerks import clerk
from tests.people import AMINA, BARAKA, World
from tests.transfers.town import Town
from ussd_app.audit.service import Actor
from ussd_app.commands.findings import VIOLATED
from ussd_app.commands.reconcile import findings
from ussd_app.errors import Conflict, NotAllowed, NotEnough, NotFound
from ussd_app.ledger import service as ledger
from ussd_app.office.reversal import KIND, NoRoom, NotReversible, PartyGone, Reversed
from ussd_app.transfers.payments import Receipt
from ussd_app.users.permissions import Role
from ussd_app.values import Reference

WHY = "she pressed the wrong line"


@dataclass
class Desk:
    """Amina paid Baraka 20; one may ask for it back, another decides."""

    town: Town
    receipt: Receipt
    maker: Actor
    checker: Actor

    @property
    def world(self) -> World:
        return self.town.world

    def ask(self, reference: Reference | None = None) -> int:
        payload = self.world.services.reversal.payload(reference or self.receipt.reference)
        return self.world.services.approvals.ask(KIND, payload, by=self.maker, why=WHY)

    def approve(self, request: int, *, by: Actor | None = None) -> bool:
        approvals = self.world.services.approvals
        seen = approvals.get(request).hash
        return approvals.approve(request, seen=seen, by=by or self.checker)

    def take_back(self) -> None:
        assert self.approve(self.ask())

    def is_sound(self) -> bool:
        return not [one for one in findings(self.world.db) if one.grave == VIOLATED]

    def spend(self, tokens: int) -> None:
        """Baraka pays somebody else."""
        other = self.town.neighbour(1)
        self.town.pay(tokens, key=f"spent-{tokens}", payer=self.town.baraka, payee=other)


@pytest.fixture
def desk(world: World) -> Desk:
    town = Town(world)
    town.settle()
    receipt = town.pay(20)
    town.sms(AMINA), town.sms(BARAKA)
    return Desk(town, receipt, clerk(world, Role.ENROLLER), clerk(world))


def test_r_b09_the_amount_goes_back_by_a_posting_that_names_the_first(
    desk: Desk, surgeon: Surgeon
) -> None:
    desk.take_back()

    assert (desk.town.balance(desk.town.amina), desk.town.balance(desk.town.baraka)) == (1000, 50)
    ((kind, reverses),) = surgeon.rows(
        "SELECT kind, reverses FROM posting ORDER BY id DESC LIMIT 1"
    )
    assert (kind, reverses) == ("reversal", desk.receipt.reference.number)
    assert desk.is_sound()


def test_r_b09_both_sides_are_told_in_their_language(desk: Desk, surgeon: Surgeon) -> None:
    desk.take_back()

    made = Reference.of(surgeon.one("SELECT max(id) FROM posting"))
    when = desk.world.services.local.day_and_hour(desk.receipt.at)
    (amina,), (baraka,) = desk.town.sms(AMINA), desk.town.sms(BARAKA)
    assert amina.startswith(f"{made}: 20 UMOJA to Baraka O on {when} came back to you. ")
    assert "Balance 1,000 UMOJA." in amina
    assert baraka.startswith(f"{made}: 20 UMOJA toka kwa Amina W {when} zimerudishwa. ")
    assert "Salio 50 UMOJA." in baraka


def test_r_b09_the_audit_says_who_asked_who_approved_and_why(desk: Desk, surgeon: Surgeon) -> None:
    desk.take_back()

    made = surgeon.one("SELECT max(id) FROM posting")
    ((actor, channel, subject, details),) = surgeon.rows(
        "SELECT actor, channel, subject, details FROM audit WHERE action = 'posting.reversed'"
    )
    assert (actor, channel, subject) == (desk.checker.id, "web", made)
    assert details["reverses"] == desk.receipt.reference.number
    assert details["why"] == WHY
    assert desk.world.services.approvals.get(details["request"]).maker == desk.maker.id


def test_r_b09_twenty_approvals_at_once_take_it_back_once(desk: Desk, surgeon: Surgeon) -> None:
    request = desk.ask()
    checkers = [clerk(desk.world, name=f"Clerk {n}") for n in range(5)]
    seen = desk.world.services.approvals.get(request).hash

    told = crowd(
        20,
        lambda n: insist(
            lambda: desk.world.services.approvals.approve(request, seen=seen, by=checkers[n % 5])
        ),
    )

    assert given(told).count(True) == 1
    assert {type(error) for error in raised(told)} <= {Conflict}
    assert surgeon.one("SELECT count(*) FROM posting WHERE reverses IS NOT NULL") == 1
    assert surgeon.one("SELECT count(*) FROM message WHERE dedupe LIKE 'reversed:%%'") == 2
    assert desk.is_sound()


def test_r_b09_it_is_taken_back_once_by_however_many_requests(desk: Desk, surgeon: Surgeon) -> None:
    request = desk.ask()
    with desk.world.db.work() as work:
        ledger.reverse(work, desk.receipt.reference.number, at=desk.world.clock.now())

    with pytest.raises(Reversed):
        desk.approve(request)
    with pytest.raises(Reversed):
        desk.ask()
    assert surgeon.one("SELECT count(*) FROM posting WHERE reverses IS NOT NULL") == 1


def test_r_b09_what_was_spent_is_not_taken_back_at_asking_nor_at_approval(desk: Desk) -> None:
    request = desk.ask()
    desk.spend(51)

    with pytest.raises(NotEnough) as no:
        desk.approve(request)
    with pytest.raises(NotEnough):
        desk.ask()
    assert no.value.available == 1900
    assert desk.town.balance(desk.town.baraka) == 19
    assert desk.world.services.approvals.get(request).state == "waiting"


def test_r_b09_what_is_held_is_not_taken_back(desk: Desk) -> None:
    request, now = desk.ask(), desk.world.clock.now()
    token = desk.world.services.tokens.first
    with desk.world.db.work() as work:
        wallet = ledger.open_account(work, token.id, desk.town.baraka, at=now)
        ledger.hold(work, "withdrawal", account=wallet, amount=5100, at=now)

    with pytest.raises(NotEnough):
        desk.approve(request)


def test_r_b09_a_reversal_is_not_taken_back(desk: Desk, surgeon: Surgeon) -> None:
    desk.take_back()
    made = Reference.of(surgeon.one("SELECT max(id) FROM posting"))

    with pytest.raises(NotReversible):
        desk.ask(made)
    with pytest.raises(NotFound):
        desk.ask(Reference.of(999_999))


def test_r_b09_a_grant_goes_back_to_the_house(desk: Desk, surgeon: Surgeon) -> None:
    grant = surgeon.one("SELECT min(id) FROM posting WHERE kind = 'grant'")

    assert desk.approve(desk.ask(Reference.of(grant)))

    (told,) = desk.town.sms(AMINA)
    assert "50 UMOJA from Umoja on" in told
    assert desk.town.balance(desk.town.amina) == 930
    assert desk.is_sound()


@pytest.mark.parametrize("who", ["amina", "baraka"])
def test_r_b09_nothing_goes_back_to_or_from_who_is_deleted(desk: Desk, who: str) -> None:
    request = desk.ask()
    desk.town.set_status(getattr(desk.town, who), "DELETED")

    with pytest.raises(PartyGone):
        desk.approve(request)


def test_r_b09_a_blocked_thief_keeps_nothing(desk: Desk) -> None:
    desk.town.set_status(desk.town.baraka, "BLOCKED")

    desk.take_back()

    assert desk.town.balance(desk.town.amina) == 1000


def test_r_b09_nobody_gets_more_than_a_screen_can_show(desk: Desk) -> None:
    token, now = desk.world.services.tokens.first, desk.world.clock.now()
    with desk.world.db.work() as work:
        wallet = ledger.open_account(work, token.id, desk.town.amina, at=now)
        house = ledger.house_account(work, token.id, ledger.GRANTS, at=now)
        ledger.move(work, "grant", source=house, target=wallet, amount=999_900_000, at=now)

    with pytest.raises(NoRoom):
        desk.ask()


def test_r_b09_another_request_than_the_books_know_is_refused(desk: Desk) -> None:
    payload = {**desk.world.services.reversal.payload(desk.receipt.reference), "payer": 999}

    with pytest.raises(Conflict, match="books"):
        desk.world.services.approvals.ask(KIND, payload, by=desk.maker, why=WHY)


def test_r_b09_who_may_not_ask_does_not(desk: Desk) -> None:
    desk.maker = clerk(desk.world, Role.VIEWER_PRIVATE)

    with pytest.raises(NotAllowed):
        desk.ask()


def test_r_b09_it_gives_no_room_back_under_the_limits_of_that_day(desk: Desk) -> None:
    persons, amina = desk.world.services.persons, desk.town.amina
    before = {one.code: one.room.units for one in persons.limits(amina) if one.direction == "out"}

    desk.take_back()

    after = {one.code: one.room.units for one in persons.limits(amina) if one.direction == "out"}
    assert after == before
