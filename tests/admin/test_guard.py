"""Who may open which page."""

from __future__ import annotations

import pytest

from admin.guard import lock_of
from tests.admin.desk import Desk
from ussd_app.users.permissions import Role


def test_every_page_says_who_may_open_it(desk: Desk) -> None:
    silent = [name for name in desk.app.view_functions if lock_of(desk.app, name) is None]

    assert silent == []


@pytest.mark.parametrize("role", Role)
def test_whoever_is_signed_in_sees_the_first_page(desk: Desk, role: Role) -> None:
    answer = desk.signed_in(role).get("/")

    assert answer.status_code == 200
    assert "Wambui Njoroge" in answer.text


def test_who_is_not_signed_in_is_asked_to(desk: Desk) -> None:
    answer = desk.get("/")

    assert answer.status_code == 302
    assert answer.location.startswith("/admin/sign-in") or answer.location.startswith("/sign-in")
