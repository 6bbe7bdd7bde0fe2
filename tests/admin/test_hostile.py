"""Whatever is sent to whichever page: a page for people comes back, never a bug, never elsewhere."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from inspect import getsource
from urllib.parse import quote_from_bytes

import pytest
from flask import Flask
from werkzeug.wrappers import Response

from tests.admin.desk import HOST, Desk
from tests.people import AMINA, BARAKA
from ussd_app.office.log_filter import CallFilter, SmsFilter
from ussd_app.office.people_filter import PeopleFilter
from ussd_app.office.transaction_filter import TransactionFilter
from ussd_app.users.permissions import Role

HOSTILE = (
    b"",
    b"\x00",
    b"Wan\x00jiru",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # half of a surrogate pair
    "\u202eotieno\u2066".encode(),
    "١٢٣".encode(),
    "²".encode(),
    "𝟙𝟚".encode(),
    "\U0001f4a9".encode() * 80,
    b"9" * 30,
    b"9" * 18,
    b"9" * 5000,
    b"-1",
    b"0",
    b"1,1",
    b"1e9",
    b"NaN",
    b"0001-01-01",
    b"9999-12-31",
    b"2026-02-30",
    b"2026-11-22.99999999999999999999",
    b"2026-11-22T00:00:00.000000_1",
    b"//evil.example",
    b"https:evil.example",
    b"\\\\evil.example",
    b"javascript:alert(1)",
    b"<script>alert(1)</script>",
    b"{{7*7}}%(x)s{0}%s",
    b"=HYPERLINK(1)",
    b"a\r\nX-Evil: 1",
    b"' OR 1=1 --",
    b"*" * 200,
    b"a word of reason",
    b"0711222333",
    b"1",
    b"x" * 3000,
)
NAMES = re.compile(r'(?:(?:form|args|typed)(?:\.get\(|\[)|_(?:number|day)\(args\.get\()"([a-z_]+)"')
FINE = {
    "kind": b"individual",
    "language": b"sw",
    "why": b"a word of reason",
    "role": b"viewer_public",
    "words": b"Come and see us",
    "answer": b"We called them",
    "key": b"0" * 32,
    "name": b"Zawadi",
    "phone": b"0711222333",
    "member": b"1",
    "tag": b"farmers",
    "email": b"zawadi@example.org",
}
LISTS: Mapping[str, Sequence[str]] = {
    "/people": PeopleFilter.names(),
    "/transactions": TransactionFilter.names(),
    "/sessions": CallFilter.names(),
    "/messages": SmsFilter.names(),
}
"""What a list can be asked; a name that it does not know is refused at once."""
WHO = (b"1", b"2", b"3", b"999999", b"9223372036854775807")
WORDS = ("none", "0000000", "ZZZZZZZ", "%00", "%FF", "%E2%80%AE", "..%2f..%2fetc", "a%0d%0ab")
SEED, ROUNDS = 20, 2


@cache
def fields(module: str) -> Sequence[str]:
    """Every name that a page of this module reads."""
    found = NAMES.findall(getsource(import_module(module)))
    return sorted({*found, "why"} - {"csrf_token"})


def sent(dice: random.Random, names: Sequence[str], fine: Mapping[str, bytes]) -> str:
    """What is fine, but for some names with something hostile."""
    spoilt = {
        name: dice.choice(HOSTILE)
        for name in dice.sample(names, k=min(len(names), dice.randint(1, 2)))
    }
    return "&".join(f"{name}={quote_from_bytes(was)}" for name, was in {**fine, **spoilt}.items())


def addresses(app: Flask, dice: random.Random) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Every method of every address, with something in its places, and the names it reads."""
    for rule in app.url_map.iter_rules():
        for method in sorted({"GET", "POST"} & set(rule.methods or ())):
            if rule.rule != "/sign-out":
                path = re.sub(r"<int:\w+>", lambda _: dice.choice(WHO).decode(), rule.rule)
                path = re.sub(r"<[^>]*>", lambda _: dice.choice(WORDS), path)
                names = LISTS.get(path.removesuffix("/export"))
                yield method, path, names or fields(app.view_functions[rule.endpoint].__module__)


def fault(answer: Response) -> str:
    """What is wrong with an answer, if anything."""
    place = answer.location or "/"
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if not place.startswith("/") or place.startswith(("//", "/\\")):
        return f"leads to {place}"
    if "X-Evil" in answer.headers or "frame-ancestors 'none'" not in answer.headers.get(
        "Content-Security-Policy", ""
    ):
        return "headers"
    is_page = answer.mimetype == "text/html" and answer.status_code not in (301, 302, 303, 308)
    if is_page and b"<h1" not in answer.data and b"<html" in answer.data:
        return "no page for people"
    if b"<script>alert" in answer.data:
        return "a script of others"
    return ""


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Two members, and others of the staff before whoever comes: nobody does it to themselves."""
    assert (desk.world.join(AMINA, "Amina Otieno"), desk.world.join(BARAKA, "Baraka Mwangi")) == (
        1,
        2,
    )
    for earlier in range(len(WHO)):
        desk.signed_in(Role.ENROLLER, email=f"{earlier}@example.org")
    return desk


@pytest.mark.parametrize("role", [None, Role.VIEWER_PUBLIC, Role.SUPER_ADMIN])
def test_r_b14_whatever_is_sent_a_page_for_people_comes_back(desk: Desk, role: Role | None) -> None:
    dice, found = random.Random(SEED), {}
    who = desk.signed_in(role) if role else desk

    for method, path, read in [one for _ in range(ROUNDS) for one in addresses(desk.app, dice)]:
        token = who.token() or who.token("/sign-in")
        form = {} if path.endswith("/export") else FINE
        with who.client.open(
            f"{path}?{sent(dice, [*read, 'after'], {})}" if method == "GET" else path,
            method=method,
            base_url=HOST,
            data=f"csrf_token={token}&{sent(dice, read, form)}" if method == "POST" else None,
            content_type="application/x-www-form-urlencoded",
        ) as answer:
            if wrong := fault(answer):
                found[f"{method} {path}"] = wrong

    assert found == {}


def test_r_b14_no_field_takes_a_letter_that_no_table_keeps(desk: Desk) -> None:
    who = desk.signed_in(Role.SUPER_ADMIN)
    token, taken = who.token(), set()

    for method, path, read in addresses(desk.app, random.Random(SEED)):
        there = re.sub(r"^/people/\d+", "/people/1", path)
        for name in read if method == "POST" else ():
            form = {"csrf_token": token, **FINE, name: b"a\0b"}
            if who.client.post(there, base_url=HOST, data=form).status_code >= 500:
                taken.add((there, name))

    assert taken == set()
