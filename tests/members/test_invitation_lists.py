"""R-C02: a list of people is invited row by row, each once, whoever dies in between."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tests.db.crowd import crowd, insist, raised
from tests.db.surgery import Surgeon
from tests.members.field import NAME, Field
from tests.people import AMINA, ZAWADI, World
from ussd_app.audit.service import SHELL, Actor
from ussd_app.commands import reconcile
from ussd_app.db import outbox
from ussd_app.db.work import Work
from ussd_app.errors import LimitReached, NotFound
from ussd_app.jobs.carrier import Carrier
from ussd_app.members.invitation_lists import ROWS_AT_ONCE, ROWS_MOST, InvitationLists, Row
from ussd_app.members.invitations import Invitations, Sent
from ussd_app.members.inviting import PURPOSE, Inviter
from ussd_app.members.kinds import AGENT, BORROWER
from ussd_app.values import Name, Phone
from ussd_app.worker import handlers_of

OPERATOR = Actor("operator", 1000, SHELL)


def person(number: int) -> Row:
    return (f"07220{number:05}", "Juma Otieno", "en", BORROWER)


def take(world: World, *rows: Row) -> int:
    return world.services.invitation_lists.take(rows, by=OPERATOR)


def ends(world: World, batch: int) -> list[tuple[str, str]]:
    """How each row ended, and why."""
    return [row[2:] for row in world.services.invitation_lists.results(batch)]


def test_r_c02_a_list_waits_until_it_is_worked_off(world: World) -> None:
    batch = take(world, person(1), person(2))
    before = world.services.invitation_lists.results(batch)

    world.run_errands()

    assert before == [(1, "0722000001", "waiting", ""), (2, "0722000002", "waiting", "")]
    assert ends(world, batch) == [("invited", ""), ("invited", "")]
    assert len(world.company.sms("+254722000001")) == 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("", "Juma", "en", BORROWER), "the phone number is missing; one looks like 0712345678"),
        (("07FLOWERS", "Juma", "en", BORROWER), "the phone number cannot be read; one looks like"),
        (("+255712345678", "Juma", "en", BORROWER), "this country is not served"),
        (("0722000001", "", "en", BORROWER), "the name is missing"),
        (("0722000001", "J" * 40, "en", BORROWER), "the name is too long"),
        (("0722000001", "Juma\0\ufffd1", "en", BORROWER), "the name must be of letters"),
        (("0722000001", "Juma", "fr", BORROWER), "the language must be one of en, sw"),
        (("0722000001", "Juma", "en", "king"), "the kind must be one of individual, group,"),
        ((AMINA, "Amina", "en", BORROWER), "has joined already"),
        (("0722000002", "Juma", "en", BORROWER), "was invited by somebody else"),
        (("0722000003", "Juma", "en", BORROWER), "no SMS to this number"),
        (("0722000004", "Juma", "en", BORROWER), "too many codes: wait a minute"),
    ],
)
def test_r_c02_a_row_that_cannot_be_used_is_refused_alone(world: World, row: Row, why: str) -> None:
    field = Field.of(world)
    field.invite(Phone("+254722000002"))
    world.services.messages.opt_out("+254722000003")
    field.invite(Phone("+254722000004"))
    field.invitations.withdraw(AMINA, field.own().id)

    batch = take(world, person(11), row, person(12))
    world.run_errands()

    (first, (state, reason), last) = ends(world, batch)
    assert (first, last) == (("invited", ""), ("invited", ""))
    assert state == "refused"
    assert reason.startswith(why)


def test_r_c02_a_number_that_stands_twice_is_invited_once(world: World) -> None:
    batch = take(world, person(1), person(1), ("+254722000001", "J. Otieno", "sw", BORROWER))

    world.run_errands()

    assert ends(world, batch) == [
        ("invited", ""),
        *[("already invited", "same number as line 1")] * 2,
    ]
    assert len(world.company.sms("+254722000001")) == 1


def test_r_c02_a_list_given_again_says_how_long_the_codes_are_good(world: World) -> None:
    batches = [take(world, person(1), person(2)) for _ in range(2)]
    world.services.invitation_lists.carry(batches[0])
    world.clock.advance(seconds=1)

    again = take(world, person(1), person(3))
    world.run_errands()
    with world.db.reading() as reading:
        ((invited, expires),) = reading.rows(
            "SELECT made_at, expires_at FROM invitation ORDER BY id LIMIT 1"
        )
    until = world.services.local.day_and_hour(expires)
    before = ("already invited", f"code good until {until}, no SMS sent")

    assert ends(world, batches[0]) == [("invited", "")] * 2
    assert ends(world, batches[1]) == [before] * 2
    assert ends(world, again) == [before, ("invited", "")]
    assert expires - invited == timedelta(hours=24)
    assert len(world.company.sms("+254722000001")) == 1


@pytest.mark.parametrize("wished", [False, True])
def test_r_c02_a_new_code_goes_to_who_asked_for_it_or_if_it_is_wished(
    world: World, wished: bool
) -> None:
    batch = take(world, person(1))
    world.run_errands()
    phone = Phone("+254722000001")
    old = world.services.codes.live(phone, PURPOSE)
    if not wished:
        assert world.services.invited.ask_again(phone) == "nobody"
    world.clock.advance(minutes=2)

    again = world.services.invitation_lists.take([person(1), person(1)], by=OPERATOR, again=wished)
    world.run_errands()
    once_more = take(world, person(1))
    world.run_errands()

    assert ends(world, batch) == [("invited", "")]
    assert ends(world, again) == [
        ("invited again", "new code sent"),
        ("already invited", "same number as line 1"),
    ]
    assert [state for state, _why in ends(world, once_more)] == ["already invited"]
    assert len(world.company.sms(phone)) == 2
    assert world.services.codes.live(phone, PURPOSE) not in (None, old)


def test_r_c02_a_new_code_may_be_wished_no_sooner_than_codes_may_be_sent(world: World) -> None:
    take(world, person(1))
    world.run_errands()

    again = world.services.invitation_lists.take([person(1)], by=OPERATOR, again=True)
    waiting = ends(world, again)
    world.run_errands()

    assert waiting == [("waiting", "new code wished")]
    assert ends(world, again) == [("refused", "too many codes: wait a minute")]


def test_r_c02_who_has_typed_the_code_gets_no_other(world: World) -> None:
    take(world, (ZAWADI, NAME, "sw", AGENT))
    field = Field(world, world.services)
    field.read()
    field.take("judge")
    field.take("prove")
    world.clock.advance(minutes=2)

    again = world.services.invitation_lists.take(
        [(ZAWADI, NAME, "sw", AGENT)], by=OPERATOR, again=True
    )
    world.run_errands()

    assert ends(world, again) == [("already invited", "code typed, no SMS sent")]
    assert world.sms(ZAWADI) == []


def test_r_c02_a_list_says_what_people_are_and_speak(world: World) -> None:
    take(world, (ZAWADI, NAME, "sw", AGENT))
    field = Field(world, world.services)

    said = field.read()

    assert said.startswith("Umoja inakualika uwe wakala. Namba yako: ")
    assert field.status() == ("INVITED", AGENT, 0)
    field.take_all()
    assert field.status() == ("ACTIVE", AGENT, 1)
    field.invite(Phone("+254722000001"), agent=ZAWADI)


def test_r_c02_a_list_is_audited_by_who_gave_it_without_names(
    world: World, surgeon: Surgeon
) -> None:
    take(world, person(1), person(2))
    world.run_errands()

    rows = surgeon.rows("SELECT actor_kind, actor, channel, action, details FROM audit ORDER BY id")

    assert rows[0] == (*_operator(), "invitation.list", {"rows": 2})
    assert rows[1:] == [(*_operator(), "member.invited", {"kind": BORROWER})] * 2


def _operator() -> tuple[object, ...]:
    return ("operator", 1000, "shell")


class Killed(BaseException):
    """What the death of a process is to it."""


class Dying(Invitations):
    """Invites so many, and dies with the next in its hands."""

    def __init__(self, invitations: Invitations, left: int) -> None:
        self.invitations, self.left = invitations, left

    def invite_for(
        self,
        work: Work,
        inviter: Inviter,
        phone: Phone,
        name: Name,
        language: str,
        *,
        kind: str,
        again: bool = False,
    ) -> tuple[int, Sent]:
        made = self.invitations.invite_for(
            work, inviter, phone, name, language, kind=kind, again=again
        )
        if self.left == 0:
            raise Killed
        self.left -= 1
        return made


def die_after(world: World, count: int) -> None:
    """A worker takes the list's errand, and is killed after so many rows."""
    dying = Dying(world.services.invitations, count)
    lists = InvitationLists(
        world.db,
        world.clock,
        dying,
        languages=("en", "sw"),
        countries=("254",),
        organisation="Umoja",
        local=world.services.local,
    )
    handlers = {**handlers_of(world.services), "invitations": lists.carry}
    with pytest.raises(Killed):
        _work(world, Carrier(world.db, world.clock, handlers))


def _work(world: World, carrier: Carrier) -> None:
    while True:
        with world.db.work() as work:
            handed = outbox.hand_over(work, now=world.clock.now(), most=1)
        for errand in handed:
            carrier.carry(errand.id, errand.fence)


def test_r_c02_a_thousand_are_invited_once_each_though_a_worker_dies(
    world: World, surgeon: Surgeon
) -> None:
    phones = [f"07220{number:05}" for number in range(997)]
    batch = take(world, *((phone, "Juma Otieno", "en", BORROWER) for phone in phones),
        ("nonsense", "Juma", "en", BORROWER), person(5), ("0733000000", "1", "en", BORROWER))  # fmt: skip
    die_after(world, 450)
    left = Counter(state for state, _why in ends(world, batch))
    surgeon.run("DELETE FROM errand WHERE kind = 'sms'")  # that they are promised is enough here
    world.clock.advance(minutes=2)

    for _ in range(20):
        world.services.invitation_lists.carry(batch)

    assert left == {"invited": 450, "waiting": 550}
    assert Counter(state for state, _why in ends(world, batch)) == {
        "invited": 997,
        "already invited": 1,
        "refused": 2,
    }
    assert surgeon.rows("SELECT count(*), count(DISTINCT phone) FROM message") == [(997, 997)]
    assert surgeon.one("SELECT count(*) FROM one_time_code") == 997
    assert surgeon.one("SELECT ended_at IS NOT NULL FROM invitation_batch")


def test_r_c02_a_list_whose_worker_died_goes_on_by_itself(world: World) -> None:
    batch = take(world, *(person(number) for number in range(5)))
    die_after(world, 2)
    world.clock.advance(minutes=2)

    world.run_errands()

    assert ends(world, batch) == [("invited", "")] * 5
    assert [len(world.company.sms(f"+25472200000{number}")) for number in range(5)] == [1] * 5
    assert {found.name for found in reconcile.findings(world.db) if found.grave} == set()


def test_r_c02_two_workers_with_one_list_invite_each_once(world: World, surgeon: Surgeon) -> None:
    batch = take(world, *(person(number) for number in range(20)))

    told = crowd(2, lambda _: insist(lambda: world.services.invitation_lists.carry(batch)))

    assert raised(told) == []
    assert ends(world, batch) == [("invited", "")] * 20
    assert surgeon.one("SELECT count(*) FROM message") == 20


def test_r_c02_a_long_list_is_worked_off_by_the_hundred(world: World) -> None:
    batch = take(world, *(("nonsense", "", "en", BORROWER) for _ in range(ROWS_AT_ONCE + 1)))
    carry = world.services.invitation_lists.carry

    goes_on = [carry(batch) is not None for _ in range(3)]

    assert goes_on == [True, False, False]


def test_r_c02_a_list_too_long_is_not_taken(world: World, surgeon: Surgeon) -> None:
    before = surgeon.snapshot()

    with pytest.raises(LimitReached):
        take(world, *[person(1)] * (ROWS_MOST + 1))

    assert surgeon.snapshot() == before


def test_r_c02_there_are_no_results_of_no_list(world: World) -> None:
    with pytest.raises(NotFound):
        world.services.invitation_lists.results(1)


def test_r_c02_a_list_worked_off_is_forgotten_and_the_people_are_not(
    world: World, surgeon: Surgeon
) -> None:
    batch = take(world, person(1), person(2), person(3))
    world.run_errands()
    world.clock.advance(days=31)
    late = take(world, person(4))
    before = surgeon.snapshot(without=("invitation_row", "invitation_batch"))
    forget = world.services.invitation_lists.forget

    forgotten = [forget(after_days=30, most=2) for _ in range(3)]

    assert forgotten == [2, 1, 0]
    assert surgeon.snapshot(without=("invitation_row", "invitation_batch")) == before
    with pytest.raises(NotFound):
        world.services.invitation_lists.results(batch)
    assert ends(world, late) == [("waiting", "")]


def test_r_c02_codes_are_forgotten_when_nothing_counts_them(world: World, surgeon: Surgeon) -> None:
    take(world, person(1), person(2), person(3))
    world.run_errands()
    forget = world.services.codes.forget

    assert forget(after_days=30, most=5) == 0
    world.clock.advance(days=31)
    assert [forget(after_days=30, most=2) for _ in range(3)] == [2, 1, 0]
