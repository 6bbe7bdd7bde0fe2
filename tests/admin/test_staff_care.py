"""What the staff do about each other: invite within their own, never above, and two for a lost phone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from admin.pages.words import format_browser
from tests.admin.authenticator import Authenticator, KeyRing
from tests.admin.desk import HOST, Desk
from tests.admin.visitor import EMAIL, GOOD, Visitor
from tests.users.office import ACHIENG, PASSWORD, Office
from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.errors import Conflict, NotAllowed
from ussd_app.office import factor_reset
from ussd_app.users.permissions import INVITES, PERMISSIONS, Role


@pytest.fixture
def boss(desk: Desk) -> Desk:
    return desk.signed_in(Role.SUPER_ADMIN, name="Chebet Koech")


# Inviting


def test_r_c02_an_originator_admin_invites_by_email_whoever_may_less(desk: Desk) -> None:
    originator = desk.signed_in(Role.ORIGINATOR_ADMIN)
    assert "/staff/invitations" in originator.get("/").text
    page = originator.get("/staff/invitations").text
    assert 'value="investor"' in page
    assert 'value="enroller"' not in page

    originator.post("/staff/invitations", email=ACHIENG, role="investor")

    token, code = Office(desk.world).opened()
    answers = {"email": ACHIENG, "code": code, "name": "Achieng Otieno", "password": PASSWORD}
    path = f"/invitation/{token}"
    assert desk.post(path, token=desk.token(path), **answers).status_code == 302
    assert originator.get("/staff").status_code == 403


@pytest.mark.parametrize("role", ["enroller", "originator_admin", "admin", "super_admin"])
def test_r_c02_an_originator_admin_gives_no_role_that_may_more(desk: Desk, role: str) -> None:
    originator = desk.signed_in(Role.ORIGINATOR_ADMIN)

    answer = originator.post("/staff/invitations", email=ACHIENG, role=role)

    assert answer.status_code == 409
    assert desk.world.letters(ACHIENG) == []


@pytest.mark.parametrize("role", [role for role in INVITES if role is not Role.SUPER_ADMIN])
def test_r_c02_whom_one_invites_may_less_than_oneself(role: Role) -> None:
    assert INVITES[role]
    assert all(PERMISSIONS[theirs] < PERMISSIONS[role] for theirs in INVITES[role])


def test_r_c02_an_originator_admin_sees_and_ends_their_own_invitations_alone(
    desk: Desk, boss: Desk
) -> None:
    originator = desk.signed_in(Role.ORIGINATOR_ADMIN)
    boss.post("/staff/invitations", email="mutiso@example.org", role="investor")
    originator.post("/staff/invitations", email=ACHIENG, role="investor")
    page = originator.get("/staff/invitations").text
    assert ("mutiso@" in page, ACHIENG in page) == (False, True)

    assert originator.post("/staff/invitations/1/withdraw").status_code == 409

    assert "mutiso@" in boss.get("/staff/invitations").text
    assert originator.post("/staff/invitations/2/withdraw").status_code == 302


@pytest.mark.parametrize(
    ("language", "subject", "month"),
    [("", "Umoja invites you", "March"), ("sw", "Umoja inakualika", "Machi")],
)
def test_r_c02_letters_speak_the_language_asked_for_and_say_until_when(
    desk: Desk, boss: Desk, language: str, subject: str, month: str
) -> None:
    then = datetime(2027, 3, 20, 7, 15, 20, tzinfo=UTC)
    desk.world.clock.advance(seconds=(then - desk.world.clock.now()).total_seconds())
    boss = desk.signed_in(Role.SUPER_ADMIN, email="second@example.org")
    boss.post("/staff/invitations", email=ACHIENG, role="investor", language=language)

    link, code = desk.world.letters(ACHIENG)

    assert link.subject == subject
    assert f"22 {month} 2027, 10:15" in link.text
    assert f"22 {month} 2027, 10:15" in code.text


# Roles and suspension


@pytest.mark.parametrize("deed", ["role", "suspend", "restore"])
def test_r_b01_nobody_rules_over_whoever_is_not_below_them(desk: Desk, deed: str) -> None:
    admin, boss = desk.signed_in(Role.ADMIN), desk.signed_in(Role.SUPER_ADMIN)
    other = desk.signed_in(Role.ADMIN, email="second@example.org")
    desk.signed_in(Role.SUPER_ADMIN, email="third@example.org")
    users = desk.world.services.users
    by = users.get(admin.user).actor

    deeds: dict[str, Callable[[int], bool]] = {
        "role": lambda user: users.assign(user, Role.VIEWER_PUBLIC, by=by),
        "suspend": lambda user: users.suspend(user, by=by, why="quarrel"),
        "restore": lambda user: users.restore(user, by=by, why="quarrel"),
    }

    for user in (boss.user, other.user):
        with pytest.raises(NotAllowed):
            deeds[deed](user)


def test_r_b01_nobody_is_raised_above_who_raises_them(desk: Desk) -> None:
    admin, viewer = desk.signed_in(Role.ADMIN), desk.signed_in(Role.VIEWER_PUBLIC)
    users = desk.world.services.users
    by = users.get(admin.user).actor

    assert users.assign(viewer.user, Role.ENROLLER, by=by)
    for role in (Role.ADMIN, Role.SUPER_ADMIN, Role.ORIGINATOR_ADMIN):
        with pytest.raises(NotAllowed):
            users.assign(viewer.user, role, by=by)


def test_r_c06_whoever_is_suspended_decides_nothing_any_more(desk: Desk, boss: Desk) -> None:
    second = desk.signed_in(Role.SUPER_ADMIN, email="second@example.org")
    users = desk.world.services.users
    by = users.get(second.user).actor
    users.suspend(second.user, by=users.get(boss.user).actor, why="left")

    with pytest.raises(NotAllowed):
        users.suspend(boss.user, by=by, why="quarrel")


# Lost factors


@pytest.fixture
def lost(visitor: Visitor) -> Visitor:
    """An enroller with an app, a passkey and codes, signed in at a browser."""
    person = visitor.with_account(Role.ENROLLER, factor=True)
    person.sign_in()
    person.send("/sign-in/code", code=person.code())
    KeyRing(person).add(Authenticator())
    assert person.is_in
    return person


def asked(boss: Desk, user: int) -> tuple[int, str]:
    """A reset that waits: its number and what its checker has seen."""
    answer = boss.post(f"/staff/{user}/factors", why="telephone fell into the lake")
    assert answer.status_code == 302
    (one,) = boss.world.services.approvals.waiting()
    return one.id, one.hash


def approve(desk: Desk, number: int, seen: str) -> None:
    desk.post(f"/approvals/{number}/approve", seen=seen)


def test_r_c06_lost_factors_are_taken_off_once_a_second_person_agrees(
    lost: Visitor, desk: Desk, boss: Desk
) -> None:
    admin = desk.signed_in(Role.ADMIN)
    number, seen = asked(boss, lost.user)
    approve(boss, number, seen)
    assert lost.is_in, "one person is not enough"
    assert "Wambui Njoroge" in admin.get("/approvals").text

    approve(admin, number, seen)

    assert lost.world.services.passkeys.of(lost.user) == []
    assert lost.world.services.factors.codes_left(lost.user) == 0
    assert lost.column("factor") is lost.column("totp_secret") is None
    assert "taken off" in lost.world.letters(EMAIL)[-1].subject
    assert not lost.is_in


def test_r_c06_after_it_the_password_alone_sets_up_no_factor(
    lost: Visitor, desk: Desk, boss: Desk
) -> None:
    approve(desk.signed_in(Role.ADMIN), *asked(boss, lost.user))
    other = lost.another()
    other.sign_in()

    assert other.get("/account/second-factor").location.endswith("/account/email")
    assert other.get("/account/passkeys").location.endswith("/account/email")
    other.send("/account/email")
    other.send(other.link())
    assert other.get("/").location.endswith("/account/second-factor")


def test_r_c06_nobody_takes_off_their_own_factors(lost: Visitor, desk: Desk, boss: Desk) -> None:
    assert boss.post(f"/staff/{boss.user}/factors", why="lost it").status_code == 409
    lost.run("UPDATE staff_role SET role = 'admin' WHERE user_id = %s", lost.user)
    number, seen = asked(boss, lost.user)

    by = desk.world.services.users.get(lost.user).actor
    with pytest.raises(NotAllowed):
        desk.world.services.approvals.approve(number, seen=seen, by=by)

    assert lost.is_in


def test_r_c06_only_who_rules_the_staff_asks_for_it(lost: Visitor, desk: Desk) -> None:
    admin = desk.signed_in(Role.ADMIN)

    assert admin.post(f"/staff/{lost.user}/factors", why="lost it").status_code == 403
    with pytest.raises(NotAllowed):
        desk.world.services.approvals.ask(
            factor_reset.KIND,
            {"user": lost.user},
            by=desk.world.services.users.get(admin.user).actor,
            why="lost it",
        )


def test_whoever_has_no_factor_has_none_taken_off(desk: Desk, boss: Desk, visitor: Visitor) -> None:
    viewer = visitor.with_account(Role.VIEWER_PUBLIC)

    answer = boss.post(f"/staff/{viewer.user}/factors", why="lost it")

    assert (answer.status_code, "no second factor" in answer.text) == (409, True)


def test_r_c06_of_many_approvals_at_once_one_takes_them_off(
    lost: Visitor, desk: Desk, boss: Desk
) -> None:
    admins = [desk.signed_in(Role.ADMIN, email=f"a{n}@example.org") for n in range(5)]
    number, seen = asked(boss, lost.user)
    users, approvals = desk.world.services.users, desk.world.services.approvals

    def attempt(admin: Desk) -> bool:
        try:
            return approvals.approve(number, seen=seen, by=users.get(admin.user).actor)
        except Conflict:
            return False

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(attempt, admins)) == 1
    subjects = [one.subject for one in lost.world.letters(EMAIL)]
    assert len([one for one in subjects if "taken off" in one]) == 1


# What each has done


def test_r_b01_a_persons_page_counts_what_they_did_in_thirty_days(
    lost: Visitor, desk: Desk, boss: Desk
) -> None:
    admin = desk.signed_in(Role.ADMIN)
    approve(admin, *asked(boss, lost.user))
    book = desk.world.services.staff_book

    made, decided = book.totals(boss.user), book.totals(admin.user)

    assert (made.asked, made.decided, made.sign_ins) == (1, 0, 1)
    assert (decided.asked, decided.decided, decided.writes) == (0, 1, 2)
    page = boss.client.get(f"/staff/{admin.user}", base_url=HOST).text
    assert "Decided as second person" in page
    desk.world.clock.advance(days=31)
    assert book.totals(boss.user).asked == 0
    assert GOOD not in page


def test_r_b14_every_kind_of_look_counts_as_one(desk: Desk) -> None:
    admin, services = desk.signed_in(Role.ADMIN), desk.world.services
    looks = ("member.revealed", "call.revealed", "message.revealed", "calls.exported")
    with desk.world.db.work() as work:
        for look in looks:
            by, now = Actor("staff", admin.user, "web"), desk.world.clock.now()
            audit.record(work, by, look, subject=("member", 1), at=now)

    totals = services.staff_book.totals(admin.user)

    assert (totals.looks, totals.writes) == (len(looks), 0)


@pytest.mark.parametrize(
    ("told", "called"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit Chrome/153.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:146.0) Firefox/146.0", "Firefox, Android"),
        ("a test", "a test"),
    ],
)
def test_a_browser_is_called_as_people_call_it(told: str, called: str) -> None:
    assert format_browser(told) == called
