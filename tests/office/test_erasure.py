"""Who leaves is forgotten: nothing tells who they were, and nothing of the books has moved."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.office.clerks import clerk
from tests.office.scan import traces
from tests.people import AMINA, BARAKA, CHEBET, PIN, Handset, World
from ussd_app.audit.service import Actor
from ussd_app.calls.service import Ended
from ussd_app.commands.reconcile import INVARIANTS
from ussd_app.errors import NotAllowed, NotFound
from ussd_app.ledger import service as ledger
from ussd_app.members.changing import Details
from ussd_app.members.places import Place
from ussd_app.office import erasure, phone_change
from ussd_app.office.enrolling import Newcomer
from ussd_app.office.erasure import Kept
from ussd_app.office.people_filter import PeopleFilter
from ussd_app.transfers.payments import Order
from ussd_app.values import Name, Phone, Remark

OLD, NEW = Phone("+254711828459"), Phone("+254722718281")
FIRST_NAME, LATER_NAME, PLACE = "Zuhurania Mwang'ombe", "Zuhurania Kipkemboi", "Kisimani Kaskazini"
WORDS = ["zuhurania", "mwang'ombe", "kipkemboi", "kisimani", "kaskazini", "711828459", "722718281"]
WHY = "she asked to leave"


@dataclass
class Office:
    """Somebody with a life, and two of the staff."""

    world: World
    maker: Actor
    checker: Actor

    def ask(self, member: int) -> int:
        return self.world.services.approvals.ask(
            erasure.KIND, {"member": member}, by=self.maker, why=WHY
        )

    def approve(self, request: int) -> bool:
        approvals = self.world.services.approvals
        return approvals.approve(request, seen=approvals.get(request).hash, by=self.checker)

    def delete(self, member: int) -> None:
        self.approve(self.ask(member))

    def forget(self) -> None:
        """All errands, until the last SMS has left and was reported on, or might have been."""
        self.world.run_errands()
        self.world.clock.advance(minutes=11)
        self.world.run_errands()

    def run(self, query: str, *values: object) -> None:
        with self.world.db.work() as work:
            work.connection.run(query, values)


@pytest.fixture
def office(world: World) -> Office:
    return Office(world, clerk(world), clerk(world, name="Njoroge"))


def live(office: Office) -> int:
    """Invited, joined, renamed, moved to another number; trusted, trusting, paid, talked about."""
    world, services = office.world, office.world.services
    world.join(AMINA, "Amina Wanjiru", language="sw")
    world.join(BARAKA, "Baraka Otieno")
    who = Newcomer(OLD, Name(FIRST_NAME), "en", "individual", location=Place(PLACE), tag="leader")
    member = services.enrolling.invite("Umoja", who, by=office.maker)
    member = world.join(OLD, FIRST_NAME, tokens=60)
    services.invitation_lists.take(
        [("0711 828 459", FIRST_NAME, "en", "individual")], by=office.maker
    )
    services.recipients.invite(services.members.get(OLD), CHEBET)
    pay(world, "k1", member, AMINA, 20)
    pay(world, "k2", member, BARAKA, 20)
    pay(world, "k3", BARAKA, member, 10)
    services.statements.send_sms(services.members.get(BARAKA), "s1")
    services.members.rename(OLD, Name(LATER_NAME))
    trust(world, AMINA, OLD)
    trust(world, BARAKA, OLD)
    world.join(CHEBET, "Chebet Kirui")
    trust(world, OLD, CHEBET)
    world.clock.advance(days=4)
    recovery = services.recoveries.open(OLD).id
    services.recoveries.vote(AMINA, recovery, vouches=True)
    world.run_errands()
    services.recoveries.veto(OLD, PIN)
    services.members.complain(OLD, "c1", Remark(f"I am {LATER_NAME}, call 0711 828459"))
    (report,) = services.reports.open()
    services.reports.close(report.id, f"called {LATER_NAME} back", by=office.maker)
    services.notebook.write(member, f"{LATER_NAME} of {PLACE} called", by=office.maker)
    amina = services.members.get(AMINA).id
    services.notebook.write(amina, f"sister of {LATER_NAME}, 0711-828-459", by=office.maker)
    services.notebook.keep_filter(LATER_NAME, PeopleFilter(tag="leader"), by=office.maker)
    seen = services.changing.see(member)
    services.changing.change(
        member,
        Details("individual", None, Place(f"{PLACE} B"), None, auto_convert=True),
        seen=seen.version,
        by=office.maker,
    )
    services.messages.take_in("in-1", phone=OLD, body=f"Hello, {LATER_NAME} here")
    services.calls.ended(Ended("s1", OLD, "*384*96#", "1", "Success", "home", 1, 9, 0, None))
    baraka = Handset(world.switchboard(), BARAKA)
    baraka.dial()
    baraka.say("1", f"0{OLD[4:]}")
    services.calls.take_in()
    services.delivery.report("stray-1", status="Failed", phone=OLD, failure="x")
    services.messages.opt_out(OLD)
    request = services.approvals.ask(
        phone_change.KIND, {"member": member, "phone": NEW}, by=office.maker, why="a new SIM"
    )
    office.approve(request)
    services.statements.send_sms(services.members.get(AMINA), "s2")
    Handset(world.switchboard(), NEW).dial()
    world.run_errands()
    world.clock.advance(days=2)
    pay(world, "k9", member, AMINA, 20)
    pay(world, "k10", member, BARAKA, 10)
    world.run_errands()
    return member


def pay(world: World, key: str, payer: int | Phone, payee: int | Phone, tokens: int) -> None:
    ids = [
        world.services.members.get(one).id if isinstance(one, Phone) else one
        for one in (payer, payee)
    ]
    amount = world.services.tokens.first.whole(tokens)
    world.services.payments.send(Order(key, ids[0], ids[1], amount, repeat=True))


def trust(world: World, guarantor: Phone, ward: Phone) -> None:
    trusted = world.services.guarantors
    trusted.ask(ward, guarantor)
    asked = trusted.asked(guarantor)
    assert asked
    trusted.answer(guarantor, asked.id, accepts=True)
    world.run_errands()


def broken(world: World) -> list[str]:
    with world.db.reading() as reading:
        return [one.name for one in INVARIANTS if reading.connection.rows(one.query, ())]


def sheet(world: World, surgeon: Surgeon) -> list[object]:
    return [
        surgeon.rows(query)
        for query in (
            "SELECT * FROM account ORDER BY id",
            "SELECT * FROM posting ORDER BY id",
            "SELECT * FROM entry ORDER BY posting, leg",
            "SELECT * FROM transfer ORDER BY key",
        )
    ]


def test_r_b04_of_a_full_life_nothing_is_found_in_any_table_nor_in_redis(
    office: Office, surgeon: Surgeon
) -> None:
    world = office.world
    member = live(office)
    before, found = sheet(world, surgeon), traces(surgeon, world, WORDS)
    request = office.ask(member)

    office.approve(request)
    office.forget()

    assert {word for word, _place in found} == set(WORDS)
    assert len({place for _word, place in found}) > 12
    assert traces(surgeon, world, WORDS) == set()
    assert sheet(world, surgeon) == before
    assert broken(world) == []
    assert surgeon.rows("SELECT status, phone, name FROM member WHERE id = %s", member) == [
        ("DELETED", None, "")
    ]
    world.services.audit_chain.seal()
    assert list(world.services.audit_chain.verify()) == []


def newcomer(world: World, *, tokens: int = 0) -> int:
    return world.join(OLD, FIRST_NAME, tokens=tokens)


def test_r_b04_the_number_joins_again_and_sees_nothing_of_the_old(office: Office) -> None:
    world, services = office.world, office.world.services
    world.join(AMINA, "Amina Wanjiru")
    old = newcomer(world, tokens=20)
    pay(world, "k1", old, AMINA, 20)
    world.sms(OLD)
    office.delete(old)
    again = world.join(OLD, "Juma Hassan", tokens=50)
    office.forget()

    member = services.members.get(OLD)

    assert (member.id, member.name, member.id != old) == (again, "Juma Hassan", True)
    assert [line.amount.units for line in services.statements.lines(member)] == [5000]
    assert services.payments.last(member.id) is None
    assert services.sms_book.of_member(again)[-1].body.startswith("Welcome to Umoja, Juma H!")
    assert [one for one in services.sms_book.of_member(old) if one.body] == []
    assert services.pins.check(OLD, PIN) == again


def test_r_b04_whoever_dials_with_the_number_afterwards_is_not_cut_off(office: Office) -> None:
    world = office.world
    old = newcomer(world)
    office.delete(old)
    world.run_errands()
    handset = Handset(world.switchboard(), OLD)
    handset.dial()
    asked = handset.say("1", "1")

    world.clock.advance(seconds=31)
    world.run_errands()

    assert "What is your name?" in asked
    assert "PIN" in handset.say("Nafula Wekesa")


def test_r_b04_they_and_those_who_trust_them_are_told(office: Office) -> None:
    world = office.world
    for phone, name in ((AMINA, "Amina Wanjiru"), (BARAKA, "Baraka Otieno")):
        world.join(phone, name)
    old = newcomer(world)
    trust(world, AMINA, OLD)
    trust(world, OLD, BARAKA)
    for phone in (OLD, AMINA, BARAKA):
        world.sms(phone)

    office.delete(old)

    assert world.sms(OLD) == [
        "Umoja: your account is closed and your data is deleted. Questions? Call 0800724724."
    ]
    assert world.sms(AMINA) == [
        "Umoja: Zuhurania M 0711828459 does not need you as a guarantor any more."
    ]
    assert world.sms(BARAKA) == [
        (
            "Umoja: Zuhurania M 0711828459 does not want to be your guarantor any more."
            " To ask somebody else, dial *384*96#."
        )
    ]
    assert world.services.guarantors.of(BARAKA) == []


def test_r_b04_others_see_a_former_member(office: Office) -> None:
    world, services = office.world, office.world.services
    world.join(AMINA, "Amina Wanjiru", language="sw", tokens=30)
    old = newcomer(world)
    pay(world, "k1", AMINA, old, 20)
    pay(world, "k2", old, AMINA, 20)
    world.run_errands()
    office.delete(old)

    amina = services.members.get(AMINA)
    phone = Handset(world.switchboard(), AMINA)

    assert [line.other for line in services.statements.lines(amina)][:2] == ["aliyeondoka"] * 2
    phone.dial("3")
    assert "aliyeondoka" in phone.say(PIN)
    phone.dial("5")
    assert "aliyeondoka" in phone.say("1", PIN)
    assert {one.other_name for one in services.persons.movements(amina.id)[:2]} == {""}


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("UPDATE account SET balance = 5 WHERE owner = {0}", erasure.MONEY),
        ("INSERT INTO complaint (key, member, words, made_at) VALUES ('c', {0}, 'x', now())",
         erasure.COMPLAINED),
        ("""INSERT INTO recovery (member, path, quorum, cooling_seconds, opened_at, expires_at)
            VALUES ({0}, 'people', 2, 1, now(), now())""", erasure.RECOVERING),
        ("""WITH r AS (INSERT INTO recovery
                (member, path, quorum, cooling_seconds, opened_at, expires_at)
                VALUES ({1}, 'guarantors', 2, 1, now(), now()))
            INSERT INTO guarantor (ward, guarantor, state, asked_at)
                VALUES ({1}, {0}, 'accepted', now())""", erasure.AWAITED),
        ("""INSERT INTO approval_request (kind, payload, hash, maker, why, made_at, expires_at)
            VALUES ('member.phone', '{{"member": {0}}}', 'x', 1, 'y', now(), now())""",
         erasure.ASKED),
        ("UPDATE member SET group_of = {0} WHERE id = {1}", erasure.GROUPED),
        ("""INSERT INTO invitation (member, tenant, inviter, kind, made_at, expires_at)
            VALUES ({1}, 1, {0}, 'borrower', now(), now())""", erasure.INVITING),
        ("INSERT INTO errand (kind, subject, due_at) SELECT 'receipts', posting, now() FROM transfer",
         erasure.PAYING),
    ],
)  # fmt: skip
def test_r_b04_nobody_is_deleted_while_something_is_open(
    office: Office, surgeon: Surgeon, deed: str, reason: object
) -> None:
    world = office.world
    amina = world.join(AMINA, "Amina Wanjiru")
    old = newcomer(world, tokens=20)
    pay(world, "k1", old, AMINA, 20)
    world.run_errands()
    request = office.ask(old)
    surgeon.run(deed.format(old, amina))

    with pytest.raises(Kept) as asked_anew:
        office.ask(old)
    with pytest.raises(Kept) as approved:
        office.approve(request)

    assert asked_anew.value.message == approved.value.message == reason
    assert world.services.members.get(OLD).name == FIRST_NAME
    assert world.services.approvals.get(request).state == "waiting"


def test_r_b04_deleted_once_and_by_two_people(office: Office) -> None:
    old = newcomer(office.world)
    request = office.ask(old)
    seen = office.world.services.approvals.get(request).hash

    with pytest.raises(NotAllowed):
        office.world.services.approvals.approve(request, seen=seen, by=office.maker)
    assert office.approve(request)

    assert not office.approve(request)
    with pytest.raises(NotFound):
        office.ask(old)


def test_r_b04_money_sent_at_that_moment_is_never_lost(office: Office) -> None:
    world, services = office.world, office.world.services
    world.join(AMINA, "Amina Wanjiru", tokens=400)
    for turn in range(4):
        phone = Phone(f"+25470055500{turn}")
        member = world.join(phone, FIRST_NAME, tokens=0)
        request = office.ask(member)

        def deed(number: int, member: int = member, request: int = request) -> str:
            if number:
                insist(lambda: pay(world, f"k{member}-{number}", AMINA, member, 1))
                return "paid"
            insist(lambda: office.approve(request))
            return "deleted"

        told = crowd(4, deed)

        assert len(set(given(told))) == 1
        assert {type(one) for one in raised(told)} <= {Kept, NotAllowed}
        with world.db.reading() as reading:
            token = services.tokens.first.id
            there = ledger.funds(reading, token, member).balance // 100
        assert there == given(told).count("paid")
        assert (services.members.find(phone) is None) == (given(told) == ["deleted"])
        world.run_errands()
    assert broken(world) == []


def test_r_b04_the_last_sms_is_forgotten_though_it_never_left(
    office: Office, surgeon: Surgeon
) -> None:
    world = office.world
    old = newcomer(world)
    world.run_errands()
    world.company.fault({"name": "sms.error_before"})
    office.delete(old)

    world.run_errands()
    waiting = traces(surgeon, world, ["711828459"])
    world.clock.advance(hours=2)
    world.run_errands()
    world.clock.advance(minutes=1)
    world.run_errands()

    assert ("711828459", "erasure.phones") in waiting
    assert traces(surgeon, world, WORDS) == set()


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_r_b04_r_c06_in_the_middle_of_a_call_nothing_more_is_done(
    office: Office, is_forgotten: bool
) -> None:
    world = office.world
    world.join(AMINA, "Amina Wanjiru")
    old = newcomer(world)
    phone = Handset(world.switchboard(), OLD)
    phone.dial()
    asked = phone.say("2")
    office.delete(old)
    if is_forgotten:
        office.forget()

    told = phone.say(PIN)

    assert "Your PIN" in asked
    assert "You have" not in told
    assert world.services.members.find(OLD) is None
    assert "Hello" not in phone.dial()


def test_r_b04_who_never_joined_is_cancelled_and_then_forgotten(
    office: Office, surgeon: Surgeon
) -> None:
    services = office.world.services
    who = Newcomer(OLD, Name(FIRST_NAME), "en", "borrower", location=Place(PLACE))
    member = services.enrolling.invite("Umoja", who, by=office.maker)
    with pytest.raises(Kept) as open_still:
        office.ask(member)

    services.invitations.cancel(member, by=office.maker, why=WHY)
    office.world.run_errands()
    office.delete(member)
    office.forget()

    assert open_still.value.message == erasure.INVITED
    assert traces(surgeon, office.world, WORDS) == set()
    assert broken(office.world) == []


def test_r_b04_what_was_under_way_is_forgotten_too(office: Office, surgeon: Surgeon) -> None:
    old = newcomer(office.world)
    office.delete(old)
    surgeon.run(
        """
        INSERT INTO complaint (key, member, words, made_at) VALUES ('c', %s, 'I am Zuhurania', now())
        """,
        old,
    )

    office.forget()

    assert traces(surgeon, office.world, WORDS) == set()
