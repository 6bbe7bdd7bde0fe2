"""Every route by every role and by nobody, against one table."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.admin.desk import HOST, Desk
from tests.admin.matrix import MATRIX
from ussd_app.users.permissions import Role

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SAMPLE = {"int": "999999", "path": "admin.css", "": "none"}


def routes(app: Flask) -> set[str]:
    """Every method of every address that leads to a view of ours, as the table writes them."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in METHODS
        if method in (rule.methods or ())
    }


def outcome(answer: TestResponse) -> str:
    """What the guard made of it: 'in', 'asked to sign in', 'shown the first page' or 'refused'."""
    if answer.status_code == 403:
        return "refused"
    place = answer.location or ""
    if answer.status_code == 302 and "/sign-in?next" in place + "?next" and "/sa/" not in place:
        return "asked to sign in"
    if answer.status_code == 302 and place.rstrip("/") in ("", "/admin", HOST):
        return "shown the first page"
    return "in"


def call(desk: Desk, route: str) -> TestResponse:
    method, rule = route.split(" ", 1)
    path = re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLE[found[1] or ""], rule)
    data = {} if method == "GET" else {"csrf_token": desk.token()}
    return desk.client.open(path, method=method, base_url=HOST, data=data)


def test_r_b01_the_table_has_a_row_for_every_route_and_no_other(desk: Desk) -> None:
    assert routes(desk.app) - CLOSED == set(MATRIX)


CLOSED: set[str] = set()


@pytest.mark.parametrize("role", [None, *Role])
def test_r_b01_every_route_opens_to_those_of_the_table_alone(desk: Desk, role: Role | None) -> None:
    who = desk.signed_in(role) if role else desk

    told = {}
    for route, allowed in MATRIX.items():
        told[route] = (outcome(call(who, route)), role in allowed)
        if role and route == "POST /sign-out":
            who = desk.signed_in(role, email="again@example.org")

    wrong = {route: seen for route, (seen, is_open) in told.items() if (seen == "in") != is_open}
    assert wrong == {}
