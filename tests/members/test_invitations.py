"""R-A02, R-A13, R-C01, R-C02, R-C05: people are invited, prove it, and join; or it ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import FAILS_AT_COMMIT, Surgeon
from tests.members.field import NAME, STEPS, Field
from tests.people import AMINA, BARAKA, CHEBET, PIN, ZAWADI, World
from ussd_app.audit.service import SHELL, Actor
from ussd_app.commands import reconcile
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotFound
from ussd_app.jobs import housekeeping
from ussd_app.members.inviting import IN_PERSON, Inviter
from ussd_app.members.kinds import AGENT, BORROWER, INDIVIDUAL, KINDS, Permission
from ussd_app.messages.codes import CodeGone, CodeWrong
from ussd_app.messages.service import OptedOut
from ussd_app.values import Name, Phone

OPERATOR = Actor("operator", 1000, SHELL)
INVITED_IN_ENGLISH = (
    "Amina W of Umoja invites you as a borrower. Code: {}. Dial *384*96# within 24 hours."
    " Tell nobody, not even Amina W."
)
INVITED_IN_SWAHILI = (
    "Amina W wa Umoja anakualika uwe mkopaji. Namba: {}. Piga *384*96# ndani ya saa 24."
    " Usimwambie mtu, hata Amina W."
)
WELCOME = (
    "Welcome to Umoja, Zawadi N! 50 UMOJA is yours to start with. Dial *384*96#."
    " Terms: https://example.org/terms"
)


@pytest.fixture
def field(world: World) -> Field:
    return Field.of(world)


def faults(world: World) -> set[str]:
    return {found.name for found in reconcile.findings(world.db) if found.grave}


def as_organisation(field: Field, kind: str = BORROWER, phone: Phone = ZAWADI) -> None:
    """The organisation itself invites."""
    with field.world.db.work() as work:
        inviter = Inviter(None, "Umoja", OPERATOR)
        field.invitations.invite_for(work, inviter, phone, NAME, "en", kind=kind)


def statuses(field: Field) -> list[tuple[object, ...]]:
    """Every change of a status: by whom, through what, from what to what, and why."""
    with field.world.db.reading() as reading:
        return list(
            reading.rows("""
                SELECT actor_kind, channel, details->>'was', details->>'to', details->>'why'
                FROM audit WHERE action = 'member.status' ORDER BY id
            """)
        )


# What types of people there are


def test_r_c01_agents_alone_may_invite_and_borrowers_alone_need_an_identity() -> None:
    may = {name for name, kind in KINDS.items() if Permission.INVITE in kind.permissions}
    need = {name for name, kind in KINDS.items() if kind.needs_identity}

    assert (may, need) == ({AGENT}, {BORROWER})


# Inviting


@pytest.mark.parametrize(
    ("language", "text"), [("en", INVITED_IN_ENGLISH), ("sw", INVITED_IN_SWAHILI)]
)
def test_r_a13_an_agent_invites_by_sms(field: Field, language: str, text: str) -> None:
    said = field.invite(language=language)

    assert said == text.format(field.digits)
    assert field.status() == ("INVITED", BORROWER, 0)
    assert field.services.members.find(ZAWADI) is None
    assert faults(field.world) == set()


def test_r_c02_who_is_invited_is_a_record_by_somebody_and_audited(field: Field) -> None:
    field.invite()

    agent = field.services.members.get(AMINA).id
    member = field.one("SELECT id FROM member WHERE phone = %s", ZAWADI)
    with field.world.db.reading() as reading:
        made = reading.rows("SELECT member, inviter, kind, state FROM invitation")
        audited = reading.rows("""
            SELECT actor_kind, actor, channel, action, subject, details FROM audit
            WHERE action = 'member.invited'
        """)
    assert made == [(member, agent, BORROWER, "sent")]
    assert audited == [
        ("member", agent, "ussd", "member.invited", member, {"kind": BORROWER}),
    ]


def test_r_a13_invited_again_by_the_same_agent_is_one_invitation(
    field: Field, surgeon: Surgeon
) -> None:
    field.invite()
    before = surgeon.snapshot()

    field.invitations.invite(AMINA, ZAWADI, NAME, "en")

    assert surgeon.snapshot() == before


def test_r_a13_invited_again_whose_code_was_burnt_gets_another(field: Field) -> None:
    field.invite()
    wrong = f"{(int(field.digits) + 1) % 1_000_000:06}"
    for _ in range(5):
        with suppress(CodeWrong):
            field.services.codes.judge(field.last_code(), wrong, by=ZAWADI)
    field.world.clock.advance(minutes=1)

    field.invite()
    field.take_all()

    assert [one.state for one in field.invitations.of_agent(AMINA)] == ["active"]


def test_r_a13_invited_by_sms_after_in_person_gets_a_code_for_a_day(field: Field) -> None:
    field.invite_in_person()
    field.world.clock.advance(minutes=1)
    field.invite()
    field.world.clock.advance(hours=23)

    field.take_all()

    assert [one.state for one in field.invitations.of_agent(AMINA)] == ["active"]


@pytest.mark.parametrize("done", [1, 2])
def test_r_a13_invited_again_who_needs_no_code_gets_none(
    field: Field, surgeon: Surgeon, done: int
) -> None:
    field.invite()
    for one in STEPS[:done]:
        field.take(one)
    field.world.clock.advance(minutes=1)
    before = surgeon.snapshot()

    field.invitations.invite(AMINA, ZAWADI, NAME, "en")

    assert surgeon.snapshot() == before


def test_r_a13_many_who_invite_one_at_once_make_one_invitation(field: Field) -> None:
    field.second_agent()
    agents = (AMINA, BARAKA)

    told = crowd(
        12,
        lambda n: insist(lambda: field.invitations.invite(agents[n % 2], ZAWADI, NAME, "en")),
    )

    assert len(given(told)) == 6
    assert {type(error) for error in raised(told)} == {Conflict}
    assert len(field.world.sms(ZAWADI)) == 1


def test_r_a13_who_was_invited_by_another_is_left_to_them(field: Field, surgeon: Surgeon) -> None:
    field.second_agent()
    field.invite()
    before = surgeon.snapshot()

    with pytest.raises(Conflict):
        field.invitations.invite(BARAKA, ZAWADI, NAME, "en")
    with pytest.raises(Conflict):
        field.invitations.invite_in_person(BARAKA, ZAWADI, NAME, "en")

    assert surgeon.snapshot() == before


@pytest.mark.parametrize("status", ["ACTIVE", "BLOCKED"])
def test_r_a13_who_has_joined_is_not_invited(field: Field, surgeon: Surgeon, status: str) -> None:
    field.world.join(ZAWADI, NAME)
    surgeon.run("UPDATE member SET status = %s WHERE phone = %s", status, ZAWADI)
    before = surgeon.snapshot()

    with pytest.raises(Conflict):
        field.invitations.invite(AMINA, ZAWADI, NAME, "en")
    with pytest.raises(Conflict):
        as_organisation(field)

    assert surgeon.snapshot() == before


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {AGENT}))
def test_r_c01_whoever_is_no_agent_does_nothing_of_an_agents(field: Field, kind: str) -> None:
    field.agent(BARAKA, "Baraka Otieno", kind=kind)
    _no_agent(field, BARAKA)


def test_r_c01_a_blocked_agent_and_a_stranger_do_nothing_of_an_agents(
    field: Field, surgeon: Surgeon
) -> None:
    surgeon.run("UPDATE member SET status = 'BLOCKED' WHERE phone = %s", AMINA)

    _no_agent(field, AMINA)
    _no_agent(field, CHEBET)


def _no_agent(field: Field, phone: Phone) -> None:
    invitations = field.invitations
    deeds: tuple[Callable[[], object], ...] = (
        lambda: invitations.invite(phone, ZAWADI, NAME, "en"),
        lambda: invitations.invite_in_person(phone, ZAWADI, NAME, "en"),
        lambda: invitations.met(phone, ZAWADI, 1),
        lambda: invitations.resend(phone, 1),
        lambda: invitations.withdraw(phone, 1),
    )
    for deed in deeds:
        with pytest.raises(NotAllowed):
            deed()


def test_r_a13_a_number_of_another_country_is_not_invited(field: Field, surgeon: Surgeon) -> None:
    before = surgeon.snapshot()

    with pytest.raises(NotAllowed):
        field.invitations.invite(AMINA, Phone("+255712345678"), NAME, "en")

    assert surgeon.snapshot() == before


def test_r_a13_who_wants_no_sms_is_not_invited(field: Field, surgeon: Surgeon) -> None:
    field.services.messages.opt_out(ZAWADI)
    before = surgeon.snapshot()

    with pytest.raises(OptedOut):
        field.invitations.invite(AMINA, ZAWADI, NAME, "en")
    with pytest.raises(OptedOut):
        field.invitations.invite_in_person(AMINA, ZAWADI, NAME, "en")

    assert surgeon.snapshot() == before


# Joining by the code


def test_r_a02_an_invited_number_joins_with_the_code_a_pin_and_the_terms(field: Field) -> None:
    field.invite()

    field.take_all()

    member = field.services.members.get(ZAWADI)
    assert field.status() == ("ACTIVE", BORROWER, 1)
    assert (member.name, member.language) == (NAME, "en")
    assert field.services.pins.check(ZAWADI, PIN) == member.id
    assert field.world.balance(ZAWADI) == 50_00
    assert field.world.sms(ZAWADI) == [WELCOME]
    assert field.one("SELECT count(*) FROM membership WHERE member = %s", member.id) == 1
    assert field.step() is None
    assert statuses(field) == [("member", "ussd", "INVITED", "ACTIVE", "accepted the terms")]
    assert faults(field.world) == set()


@pytest.mark.parametrize(("kind", "waits"), [(BORROWER, 1), (AGENT, 0)])
def test_r_c05_agents_and_borrowers_join_alike_and_a_borrowers_identity_waits(
    field: Field, kind: str, waits: int
) -> None:
    as_organisation(field, kind)
    said = field.read()

    field.take_all()

    parked = "SELECT count(*) FROM errand WHERE kind = 'identity' AND state = 'parked'"
    assert said.startswith(
        f"Umoja invites you as {'a borrower' if waits else 'an agent'}. Your code: "
    )
    assert field.status() == ("ACTIVE", kind, 1)
    assert field.one(parked) == waits
    field.world.clock.advance(days=400)
    field.world.run_errands()
    assert field.one(parked) == waits


@pytest.mark.parametrize(
    ("done", "step"), [(0, "code"), (1, "pin"), (2, "pin"), (3, "terms"), (4, None)]
)
def test_r_a02_it_goes_on_from_wherever_it_was_cut_off(
    field: Field, done: int, step: str | None
) -> None:
    field.invite()
    for one in STEPS[:done]:
        field.take(one)
    field.restart()
    field.world.redis.flushall()

    waits_for = field.step()
    rest = STEPS[done:] if done != 1 else STEPS[2:]  # what was typed right is not asked for again
    for one in rest:
        field.take(one)

    assert waits_for == step
    assert field.status() == ("ACTIVE", BORROWER, 1)
    assert faults(field.world) == set()


def test_r_a02_every_step_may_be_taken_twice(field: Field, surgeon: Surgeon) -> None:
    field.invite()
    field.take("judge")
    for one in STEPS[1:]:
        field.take(one)
        if one == "set_pin":
            continue
        before = surgeon.snapshot()
        field.take(one)
        assert surgeon.snapshot() == before

    assert field.status() == ("ACTIVE", BORROWER, 1)


def test_r_a02_a_pin_may_be_chosen_again_until_the_terms_are_accepted(field: Field) -> None:
    field.invite()
    for one in STEPS[:3]:
        field.take(one)

    field.invited.set_pin(ZAWADI, field.services.pins.candidate(ZAWADI, "4815"))
    field.take("accept")

    assert field.services.pins.check(ZAWADI, "4815")


@pytest.mark.parametrize(
    ("done", "step"), [(0, "prove"), (0, "set_pin"), (0, "accept"), (1, "accept"), (2, "accept")]
)
def test_r_a02_no_step_is_left_out(field: Field, surgeon: Surgeon, done: int, step: str) -> None:
    field.invite()
    for one in STEPS[:done]:
        field.take(one)
    before = surgeon.snapshot()

    with pytest.raises(NotFound):
        field.take(step)

    assert surgeon.snapshot() == before


def test_r_a02_a_stranger_has_nothing_to_do(field: Field, surgeon: Surgeon) -> None:
    before = surgeon.snapshot()
    invited = field.invited

    assert invited.waiting(ZAWADI) is None
    deeds: tuple[Callable[[], object], ...] = (
        lambda: invited.prove(ZAWADI, 1),
        lambda: invited.set_pin(ZAWADI, "k1:made-up"),
        lambda: invited.accept(ZAWADI),
    )
    for deed in deeds:
        with pytest.raises(NotFound):
            deed()
    invited.decline(ZAWADI)
    invited.speak(ZAWADI, "sw")
    assert invited.ask_again(ZAWADI) == "nobody"
    assert surgeon.snapshot() == before


def test_r_a02_a_code_for_another_number_proves_nothing(field: Field) -> None:
    field.invite(CHEBET)
    field.take("judge", CHEBET)
    theirs = field.last_code(CHEBET)
    field.invite()

    with pytest.raises(CodeGone):
        field.invited.prove(ZAWADI, theirs)

    assert field.step() == "code"


def test_r_a02_twenty_right_codes_at_once_admit_once(field: Field) -> None:
    field.invite()
    code = field.code()

    def admit(_: int) -> None:
        insist(lambda: field.services.codes.judge(code, field.digits, by=ZAWADI))
        insist(lambda: field.invited.prove(ZAWADI, code))

    told = crowd(20, admit)

    assert len(given(told)) == 1
    assert {type(error) for error in raised(told)} == {CodeGone}
    assert field.step() == "pin"


def test_r_a02_twenty_who_accept_at_once_make_one_member(field: Field) -> None:
    field.invite()
    for one in STEPS[:3]:
        field.take(one)

    told = crowd(20, lambda _: insist(lambda: field.invited.accept(ZAWADI)))

    assert raised(told) == []
    assert field.world.sms(ZAWADI) == [WELCOME]
    assert field.world.balance(ZAWADI) == 50_00
    assert field.one("SELECT count(*) FROM errand WHERE kind = 'identity'") == 1
    assert faults(field.world) == set()


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("UPDATE", "member"),
        ("UPDATE", "invitation"),
        *(("INSERT", table) for table in ("account", "posting", "membership", "message", "errand")),
        (FAILS_AT_COMMIT, "audit"),
    ],
)
def test_r_a02_when_any_part_fails_there_is_no_half_member(
    field: Field, surgeon: Surgeon, event: str, table: str
) -> None:
    field.invite()
    for one in STEPS[:3]:
        field.take(one)
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()
    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        field.take("accept")
    left = surgeon.snapshot()
    surgeon.heal()

    field.take("accept")

    assert left == before
    assert field.status() == ("ACTIVE", BORROWER, 1)


def test_r_a02_they_are_spoken_to_in_their_language(field: Field) -> None:
    field.invite()

    field.invited.speak(ZAWADI, "sw")

    waiting = field.invited.waiting(ZAWADI)
    assert waiting
    assert (waiting.language, waiting.inviter, waiting.name) == ("sw", "Amina W", NAME)
    field.take_all()
    field.invited.speak(ZAWADI, "en")  # of a member it is not the business
    assert field.services.members.get(ZAWADI).language == "sw"


def test_r_c02_the_organisation_invites_in_its_own_name(field: Field) -> None:
    as_organisation(field)

    waiting = field.invited.waiting(ZAWADI)

    assert waiting
    assert waiting.inviter == "Umoja"


# Time


def keep_house(world: World) -> None:
    for chore in housekeeping.chores(world.services, world.settings):
        chore.run(now=1)


@pytest.mark.parametrize("noted", [False, True])
def test_r_a02_after_a_day_the_invitation_is_over(field: Field, noted: bool) -> None:
    field.invite()
    code = field.code()
    field.world.clock.advance(hours=24)
    if noted:
        keep_house(field.world)

    with pytest.raises(CodeGone):
        field.services.codes.judge(code, field.digits, by=ZAWADI)
    with pytest.raises(NotFound):
        field.take("prove")
    assert (field.step(), field.own().state) == ("expired", "expired")
    assert field.status()[0] == ("EXPIRED" if noted else "INVITED")
    changed = ("system", "system", "INVITED", "EXPIRED", "invitation expired")
    assert statuses(field) == [changed] * noted


@pytest.mark.parametrize("done", [2, 3])
def test_r_a02_who_has_proven_it_is_awaited_longer(field: Field, done: int) -> None:
    field.invite()
    for one in STEPS[:done]:
        field.take(one)
    field.world.clock.advance(days=3)
    keep_house(field.world)

    for one in STEPS[done:]:
        field.take(one)

    assert field.status() == ("ACTIVE", BORROWER, 1)


def test_r_a02_so_many_expire_at_once_and_each_once(field: Field) -> None:
    for number in range(7):
        field.invite(Phone(f"+25471100000{number}"))
    field.world.clock.advance(hours=24)

    told = crowd(4, lambda _: insist(lambda: field.invitations.expire(most=3)))

    assert raised(told) == []
    left = [field.invitations.expire(most=3) for _ in range(3)]
    assert sum(given(told)) + sum(left) == 7
    assert left[-1] == 0
    assert len(statuses(field)) == 7


@pytest.mark.parametrize("noted", [False, True])
@pytest.mark.parametrize("by_another", [False, True])
def test_r_a13_whose_invitation_is_over_is_invited_again_by_the_same_row(
    field: Field, noted: bool, by_another: bool
) -> None:
    field.second_agent()
    field.invite()
    member = field.one("SELECT id FROM member WHERE phone = %s", ZAWADI)
    field.world.clock.advance(hours=24)
    if noted:
        keep_house(field.world)

    field.invite(agent=BARAKA if by_another else AMINA)
    field.take_all()

    assert field.one("SELECT id FROM member WHERE phone = %s", ZAWADI) == member
    assert [change[2:4] for change in statuses(field)] == [
        ("INVITED", "EXPIRED"),
        ("EXPIRED", "INVITED"),
        ("INVITED", "ACTIVE"),
    ]
    assert faults(field.world) == set()


# What the agent does with it


def test_r_a13_a_code_sent_again_replaces_the_one_before(field: Field) -> None:
    field.invite()
    first, digits = field.code(), field.digits
    field.world.clock.advance(minutes=1)

    field.invitations.resend(AMINA, field.own().id)
    field.read()

    with pytest.raises(CodeGone):
        field.services.codes.judge(first, digits, by=ZAWADI)
    field.take_all()
    assert field.own().state == "active"


def test_r_a13_a_code_sent_again_lives_a_day_from_then(field: Field) -> None:
    field.invite()
    field.world.clock.advance(hours=23)
    field.invitations.resend(AMINA, field.own().id)
    field.world.clock.advance(hours=23)
    keep_house(field.world)

    assert field.step() == "code"


@pytest.mark.parametrize("noted", [False, True])
def test_r_a13_an_invitation_that_is_over_is_sent_again(field: Field, noted: bool) -> None:
    field.invite()
    field.world.clock.advance(hours=30)
    if noted:
        keep_house(field.world)

    field.invitations.resend(AMINA, field.own().id)
    field.read()
    field.take_all()

    assert [one.state for one in field.invitations.of_agent(AMINA)] == ["active"]
    assert faults(field.world) == set()


def test_r_a13_codes_are_sent_again_within_limits(field: Field) -> None:
    field.invite()
    own = field.own().id
    rules = []
    for seconds in (0, 60, 60, 60):
        field.world.clock.advance(seconds=seconds)
        try:
            field.invitations.resend(AMINA, own)
        except LimitReached as limit:
            rules.append(limit.rule)

    assert rules == ["pause", "hour"]
    assert len(field.world.sms(ZAWADI)) == 2


@pytest.mark.parametrize("end", ["withdraw", "decline", "accept", "prove"])
def test_r_a13_nothing_is_sent_again_where_no_code_is_needed(
    field: Field, surgeon: Surgeon, end: str
) -> None:
    field.invite()
    match end:
        case "withdraw":
            field.invitations.withdraw(AMINA, field.own().id)
        case "decline":
            field.invited.decline(ZAWADI)
        case "accept":
            field.take_all()
        case _:
            field.take("judge")
            field.take("prove")
    field.world.clock.advance(minutes=1)
    before = surgeon.snapshot()

    with pytest.raises(NotFound):
        field.invitations.resend(AMINA, field.own().id)

    assert surgeon.snapshot() == before


def test_r_a13_an_invitation_is_its_agents_alone(field: Field, surgeon: Surgeon) -> None:
    field.second_agent()
    field.invite()
    own = field.own().id
    field.world.clock.advance(minutes=1)
    before = surgeon.snapshot()

    for invitation in (own, 999):
        with pytest.raises(NotFound):
            field.invitations.resend(BARAKA, invitation)
        with pytest.raises(NotFound):
            field.invitations.withdraw(BARAKA, invitation)

    assert field.invitations.of_agent(BARAKA) == []
    assert surgeon.snapshot() == before


@pytest.mark.parametrize("done", range(4))
def test_r_a13_an_invitation_taken_back_is_worthless(
    field: Field, surgeon: Surgeon, done: int
) -> None:
    field.invite()
    code = field.code()
    for one in STEPS[:done]:
        field.take(one)

    field.invitations.withdraw(AMINA, field.own().id)
    before = surgeon.snapshot()
    field.invitations.withdraw(AMINA, field.own().id)

    assert surgeon.snapshot() == before
    with pytest.raises(NotFound):
        field.services.codes.judge(code, field.digits, by=ZAWADI)
    for one in STEPS[1:]:
        with pytest.raises(NotFound):
            field.take(one)
    assert (field.step(), field.own().state) == ("withdrawn", "withdrawn")
    assert statuses(field) == [("member", "ussd", "INVITED", "EXPIRED", "invitation withdrawn")]
    assert faults(field.world) == set()


def test_r_a13_whose_invitation_is_taken_back_is_told_and_may_join_without_it(field: Field) -> None:
    field.invite()

    for _ in range(2):
        field.invitations.withdraw(AMINA, field.own().id)

    assert field.world.sms(ZAWADI) == [
        (
            "Amina W of Umoja took the invitation back; its code is void. You can join without it,"
            " free: dial *384*96#."
        )
    ]
    assert field.step() == "withdrawn"
    field.invited.decline(ZAWADI)
    assert (field.step(), field.own().state) == (None, "declined")
    field.world.join(ZAWADI, NAME)
    assert faults(field.world) == set()


def test_r_a13_who_has_joined_cannot_be_taken_back(field: Field, surgeon: Surgeon) -> None:
    field.invite()
    field.take_all()
    before = surgeon.snapshot()

    with pytest.raises(Conflict):
        field.invitations.withdraw(AMINA, field.own().id)

    assert surgeon.snapshot() == before


def test_r_a13_of_joining_and_taking_back_at_once_one_happens(field: Field) -> None:
    field.invite()
    for one in STEPS[:3]:
        field.take(one)
    own = field.own().id

    told = crowd(
        2,
        lambda n: insist(
            lambda: field.take("accept") if n else field.invitations.withdraw(AMINA, own)
        ),
    )

    assert len(given(told)) == 1
    assert faults(field.world) == set()


@pytest.mark.parametrize(
    ("done", "state"), [(0, "sent"), (1, "sent"), (2, "proven"), (3, "pin"), (4, "active")]
)
def test_r_a13_an_agent_sees_how_far_they_are(field: Field, done: int, state: str) -> None:
    made_at = field.world.clock.now()
    field.invite()
    for one in STEPS[:done]:
        field.take(one)

    own = field.own()

    assert (own.name, own.phone, own.state) == (NAME, ZAWADI, state)
    assert own.made_at - made_at < timedelta(minutes=1)
    assert (own.asks_again, own.has_identity) == (False, False)
    assert field.digits not in re.sub(r"microsecond=\d+", "", repr(own))


def test_r_a13_an_agent_sees_that_an_sms_did_not_come(field: Field) -> None:
    field.invitations.invite(AMINA, ZAWADI, NAME, "en")
    field.world.company.fault({"name": "sms.refuse", "status_code": 403})
    field.world.run_errands()
    undelivered = field.own().state
    field.world.company.fault()
    field.world.clock.advance(minutes=1)
    field.invitations.resend(AMINA, field.own().id)

    assert (undelivered, field.own().state) == ("undelivered", "sent")


def test_r_a13_an_agent_sees_the_newest_first(field: Field) -> None:
    for number in (1, 2, 3):
        field.invite(Phone(f"+25471100000{number}"))

    shown = [one.phone[-1] for one in field.invitations.of_agent(AMINA)]

    assert shown == ["3", "2", "1"]


def test_r_a13_no_identity_is_spoken_of_where_none_is_needed(
    field: Field, surgeon: Surgeon
) -> None:
    field.invite()
    surgeon.run("UPDATE invitation SET kind = %s", AGENT)

    assert field.own().has_identity is None


@pytest.mark.parametrize("over", [False, True])
def test_r_a13_who_needs_a_new_code_asks_the_agent_once_a_day(field: Field, over: bool) -> None:
    field.invite()
    if over:
        field.world.clock.advance(hours=25)
    asked = [field.invited.ask_again(ZAWADI) for _ in range(3)]
    told = field.world.sms(AMINA)
    shown = field.own().asks_again
    field.world.clock.advance(hours=24)

    assert (asked, shown) == (["asked", "before", "before"], True)
    assert told == [
        "Umoja: Zawadi N 0700000009 asks you for a new code to join. Dial *384*96# to send it."
    ]
    assert field.invited.ask_again(ZAWADI) == "asked"
    field.invitations.resend(AMINA, field.own().id)
    assert not field.own().asks_again


def test_r_a13_nobody_is_asked_where_the_organisation_invited(field: Field) -> None:
    as_organisation(field)

    asked = [field.invited.ask_again(ZAWADI) for _ in range(2)]

    assert asked == ["nobody", "nobody"]
    assert field.one("SELECT count(*) FROM message WHERE kind = 'asks-again'") == 0
    assert field.one("SELECT count(*) FROM audit WHERE action = 'invitation.asked_again'") == 1


@pytest.mark.parametrize("why", ["no agent", "blocked", "stopped our SMS"])
def test_r_a13_no_code_is_promised_where_the_agent_cannot_be_asked(field: Field, why: str) -> None:
    field.invite()
    with field.world.db.work() as work:
        if why == "no agent":
            work.run("UPDATE member SET kind = %s WHERE phone = %s", INDIVIDUAL, AMINA)
        if why == "blocked":
            work.run("UPDATE member SET status = 'BLOCKED' WHERE phone = %s", AMINA)
    if why == "stopped our SMS":
        field.services.messages.opt_out(AMINA)

    assert field.invited.ask_again(ZAWADI) == "nobody"
    assert field.one("SELECT count(*) FROM message WHERE kind = 'asks-again'") == 0


# Joining without the code


@pytest.mark.parametrize("declines", [False, True])
@pytest.mark.parametrize("done", range(4))
def test_r_a02_who_joins_without_the_code_is_the_same_row_and_nothing_special(
    field: Field, declines: bool, done: int
) -> None:
    as_organisation(field, AGENT)
    field.read()
    for one in STEPS[:done]:
        field.take(one)
    member = field.one("SELECT id FROM member WHERE phone = %s", ZAWADI)
    if declines:
        field.invited.decline(ZAWADI)
        field.invited.decline(ZAWADI)
        assert field.step() is None

    field.world.join(ZAWADI, "Zawadi Kamau", language="sw", tier=1, pin="4815")

    found = field.services.members.get(ZAWADI)
    assert (found.id, found.name, found.language) == (member, "Zawadi Kamau", "sw")
    assert field.status() == ("ACTIVE", INDIVIDUAL, 1)
    assert field.services.pins.check(ZAWADI, "4815")
    assert field.step() is None
    assert field.one("SELECT state FROM invitation") == "declined"
    assert statuses(field)[-1][3:] == ("ACTIVE", "joined without a code")
    assert field.one("SELECT count(*) FROM errand WHERE kind = 'identity'") == 0
    assert faults(field.world) == set()


def test_r_a02_who_declined_may_be_invited_again_in_the_middle_of_joining(field: Field) -> None:
    joining = field.services.joining
    field.invite()
    field.invited.decline(ZAWADI)
    joining.speak(ZAWADI, "en")
    joining.agree(ZAWADI)
    field.world.clock.advance(minutes=1)
    field.invite()

    field.take_all()

    assert field.status() == ("ACTIVE", BORROWER, 1)
    assert joining.applicant(ZAWADI) is None
    assert faults(field.world) == set()


def test_r_a02_who_had_begun_by_themselves_keeps_the_id(field: Field) -> None:
    field.services.joining.speak(ZAWADI, "en")
    begun = field.services.joining.applicant(ZAWADI)
    candidate = field.services.pins.candidate(ZAWADI, PIN)

    field.invite()
    for one in STEPS[:2]:
        field.take(one)
    field.invited.set_pin(ZAWADI, candidate)
    field.take("accept")

    assert begun
    assert field.services.members.get(ZAWADI).id == begun.id
    assert field.services.pins.check(ZAWADI, PIN)
    assert faults(field.world) == set()


def test_r_a02_an_invitation_as_an_agent_is_not_had_by_an_agents_own(field: Field) -> None:
    """Invited as an agent and never proven; what an agent then sends again makes a borrower."""
    field.invite()
    field.world.clock.advance(hours=24)
    keep_house(field.world)
    as_organisation(field, AGENT)
    field.world.clock.advance(hours=24)
    keep_house(field.world)

    field.invitations.resend(AMINA, field.own().id)
    field.read()
    field.take_all()

    assert field.status() == ("ACTIVE", BORROWER, 1)


# In person


def test_r_a13_somebody_beside_the_agent_tells_them_the_code(field: Field) -> None:
    code = field.invitations.invite_in_person(AMINA, ZAWADI, NAME, "en")
    said = field.read()

    field.services.codes.judge(code, field.digits, by=AMINA)
    had_joined = field.invitations.met(AMINA, ZAWADI, code)

    assert said == (
        f"Amina W of Umoja registers you as a borrower. Code: {field.digits}. Tell it to Amina W"
        " only if you are together. Valid 5 minutes."
    )
    assert not had_joined
    assert (field.step(), field.own().state) == ("pin", "proven")
    for one in STEPS[2:]:
        field.take(one)
    assert field.status() == ("ACTIVE", BORROWER, 1)


def test_r_a13_meeting_again_changes_nothing(field: Field, surgeon: Surgeon) -> None:
    code = field.invite_in_person()
    field.services.codes.judge(code, field.digits, by=AMINA)
    field.invitations.met(AMINA, ZAWADI, code)
    before = surgeon.snapshot()

    assert not field.invitations.met(AMINA, ZAWADI, code)
    assert surgeon.snapshot() == before


def test_r_a13_asked_for_twice_a_code_in_person_is_one(field: Field) -> None:
    code = field.invite_in_person()

    assert field.invitations.invite_in_person(AMINA, ZAWADI, NAME, "en") == code
    assert field.world.sms(ZAWADI) == []


def test_r_a13_the_name_in_the_books_is_shown_by_the_right_code_alone(field: Field) -> None:
    field.second_agent()
    code = field.invite_in_person()
    with pytest.raises(NotFound):
        field.invitations.named(AMINA, ZAWADI, code)
    field.services.codes.judge(code, field.digits, by=AMINA)

    assert field.invitations.named(AMINA, ZAWADI, code) == NAME
    for number, wrong in ((ZAWADI, code + 1), (BARAKA, code)):
        with pytest.raises(NotFound):
            field.invitations.named(AMINA, number, wrong)
    with pytest.raises(NotAllowed):
        field.invitations.named(CHEBET, ZAWADI, code)


def test_r_a13_what_the_agent_called_them_last_stands_until_it_is_proven(field: Field) -> None:
    code = field.invite_in_person()
    field.services.codes.judge(code, field.digits, by=AMINA)
    right = Name("Zawadi Wanjiku")

    assert field.invitations.invite_in_person(AMINA, ZAWADI, right, "en") == code
    assert field.invitations.named(AMINA, ZAWADI, code) == right
    field.invitations.met(AMINA, ZAWADI, code)
    field.invitations.invite(AMINA, ZAWADI, NAME, "en")
    assert field.own().name == right


def test_r_a13_a_code_in_person_that_nobody_told_ends_after_five_minutes(field: Field) -> None:
    code = field.invite_in_person()
    field.world.clock.advance(minutes=5)

    with pytest.raises(CodeGone):
        field.services.codes.judge(code, field.digits, by=AMINA)
    assert field.step() == "expired"


def test_r_a13_a_code_in_person_adds_nothing_to_and_takes_nothing_from_one_by_sms(
    field: Field,
) -> None:
    field.invite()
    by_sms = field.digits
    field.world.clock.advance(minutes=1)
    field.invite_in_person()
    field.world.clock.advance(hours=1)
    field.digits = by_sms

    field.take_all()

    assert [one.state for one in field.invitations.of_agent(AMINA)] == ["active"]


def test_r_a13_meeting_needs_the_code_told_to_this_agent(field: Field) -> None:
    field.second_agent()
    code = field.invite_in_person()

    with pytest.raises(CodeGone):
        field.invitations.met(AMINA, ZAWADI, code)
    with pytest.raises(CodeGone):
        field.services.codes.judge(code, field.digits, by=BARAKA)
    field.services.codes.judge(code, field.digits, by=AMINA)
    with pytest.raises(NotFound):
        field.invitations.met(BARAKA, ZAWADI, code)
    with pytest.raises(NotFound):
        field.invitations.met(AMINA, CHEBET, code)
    with pytest.raises(CodeGone):
        field.invited.prove(ZAWADI, code)


def test_r_c01_a_member_beside_an_agent_becomes_a_borrower(field: Field, surgeon: Surgeon) -> None:
    member = field.world.join(ZAWADI, NAME, tier=1)
    field.world.sms(ZAWADI)
    code = field.invite_in_person()
    field.services.codes.judge(code, field.digits, by=AMINA)

    assert field.invitations.met(AMINA, ZAWADI, code)
    before = surgeon.snapshot()
    assert field.invitations.met(AMINA, ZAWADI, code)

    assert surgeon.snapshot() == before
    assert field.status() == ("ACTIVE", BORROWER, 1)
    assert surgeon.rows("SELECT subject, state FROM errand WHERE kind = 'identity'") == [
        (member, "parked")
    ]
    assert surgeon.rows(
        "SELECT actor_kind, subject, details FROM audit WHERE action = 'member.kind'"
    ) == [("member", member, {"was": INDIVIDUAL, "to": BORROWER})]
    assert faults(field.world) == set()


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {INDIVIDUAL}))
def test_r_c01_nobody_else_becomes_a_borrower(field: Field, kind: str) -> None:
    field.agent(ZAWADI, NAME, kind=kind)

    with pytest.raises(Conflict):
        field.invitations.invite_in_person(AMINA, ZAWADI, NAME, "en")

    assert field.services.codes.live(ZAWADI, IN_PERSON) is None
