"""Every route by every role and by nobody, against one table."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask_security import hash_password

from tests.admin.desk import HOST, Desk
from tests.admin.matrix import CLOSED, MATRIX, STRANGERS
from ussd_app.users.permissions import Role

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SAMPLE = {"int": "999999", "path": "admin.css", "": "none"}
SIGN_OUT = "POST /sign-out"


def routes(app: Flask) -> set[str]:
    """Every method of every address, as the table writes them."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in METHODS
        if method in (rule.methods or ())
    }


def call(desk: Desk, route: str) -> tuple[int, str]:
    """The status and the place it sends to, as a path."""
    method, rule = route.split(" ", 1)
    path = re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLE[found[1] or ""], rule)
    data = {} if method == "GET" else {"csrf_token": desk.token() or desk.token("/sign-in")}
    with desk.client.open(path, method=method, base_url=HOST, data=data) as answer:
        place = (answer.location or "").removeprefix(HOST).removeprefix("/admin")
        return answer.status_code, place.partition("?")[0] or "/"


def is_let_in(desk: Desk, route: str) -> bool:
    """Whether the guard let them by; what the page then makes of an empty form is its own affair."""
    status, place = call(desk, route)
    if route == SIGN_OUT:
        return status == 302
    elsewhere = "/" if MATRIX[route] == STRANGERS else "/sign-in"
    return status != 403 and (status, place) != (302, elsewhere)


def test_r_b01_the_table_has_a_row_for_every_route_and_no_other(desk: Desk) -> None:
    assert routes(desk.app) == set(MATRIX) | CLOSED


@pytest.mark.parametrize("role", [None, *Role])
def test_r_b01_every_route_opens_to_those_of_the_table_alone(desk: Desk, role: Role | None) -> None:
    who = _signed_in(desk, role) if role else desk
    walked = [route for route in MATRIX if route != SIGN_OUT]

    let_in = {route for route in walked if is_let_in(who, route)}

    assert let_in == {route for route in walked if role in MATRIX[route]}


@pytest.mark.parametrize("role", [None, *Role])
def test_r_b01_what_the_library_has_besides_opens_to_nobody(desk: Desk, role: Role | None) -> None:
    who = _signed_in(desk, role) if role else desk

    assert {route for route in CLOSED if call(who, route)[0] != 404} == set()


def test_signing_out_is_for_whoever_is_in(desk: Desk) -> None:
    who = desk.signed_in(Role.VIEWER_PUBLIC)
    assert who.get("/").status_code == 200

    assert is_let_in(who, SIGN_OUT)

    assert who.get("/").status_code == 302


def _signed_in(desk: Desk, role: Role) -> Desk:
    """Somebody with a password too, for the pages that ask for it."""
    who = desk.signed_in(role)
    with desk.app.app_context():
        kept = hash_password("nane kijito tembo hariri")
    with desk.world.db.work() as work:
        work.run("UPDATE user_account SET password = %s WHERE id = %s", kept, who.user)
    return who
