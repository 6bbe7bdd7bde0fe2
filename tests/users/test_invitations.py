"""Invitations to sign up: who may send them, and that none opens to anybody else, or twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.people import World
from tests.users.office import ACHIENG, PASSWORD, Office
from ussd_app.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, TooMany
from ussd_app.users.accepting import PasswordWeak, WrongAnswers
from ussd_app.users.invitations import Over
from ussd_app.users.permissions import INVITES, Role
from ussd_app.users.service import Staff

Hire = Callable[..., Staff]


@pytest.fixture
def boss(hire: Hire) -> Staff:
    return hire(Role.SUPER_ADMIN)


@pytest.mark.parametrize("role", [Role.ORIGINATOR_ADMIN, Role.INVESTOR, Role.ENROLLER, Role.ADMIN])
def test_r_c04_link_code_and_new_password_make_a_user_with_that_role(
    office: Office, boss: Staff, role: Role
) -> None:
    office.invitations.invite("Achieng@Example.org ", role, by=boss)

    user = office.accept(*office.opened(), email=" ACHIENG@example.org")

    made = office.world.services.users.get(user)
    assert (made.name, made.email, made.role, made.language) == (
        "Achieng Otieno", ACHIENG, role, "sw",
    )  # fmt: skip
    assert (made.is_confirmed, made.must_change) == (True, False)
    assert office.rows("SELECT status, password FROM user_account WHERE id = %s", user) == [
        ("ACTIVE", f"hash of {len(PASSWORD)} letters")
    ]


def test_r_c02_link_and_code_come_in_two_letters(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)

    first, second = office.world.letters(ACHIENG)
    token, code = office.opened()

    assert (token in first.text, code in first.text) == (True, False)
    assert (token in second.text, code in second.text) == (False, True)
    assert first.subject == "Umoja invites you"
    assert len(token) >= 43  # 256 bits


def test_r_c02_neither_link_nor_code_is_kept(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    token, code = office.opened()

    kept = str(office.rows("SELECT * FROM staff_invitation"))
    kept += str(office.rows("SELECT * FROM letter")) + str(office.rows("SELECT * FROM audit"))

    assert token not in kept
    assert f"{code}" not in str(office.rows("SELECT body, sealed FROM letter"))
    assert office.rows("SELECT count(*) FROM staff_invitation WHERE length(token) = 32") == [(1,)]


@pytest.mark.parametrize("inviter", Role)
def test_r_b01_nobody_invites_above_themselves(office: Office, hire: Hire, inviter: Role) -> None:
    by = hire(inviter)
    theirs = INVITES.get(inviter, frozenset())
    for role in Role:
        address = f"new-{role}".replace("_", "-") + "@example.org"
        if role in theirs:
            assert office.invitations.invite(address, role, by=by)
        else:
            with pytest.raises(NotAllowed):
                office.invitations.invite(address, role, by=by)

    assert len(office.invitations.waiting(by)) == len(theirs)


def test_an_invitation_works_once(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    token, code = office.opened()
    office.accept(token, code)

    with pytest.raises(Over):
        office.accept(token, code)
    assert office.invitations.waiting(boss) == []
    assert office.rows("SELECT email, state FROM staff_invitation") == [(None, "accepted")]


def test_of_ten_who_accept_at_once_one_becomes_a_user(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    token, code = office.opened()
    start = Barrier(10)

    def accept(number: int) -> bool:
        start.wait()
        try:
            office.accept(token, code, name=f"Achieng {'abcdefghij'[number]}")
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(accept, range(10))) == 1
    assert office.rows("SELECT count(*) FROM user_account WHERE email = %s", ACHIENG) == [(1,)]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_after_five_wrong_answers_the_right_one_is_too_late(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    token, code = office.opened()
    left = []
    for answers in ((wrong(code), ACHIENG), (code, "boss@example.org"), *[("", ACHIENG)] * 3):
        with pytest.raises(WrongAnswers) as refused:
            office.accept(token, answers[0], email=answers[1])
        left.append(refused.value.tries_left)

    with pytest.raises(Over):
        office.accept(token, code)
    assert left == [4, 3, 2, 1, 0]
    assert [one.is_over for one in office.invitations.waiting(boss)] == [True]
    misses = "SELECT count(*) FROM audit WHERE action = 'user.invitation_missed'"
    assert office.rows(misses) == [(5,)]


def test_twenty_guesses_at_once_are_five(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    token, code = office.opened()
    start = Barrier(20)

    def guess(_: int) -> str:
        start.wait()
        try:
            office.accept(token, wrong(code))
        except (WrongAnswers, Over) as refused:
            return type(refused).__name__
        return "in"

    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(guess, range(20)))
    assert (outcomes.count("WrongAnswers"), outcomes.count("Over")) == (5, 15)


def test_a_weak_password_or_no_name_costs_no_try(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    token, code = office.opened()

    with pytest.raises(PasswordWeak, match="weak"):
        office.accept(token, code, password="weak")
    for name in ("", " ", "x" * 61, "Achieng\x00"):
        with pytest.raises(Invalid):
            office.accept(token, code, name=name)

    assert office.rows("SELECT tries FROM staff_invitation") == [(0,)]


def test_an_invitation_ends_after_two_days(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    token, code = office.opened()
    office.world.clock.advance(hours=47.9)
    assert office.accepting.role_of(token) is Role.ENROLLER

    office.world.clock.advance(hours=0.2)

    with pytest.raises(Over):
        office.accept(token, code)
    with pytest.raises(Over):
        office.accepting.role_of(token)
    assert office.invitations.invite(ACHIENG, Role.ADMIN, by=boss)  # and may be asked anew
    assert office.accept(*office.opened())


def test_a_withdrawn_invitation_opens_to_nobody(office: Office, boss: Staff) -> None:
    invitation = office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    token, code = office.opened()

    done = [office.invitations.withdraw(invitation, by=boss) for _ in range(2)]

    assert done == [True, False]
    with pytest.raises(Over):
        office.accept(token, code)
    with pytest.raises(Over):
        office.invitations.resend(invitation, by=boss)


def test_letters_sent_again_void_those_before(office: Office, boss: Staff) -> None:
    invitation = office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    first = office.opened()
    with pytest.raises(WrongAnswers):
        office.accept(first[0], wrong(first[1]))
    with pytest.raises(TooMany):
        office.invitations.resend(invitation, by=boss)
    office.world.clock.advance(hours=47)

    office.invitations.resend(invitation, by=boss)

    second = office.opened()
    with pytest.raises(Over):
        office.accept(*first)
    assert office.rows("SELECT tries FROM staff_invitation") == [(0,)]
    office.world.clock.advance(hours=47)
    assert office.accept(*second)
    assert len(office.world.letters(ACHIENG)) == 4


def test_to_invite_the_same_again_writes_nothing_more(office: Office, boss: Staff) -> None:
    first, again = (office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss) for _ in range(2))

    assert first == again
    assert len(office.world.letters(ACHIENG)) == 2
    with pytest.raises(Conflict):
        office.invitations.invite(ACHIENG, Role.ADMIN, by=boss)


def test_a_user_is_not_invited(office: Office, boss: Staff, hire: Hire) -> None:
    hire(Role.ENROLLER, ACHIENG)

    with pytest.raises(Conflict):
        office.invitations.invite(ACHIENG.upper(), Role.ENROLLER, by=boss)


@pytest.mark.parametrize(
    "typed",
    ["", "achieng", "a@b", "a@b..org", "a b@example.org", "a@example.org\nBcc: b@example.org",
     "<a@example.org>", "ä@example.org", "a@example.org,b@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused(office: Office, boss: Staff, typed: str) -> None:
    with pytest.raises(Invalid):
        office.invitations.invite(typed, Role.ENROLLER, by=boss)


def test_r_c06_an_invitation_falls_with_whoever_made_it(
    office: Office, boss: Staff, hire: Hire
) -> None:
    admin = hire(Role.ADMIN)
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=admin)
    opened = office.opened()

    office.world.services.users.suspend(admin.id, by=boss.actor, why="left")

    with pytest.raises(Over):
        office.accept(*opened)
    assert office.rows("SELECT count(*) FROM user_account WHERE email = %s", ACHIENG) == [(0,)]


def test_an_admin_neither_resends_nor_withdraws_what_is_above_them(
    office: Office, boss: Staff, hire: Hire
) -> None:
    admin = hire(Role.ADMIN)
    invitation = office.invitations.invite(ACHIENG, Role.SUPER_ADMIN, by=boss)
    office.world.clock.advance(hours=1)

    with pytest.raises(NotAllowed):
        office.invitations.resend(invitation, by=admin)
    with pytest.raises(NotAllowed):
        office.invitations.withdraw(invitation, by=admin)


def test_a_made_up_link_opens_nothing(office: Office, boss: Staff) -> None:
    office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)

    for token in ("", "x", "x" * 43, "\ud800"):
        with pytest.raises(NotFound):
            office.accepting.role_of(token)


def test_of_an_invitation_the_audit_knows_ids_and_the_role(
    world: World, office: Office, boss: Staff
) -> None:
    invitation = office.invitations.invite(ACHIENG, Role.ENROLLER, by=boss)
    user = office.accept(*office.opened())

    told = office.rows(
        """
        SELECT action, actor_kind, actor, details FROM audit
        WHERE subject_kind = 'staff_invitation' AND subject = %s ORDER BY id
        """,
        invitation,
    )
    assert told == [
        ("user.invited", "staff", boss.id, {"role": "enroller"}),
        ("user.invitation_accepted", "staff", user, None),
    ]
    whole = str(office.rows("SELECT * FROM audit"))
    assert "chieng" not in whole
