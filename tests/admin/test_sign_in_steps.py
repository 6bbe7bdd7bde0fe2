"""From the shell to the first page: the super admin's way, and that there is no other."""

from __future__ import annotations

import re

import pytest

from admin.guard import STEPS
from tests.admin.visitor import BETTER, EMAIL, GOOD, Visitor
from tests.members.shell import run
from tests.people import World
from ussd_app.users.permissions import Role

SUPER = "/sa/sign-in"


def bootstrap(world: World) -> str:
    """Make the super admin as an operator does; the first password."""
    told = run(world, "staff", "bootstrap", "--email", EMAIL)
    assert told.exit_code == 0, told.output
    found = re.search(r"password +(\S+)", told.output)
    return found[1] if found else ""


def with_first_password(visitor: Visitor) -> Visitor:
    first = bootstrap(visitor.world)
    visitor.sign_in(first, at=SUPER)
    visitor.key = first
    return visitor


def test_r_b01_the_shell_makes_one_super_admin_and_tells_the_password_once(world: World) -> None:
    first = bootstrap(world)
    again = run(world, "staff", "bootstrap", "--email", "other@example.org")

    assert len(first) > 20
    assert again.exit_code == 0
    assert "nothing changed" in again.output
    assert "password" not in again.output


def test_r_b01_a_super_admin_walks_all_steps_to_the_first_page(visitor: Visitor) -> None:
    first = bootstrap(visitor.world)
    assert visitor.sign_in(first, at=SUPER).location.endswith("/")
    assert visitor.get("/").location.endswith("/account/password")

    changed = visitor.send(
        "/account/password", password=first, new_password=GOOD, new_password_confirm=GOOD
    )
    assert changed.status_code == 302
    assert visitor.get("/").location.endswith("/account/email")

    visitor.send("/account/email")
    link = visitor.link()
    visitor.get(link)
    assert visitor.get("/").location.endswith("/account/email"), "a GET confirmed"
    visitor.another().send(link)
    assert visitor.get("/").location.endswith("/account/second-factor")

    page = visitor.get("/account/second-factor").text
    assert 'src="data:image/svg+xml;base64,' in page
    shown = re.search(r"<code>([^<]+)</code>", page)
    assert shown
    visitor.key = shown[1].replace("-", "")
    assert visitor.send("/account/second-factor", code=visitor.code()).status_code == 302
    assert visitor.get("/").location.endswith("/account/recovery-codes")

    codes = re.findall(r"<li><code>([^<]+)</code>", visitor.send("/account/recovery-codes").text)
    assert len(codes) == 8
    assert visitor.get("/").status_code == 200
    assert codes[0] not in visitor.get("/account/recovery-codes").text


def test_r_b01_the_first_password_is_dead_once_it_was_changed(visitor: Visitor) -> None:
    first = with_first_password(visitor).key
    visitor.send("/account/password", password=first, new_password=GOOD, new_password_confirm=GOOD)

    assert visitor.another().sign_in(first, at=SUPER).status_code == 200
    assert visitor.another().sign_in(GOOD, at=SUPER).status_code == 302


def test_r_b01_the_first_password_works_for_a_day(visitor: Visitor) -> None:
    first = bootstrap(visitor.world)
    visitor.world.clock.advance(hours=23, minutes=59)
    assert visitor.another().sign_in(first, at=SUPER).status_code == 302
    visitor.world.clock.advance(minutes=2)

    assert visitor.another().sign_in(first, at=SUPER).status_code == 200


@pytest.mark.parametrize(("role", "page"), [(Role.SUPER_ADMIN, "/sign-in"), (Role.ADMIN, SUPER)])
def test_r_b01_each_page_refuses_the_others_like_a_wrong_password(
    visitor: Visitor, role: Role, page: str
) -> None:
    visitor.with_account(role)

    right, wrong = visitor.sign_in(GOOD, at=page), visitor.sign_in(BETTER, at=page)

    assert right.status_code == wrong.status_code == 200
    assert without_tokens(right.text) == without_tokens(wrong.text)


@pytest.mark.parametrize("step", STEPS)
def test_r_b01_until_the_steps_are_done_every_page_leads_to_the_present_one(
    visitor: Visitor, step: str
) -> None:
    person = visitor.with_account(Role.ADMIN)
    undone = {
        "password": "must_change = true",
        "email": "confirmed_at = NULL",
        "factor": "factor = NULL",
        "codes": "factor = 'authenticator'",
    }
    person.sign_in()
    person.run(f"UPDATE user_account SET {undone[step]} WHERE id = %s", person.user)

    astray = {}
    for rule in person.app.url_map.iter_rules():
        if rule.endpoint in ("static", "security.logout", *STEPS[step]):
            continue
        path = re.sub(r"<[^>]*int[^>]*>", "1", rule.rule)
        answer = person.get(re.sub(r"<[^>]*>", "x", path))
        goes = answer.headers.get("Location", "")
        if answer.status_code not in (404, 405) and STEP_PATHS[step] not in goes:
            astray[rule.rule] = answer.status_code, goes

    assert astray == {}
    assert person.get("/").location.endswith(STEP_PATHS[step])


STEP_PATHS = {
    "password": "/account/password",
    "email": "/account/email",
    "factor": "/account/second-factor",
    "codes": "/account/recovery-codes",
}


def without_tokens(page: str) -> str:
    return re.sub(r'(nonce|content|value)="[^"]*"', "", page)


def test_r_b01_nobody_can_register(visitor: Visitor) -> None:
    paths = [rule.rule for rule in visitor.app.url_map.iter_rules()]

    assert not [path for path in paths if "register" in path]
    assert visitor.get("/register").status_code == 404


@pytest.mark.parametrize(
    "path", ["/tf-rescue", "/tf-setup", "/mf-recovery-codes", "/tf-select", "/verify", "/confirm"]
)
def test_r_d09_ways_of_the_library_around_a_factor_are_shut(visitor: Visitor, path: str) -> None:
    person = visitor.with_account(Role.ADMIN, factor=True)
    person.sign_in()

    assert person.get(path).status_code == 404
    token = person.token("/sign-in/code")
    assert person.post(path, csrf_token=token, help_setup="email").status_code == 404
