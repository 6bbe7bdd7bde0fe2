"""The pages of the staff: who sees them, and what they do to others at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.admin.desk import HOST, Desk
from tests.users.office import ACHIENG, PASSWORD, Office
from ussd_app.errors import NotAllowed
from ussd_app.users.permissions import Role


@pytest.fixture
def boss(desk: Desk) -> Desk:
    return desk.signed_in(Role.SUPER_ADMIN, name="Chebet Koech")


def invited(boss: Desk, role: Role = Role.ENROLLER) -> tuple[str, str]:
    """The link's path and the code of somebody just invited on the page."""
    assert boss.post("/staff/invitations", email=ACHIENG, role=role).status_code == 302
    token, code = Office(boss.world).opened()
    return f"/invitation/{token}", code


def answers(code: str, **others: str) -> dict[str, str]:
    return {
        "email": ACHIENG,
        "code": code,
        "name": "Achieng Otieno",
        "password": PASSWORD,
        **others,
    }


# Joining


@pytest.mark.parametrize("role", [Role.ORIGINATOR_ADMIN, Role.INVESTOR, Role.ENROLLER])
def test_r_c04_whoever_is_invited_accepts_by_both_letters_and_signs_in(
    desk: Desk, boss: Desk, role: Role
) -> None:
    path, code = invited(boss, role)
    assert "Umoja invites you" in desk.get(path).text
    token = desk.token(path)

    accepted = desk.post(path, token=token, **answers(code))

    assert (accepted.status_code, accepted.location.endswith("/sign-in")) == (302, True)
    came = desk.post("/sign-in", token=desk.token("/sign-in"), email=ACHIENG, password=PASSWORD)
    assert came.status_code == 302
    found = desk.client.get("/", base_url=HOST, follow_redirects=True)
    assert "/sign-in" not in found.request.path
    assert "Achieng Otieno" in found.text or "second" in found.text


def test_r_b01_nobody_registers_without_an_invitation(desk: Desk) -> None:
    assert desk.get("/register").status_code == 404
    assert desk.get("/invitation/made-up").status_code == 404


def test_wrong_answers_are_told_with_the_tries_left_and_the_end_of_them(
    desk: Desk, boss: Desk
) -> None:
    path, code = invited(boss)
    token = desk.token(path)
    for left in (4, 3, 2, 1, 0):
        told = desk.post(path, token=token, **answers(code, email="boss@example.org"))
        assert (told.status_code, f"Tries left: {left}." in told.text) == (422, True)

    over = desk.post(path, token=token, **answers(code))

    assert (over.status_code, "This invitation is over" in over.text) == (404, True)
    assert desk.get(path).status_code == 404


@pytest.mark.parametrize("password", ["short", "achieng otieno", "passwordpassword"])
def test_a_password_that_is_easy_to_guess_is_refused_and_costs_no_try(
    desk: Desk, boss: Desk, password: str
) -> None:
    path, code = invited(boss)

    told = desk.post(path, token=desk.token(path), **answers(code, password=password))

    assert told.status_code == 422
    assert password not in told.text
    assert Office(desk.world).rows("SELECT tries FROM staff_invitation") == [(0,)]


def test_opening_the_link_uses_nothing_up(desk: Desk, boss: Desk) -> None:
    path, code = invited(boss)
    for _ in range(10):
        assert desk.get(path).status_code == 200

    assert desk.post(path, token=desk.token(path), **answers(code)).status_code == 302


def test_the_name_of_the_invited_runs_nowhere(desk: Desk, boss: Desk) -> None:
    path, code = invited(boss)
    name = "<script>alert(1)</script>"
    assert desk.post(path, token=desk.token(path), **answers(code, name=name)).status_code == 302

    assert "<script>alert" not in boss.get("/staff").text


# The list, and inviting


def test_an_empty_list_of_invitations_says_what_comes_next(boss: Desk) -> None:
    assert "gets two letters" in boss.get("/staff/invitations").text


def test_r_b01_an_admin_is_offered_no_role_above_their_own(desk: Desk) -> None:
    admin = desk.signed_in(Role.ADMIN)

    page = admin.get("/staff/invitations").text

    assert 'value="enroller"' in page
    assert 'value="admin"' not in page
    assert admin.post("/staff/invitations", email=ACHIENG, role="super_admin").status_code == 409
    assert desk.world.letters(ACHIENG) == []


@pytest.mark.parametrize("role", ["", "king"])
def test_a_role_that_is_none_is_refused(boss: Desk, role: str) -> None:
    assert boss.post("/staff/invitations", email=ACHIENG, role=role).status_code == 400


def test_an_address_that_is_none_is_told_beside_what_was_typed(boss: Desk) -> None:
    told = boss.post("/staff/invitations", email="achieng@", role="enroller")

    assert (told.status_code, "no e-mail address" in told.text) == (422, True)
    assert 'value="achieng@"' in told.text


def test_whoever_works_here_is_not_invited(boss: Desk) -> None:
    told = boss.post("/staff/invitations", email="super_admin@example.org", role="enroller")

    assert (told.status_code, "works here already" in told.text) == (409, True)


def test_an_invitation_is_sent_again_and_withdrawn(boss: Desk) -> None:
    path, _ = invited(boss)
    assert ACHIENG in boss.get("/staff/invitations").text
    boss.post("/staff/invitations/1/again")
    assert len(boss.world.letters(ACHIENG)) == 2, "not within a minute"
    boss.world.clock.advance(minutes=2)
    boss.post("/staff/invitations/1/again")
    assert len(boss.world.letters(ACHIENG)) == 4

    boss.post("/staff/invitations/1/withdraw")

    assert ACHIENG not in boss.get("/staff/invitations").text
    assert boss.get(path).status_code == 404


# Managing


def test_r_c06_who_is_suspended_is_out_at_the_next_click_and_in_again_when_restored(
    desk: Desk, boss: Desk
) -> None:
    other = desk.signed_in(Role.ENROLLER)
    assert other.get("/").status_code == 200

    boss.post(f"/staff/{other.user}/suspend", why="left the organisation")

    assert other.get("/").status_code == 302
    assert ">suspended<" in boss.get(f"/staff/{other.user}").text
    boss.post(f"/staff/{other.user}/restore", why="came back")
    assert other.get("/").status_code == 302, "they sign in anew"
    assert ">suspended<" not in boss.get(f"/staff/{other.user}").text


def test_r_c06_another_role_counts_from_the_next_click_on(desk: Desk, boss: Desk) -> None:
    other = desk.signed_in(Role.ADMIN)
    assert other.get("/staff").status_code == 200

    boss.post(f"/staff/{other.user}/role", role="viewer_public")

    assert other.get("/staff").status_code == 403


def test_a_reason_is_asked(desk: Desk, boss: Desk) -> None:
    other = desk.signed_in(Role.ENROLLER)

    for why in ("", "x", "call 0712345678"):
        assert boss.post(f"/staff/{other.user}/suspend", why=why).status_code == 422
    assert other.get("/").status_code == 200


def test_their_sessions_end_when_told_so(desk: Desk, boss: Desk) -> None:
    other = desk.signed_in(Role.ENROLLER)
    assert "a test" in boss.get(f"/staff/{other.user}").text

    boss.post(f"/staff/{other.user}/sign-out")

    assert other.get("/").status_code == 302
    signed_out = """
        SELECT actor FROM audit WHERE action = 'user.signed_out' AND subject = %s
    """
    assert Office(desk.world).rows(signed_out, other.user) == [(boss.user,)]


def test_what_each_has_done_is_counted(desk: Desk, boss: Desk) -> None:
    invited(boss)

    page = boss.get(f"/staff/{boss.user}").text

    assert "invited somebody to the staff" in page
    told = boss.world.services.staff_book.deeds(boss.user)
    assert ("user.invited", 1, 1) in [(one.action, one.lately, one.ever) for one in told]
    boss.world.clock.advance(hours=31 * 24)
    told = boss.world.services.staff_book.deeds(boss.user)
    assert ("user.invited", 0, 1) in [(one.action, one.lately, one.ever) for one in told]


def test_nobody_changes_or_suspends_themselves(desk: Desk, boss: Desk) -> None:
    desk.signed_in(Role.SUPER_ADMIN, email="second@example.org")

    assert boss.post(f"/staff/{boss.user}/role", role="admin").status_code == 409
    assert boss.post(f"/staff/{boss.user}/suspend", why="tired of it").status_code == 409
    assert boss.get("/staff").status_code == 200


def test_somebody_who_is_not_there_is_not_found(boss: Desk) -> None:
    assert boss.get("/staff/4711").status_code == 404
    assert boss.post("/staff/4711/role", role="admin").status_code == 404


@pytest.mark.parametrize("deed", ["role", "suspend"])
def test_r_b01_of_two_super_admins_who_remove_each_other_one_stays(
    desk: Desk, boss: Desk, deed: str
) -> None:
    second = desk.signed_in(Role.SUPER_ADMIN, email="second@example.org")
    users = desk.world.services.users
    for _ in range(10):
        start = Barrier(2)

        def remove(one: Desk, other: Desk, start: Barrier = start) -> bool:
            by = users.get(one.user).actor
            start.wait()
            try:
                if deed == "role":
                    return users.assign(other.user, Role.ADMIN, by=by)
                return users.suspend(other.user, by=by, why="quarrel")
            except NotAllowed:
                return False

        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(remove, (boss, second), (second, boss)))

        assert sorted(outcomes) == [False, True]
        with desk.world.db.work() as work:
            work.run("UPDATE staff_role SET role = 'super_admin'")
            work.run("UPDATE user_account SET status = 'ACTIVE'")


def test_without_its_token_no_form_does_anything(desk: Desk, boss: Desk) -> None:
    other = desk.signed_in(Role.ENROLLER)

    answer = boss.client.post(f"/staff/{other.user}/role", base_url=HOST, data={"role": "admin"})

    assert answer.status_code == 400
    assert desk.world.services.users.get(other.user).role is Role.ENROLLER
