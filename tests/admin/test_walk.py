"""Every page that can be opened, by everybody, with something there and with nothing: never a bug."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.authenticator import Authenticator, KeyRing
from tests.admin.desk import HOST, Desk
from tests.admin.visitor import EMAIL, Visitor
from tests.people import AMINA, BARAKA, PIN
from ussd_app.users.permissions import Role

IDS = ("1", "2", "999999", "0", "99999999999999999999")
QUERIES = ("", "?q=a&next=//evil.example&page=x&before=-1&after=%00&number=1", "?q=%ff&next=%ff")


def addresses(app: Flask) -> Iterator[str]:
    """Every address that a GET may be sent to."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        for one in IDS if "<int" in rule.rule else IDS[:1]:
            path = re.sub(r"<int:\w+>", one, rule.rule)
            yield re.sub(r"<[^>]*>", "none", path)


def bugs(app: Flask, client: FlaskClient) -> dict[str, int]:
    """What answers with a bug, and how."""
    found = {}
    for path in addresses(app):
        for query in QUERIES:
            with client.get(path + query, base_url=HOST) as answer:
                if answer.status_code >= 500:
                    found[path + query] = answer.status_code
    return found


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """Pages with somebody and something on them."""
    world = desk.world
    amina, baraka = world.join(AMINA, "Amina Otieno"), world.join(BARAKA, "Baraka Mwangi")
    assert (amina, baraka) == (1, 2)
    assert PIN
    return desk


@pytest.mark.parametrize("role", [None, *Role])
def test_no_page_answers_anybody_with_a_bug(busy: Desk, role: Role | None) -> None:
    who = busy.signed_in(role) if role else busy

    assert bugs(who.app, who.client) == {}


@pytest.mark.parametrize("has_passkey", [False, True])
def test_no_page_answers_whoever_is_half_way_in_with_a_bug(
    visitor: Visitor, has_passkey: bool
) -> None:
    person = visitor.with_account(Role.ADMIN, factor=True)
    if has_passkey:
        person.sign_in()
        person.send("/sign-in/code", code=person.code())
        KeyRing(person).add(Authenticator())
    other = person.another()
    other.sign_in()

    assert bugs(other.app, other.client) == {}


def test_whoever_has_no_password_is_led_to_one(desk: Desk) -> None:
    who = desk.signed_in(Role.ADMIN, email=EMAIL)

    answer = who.client.get("/account/password", base_url=HOST, follow_redirects=True)

    assert answer.request.path == "/forgotten"
    assert "You have no password yet" in answer.text
    posted = who.post("/account/password", token=who.token(), password="", new_password="x")
    assert posted.status_code == 302
    who.post("/account/second-factor", token=who.token(), password="", code="000000")
    assert who.post("/account/passkeys", password="", name="x").status_code == 200
