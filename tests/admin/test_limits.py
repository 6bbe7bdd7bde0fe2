"""How often one may try to get in, and that the answer tells nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from admin.sign_in.limits import DOORS
from tests.admin.test_sign_in import said
from tests.admin.visitor import BETTER, EMAIL, GOOD, HOST, Visitor
from tests.people import World
from ussd_app.users.permissions import Role
from ussd_app.users.turnstile import Limit

PROXY = "127.0.0.1"


def knock(visitor: Visitor, path: str, times: int, **form: str) -> list[int]:
    """Send the same form so often; what each answer's status was."""
    token = visitor.token(path)
    return [visitor.post(path, csrf_token=token, **form).status_code for _ in range(times)]


def test_r_d09_from_one_address_twenty_sign_ins_a_minute_are_looked_at(visitor: Visitor) -> None:
    token = visitor.token("/sign-in")

    def attempt(number: int) -> int:
        form = {"csrf_token": token, "email": f"p{number}@example.org", "password": BETTER}
        return visitor.post("/sign-in", **form).status_code

    statuses = [attempt(number) for number in range(22)]

    assert statuses == [200] * 20 + [429] * 2
    visitor.world.clock.advance(seconds=4)
    assert attempt(23) == 200


def test_r_d09_ten_sign_ins_in_five_minutes_are_looked_at_for_one_account(
    visitor: Visitor,
) -> None:
    visitor.with_account()

    known = knock(visitor, "/sign-in", 11, email=EMAIL, password=BETTER)
    unknown = knock(visitor.another(), "/sign-in", 9, email="nobody@example.org", password=BETTER)

    assert known == [200] * 10 + [429]
    assert unknown == [200] * 9
    capital = visitor.send("/sign-in", email=f" {EMAIL.upper()}", password=GOOD)
    assert capital.status_code == 429
    visitor.world.clock.advance(minutes=5)
    assert visitor.send("/sign-in", email=EMAIL, password=GOOD).status_code == 302


def told(visitor: Visitor, path: str, email: str) -> TestResponse:
    knock(visitor, path, 10, email=email, password=BETTER)
    return visitor.post(path, csrf_token=visitor.token(path), email=email, password=BETTER)


@pytest.mark.parametrize("path", ["/sign-in", "/sa/sign-in", "/forgotten"])
def test_r_d09_too_often_is_said_alike_of_known_and_unknown(visitor: Visitor, path: str) -> None:
    visitor.with_account()

    known = told(visitor, path, EMAIL)
    visitor.world.clock.advance(minutes=1)
    unknown = told(visitor, path, "nobody@example.org")

    assert known.status_code == unknown.status_code == 429
    assert said(known)[1][:400] == said(unknown)[1][:400]
    assert known.headers["Retry-After"].isdigit()
    assert "Wait" in known.text
    assert "seconds" in known.text
    assert known.headers["Cache-Control"] == "no-store"


def test_r_d09_whoever_waits_as_long_as_they_are_told_is_looked_at(visitor: Visitor) -> None:
    refused = told(visitor, "/sign-in", EMAIL)

    visitor.world.clock.advance(seconds=int(refused.headers["Retry-After"]))

    assert knock(visitor, "/sign-in", 1, email=EMAIL, password=BETTER) == [200]


def test_r_d09_half_way_in_on_one_account_buys_no_tries_at_another(visitor: Visitor) -> None:
    visitor.with_account()
    mine = visitor.with_account(Role.ADMIN, email="mutiso@example.org", factor=True)
    knock(visitor, "/sign-in", 10, email=EMAIL, password=BETTER)
    mine.sign_in(email="mutiso@example.org")

    form = {"csrf_token": mine.token("/sign-in/code"), "email": EMAIL, "password": BETTER}
    assert mine.post("/sign-in", **form).status_code == 429


@pytest.mark.parametrize("path", ["/sign-in/code", "/sign-in/recovery-code"])
def test_r_d09_ten_codes_in_five_minutes_are_looked_at(visitor: Visitor, path: str) -> None:
    person = visitor.with_account(Role.ADMIN, factor=True)
    person.sign_in()

    assert knock(person, path, 11, code="000000") == [200] * 10 + [429]


@pytest.mark.parametrize("path", ["/forgotten/made-up", "/invitation/made-up", "/account/email/x"])
def test_r_d09_made_up_links_are_opened_twenty_times_a_minute(visitor: Visitor, path: str) -> None:
    statuses = [visitor.get(path).status_code for _ in range(21)]

    assert statuses[19] in (302, 404)
    assert statuses[20] == 429


def test_r_d09_five_letters_an_hour_are_asked_for(visitor: Visitor) -> None:
    visitor.with_account()

    assert knock(visitor, "/forgotten", 6, email=EMAIL) == [200] * 5 + [429]


def test_r_d09_pages_of_signing_in_open_as_often_as_one_likes(visitor: Visitor) -> None:
    assert {visitor.get("/sign-in").status_code for _ in range(40)} == {200}


def test_r_d09_every_page_that_takes_a_secret_or_sends_a_letter_is_limited(
    visitor: Visitor,
) -> None:
    secret = ("/sign", "/sa/", "/forgot", "/invitation/", "/account/")
    free = {"security.logout", "account.sign_out_there", "account.sign_out_elsewhere"}
    found = {
        rule.endpoint
        for rule in visitor.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.rule.startswith(secret)
    }

    assert found - free <= set(DOORS)


def behind_a_proxy(visitor: Visitor, trusted: str) -> Visitor:
    """The same pages with that network of proxies."""
    return visitor.with_settings(TRUSTED_PROXIES=trusted)


def from_address(visitor: Visitor, told: str, number: int) -> int:
    return visitor.client.post(
        "/sign-in",
        base_url=HOST,
        headers={"X-Forwarded-For": told},
        data={
            "csrf_token": visitor.token("/sign-in"),
            "email": f"p{number}@example.org",
            "password": BETTER,
        },
    ).status_code


def test_r_d09_behind_a_proxy_of_ours_each_caller_is_counted_alone(visitor: Visitor) -> None:
    ours = behind_a_proxy(visitor, f"{PROXY}/32")
    for number in range(20):
        from_address(ours, "192.0.2.1", number)

    assert from_address(ours, "192.0.2.1", 98) == 429
    assert from_address(ours, "8.8.8.8, 192.0.2.1", 97) == 429, "the caller wrote the first"
    assert from_address(ours, "192.0.2.2", 99) == 200


def test_r_d09_what_a_stranger_writes_of_where_they_are_counts_for_nothing(
    visitor: Visitor,
) -> None:
    ours = behind_a_proxy(visitor, "10.0.0.0/8")
    for number in range(20):
        from_address(ours, f"192.0.2.{number}", number)

    assert from_address(ours, "192.0.2.99", 99) == 429


def test_r_d09_addresses_of_one_ipv6_network_are_one_caller(visitor: Visitor) -> None:
    ours = behind_a_proxy(visitor, f"{PROXY}/32")
    for number in range(20):
        from_address(ours, f"2001:db8::{number:x}", number)

    assert from_address(ours, "2001:db8::ffff", 99) == 429
    assert from_address(ours, "2001:db8:0:1::1", 98) == 200


def test_of_many_who_knock_at_once_as_many_as_may_are_let_by(world: World) -> None:
    limit = Limit(5, timedelta(minutes=5))
    turnstile = world.services.turnstile

    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: turnstile.wait("door", "who", limit), range(16)))

    assert waits.count(0) == 5
    assert all(50 <= wait <= 70 for wait in waits if wait)


def test_what_limits_nobody_any_more_is_forgotten(world: World) -> None:
    turnstile, limit = world.services.turnstile, Limit(5, timedelta(minutes=5))
    turnstile.wait("door", "one", limit)
    world.clock.advance(minutes=2)
    turnstile.wait("door", "another", limit)

    assert turnstile.forget(most=10) == 1
    assert turnstile.forget(most=10) == 0


def test_no_address_of_anybody_is_kept_to_count(world: World) -> None:
    world.services.turnstile.wait("password", EMAIL, Limit(5, timedelta(minutes=5)))

    with world.db.reading() as reading:
        kept = str(reading.rows("SELECT name, row_to_json(r) FROM rate r"))
    assert "wambui" not in kept
    assert EMAIL.encode().hex() not in kept
