"""Signing in and out: sessions, locks, and answers that tell strangers nothing."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from urllib.parse import urljoin

import pytest
from flask_security.utils import get_hmac
from werkzeug.test import TestResponse

from tests.admin.visitor import BETTER, EMAIL, GOOD, HOST, Visitor
from ussd_app.audit.service import THE_SYSTEM
from ussd_app.users.permissions import Role

COOKIE, DOMAIN = "staff", "127.0.0.1"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def said(answer: TestResponse) -> tuple[int, str]:
    """What a stranger sees, without what is new in each answer and what they typed themselves."""
    text = re.sub(r'(nonce|content|value)="[^"]*"', "", answer.text)
    return answer.status_code, re.sub(r"\S+@\S+", "@", text)


def test_r_d09_the_right_password_lets_in_and_the_wrong_one_does_not(visitor: Visitor) -> None:
    person = visitor.with_account()

    assert person.another().sign_in(BETTER).status_code == 200
    assert not person.is_in
    assert person.sign_in().status_code == 302
    assert person.is_in


def test_r_d09_a_cookie_copied_before_signing_out_is_dead_after_it(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.sign_in()
    cookie = person.client.get_cookie(COOKIE, domain=DOMAIN)
    assert cookie
    thief = person.another()
    thief.client.set_cookie(COOKIE, cookie.value, domain=DOMAIN)
    assert thief.is_in

    person.sign_out()

    assert not person.is_in
    assert not thief.is_in


def test_r_d09_each_signing_in_is_a_session_of_its_own(visitor: Visitor) -> None:
    person = visitor.with_account()
    sids = []
    for _ in range(2):
        person.sign_in()
        with person.client.session_transaction(base_url=HOST) as session:
            sids.append(session["sid"])
        person.sign_out()

    assert sids[0] != sids[1]


def test_r_d09_a_cookie_planted_before_signing_in_is_worth_nothing_after_it(
    visitor: Visitor,
) -> None:
    person, attacker = visitor.with_account(), visitor.another()
    attacker.get("/sign-in")
    planted = attacker.client.get_cookie(COOKIE, domain=DOMAIN)
    assert planted
    person.client.set_cookie(COOKIE, planted.value, domain=DOMAIN)

    person.sign_in()

    assert person.is_in
    assert not attacker.is_in


@pytest.mark.parametrize(("minutes", "is_in"), [(29, True), (31, False)])
def test_r_d09_an_idle_session_ends_after_half_an_hour(
    visitor: Visitor, minutes: int, is_in: bool
) -> None:
    person = visitor.with_account()
    person.sign_in()

    visitor.world.clock.advance(minutes=minutes)

    assert person.is_in == is_in


def test_r_d09_a_busy_session_ends_after_twelve_hours(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.sign_in()
    for _ in range(28):
        visitor.world.clock.advance(minutes=25)
        assert person.is_in

    visitor.world.clock.advance(minutes=21)

    assert not person.is_in


def test_r_b02_a_suspension_acts_on_the_next_request(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.sign_in()

    visitor.world.services.users.suspend(person.user, by=THE_SYSTEM, why="left")

    assert not person.is_in
    assert person.another().sign_in().status_code == 200


def test_r_b02_a_role_acts_on_the_next_request(visitor: Visitor) -> None:
    person = visitor.with_account(Role.VIEWER_PUBLIC)
    person.sign_in()

    visitor.world.services.users.assign(person.user, Role.ADMIN, by=THE_SYSTEM)

    assert person.get("/").location.endswith("/account/second-factor")


def test_r_d09_a_new_password_ends_every_other_session(visitor: Visitor) -> None:
    person = visitor.with_account()
    other = person.another()
    person.sign_in()
    other.sign_in()

    person.send(
        "/account/password", password=GOOD, new_password=BETTER, new_password_confirm=BETTER
    )

    assert person.is_in
    assert not other.is_in
    assert len(visitor.world.services.user_sessions.places(person.user)) == 1
    assert "was changed" in visitor.world.letters(EMAIL)[-1].text


def test_r_d09_changing_the_password_needs_the_one_there_is(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.sign_in()

    person.send(
        "/account/password", password=BETTER, new_password=BETTER, new_password_confirm=BETTER
    )

    assert person.another().sign_in(GOOD).status_code == 302


def test_r_d09_one_signs_out_elsewhere_from_ones_own_account(visitor: Visitor) -> None:
    person = visitor.with_account()
    other = person.another()
    other.sign_in()
    person.sign_in()
    found = re.search(r'action="(/account/places/\d+/end)"', person.get("/account").text)
    assert found

    person.post(found[1], csrf_token=person.token("/account"))

    assert person.is_in
    assert not other.is_in


def test_r_d09_nobody_signs_out_somebody_else(visitor: Visitor) -> None:
    person = visitor.with_account()
    stranger = visitor.with_account(email="mutiso@example.org")
    person.sign_in()
    stranger.sign_in(email="mutiso@example.org")
    (place,) = visitor.world.services.user_sessions.places(person.user)

    stranger.post(f"/account/places/{place.id}/end", csrf_token=stranger.token("/account"))

    assert person.is_in


def test_r_d09_an_unknown_address_a_wrong_password_and_a_lock_answer_alike(
    visitor: Visitor,
) -> None:
    person = visitor.with_account()
    suspended = visitor.with_account(email="mutiso@example.org")
    visitor.world.services.users.suspend(suspended.user, by=THE_SYSTEM, why="left")

    wrong = said(person.another().sign_in(BETTER))
    unknown = said(person.another().sign_in(email="nobody@example.org"))
    away = said(person.another().sign_in(email="mutiso@example.org"))
    lock(person)
    locked = said(person.another().sign_in(GOOD))

    assert wrong == unknown == away == locked
    assert "did not let you in" in wrong[1]


def lock(person: Visitor, *, times: int = 5) -> None:
    for _ in range(times):
        person.another().sign_in(BETTER)


def test_r_d09_five_wrong_passwords_lock_for_a_minute_and_longer_each_time(
    visitor: Visitor,
) -> None:
    person, clock = visitor.with_account(), visitor.world.clock
    lock(person)
    assert person.another().sign_in(GOOD).status_code == 200
    clock.advance(seconds=61)
    lock(person, times=1)
    clock.advance(seconds=61)

    assert person.another().sign_in(GOOD).status_code == 200
    clock.advance(seconds=61)
    assert person.another().sign_in(GOOD).status_code == 302


def test_r_d09_strangers_lock_nobody_out_for_more_than_an_hour(visitor: Visitor) -> None:
    person, clock = visitor.with_account(), visitor.world.clock
    lock(person, times=4)
    for _ in range(9):
        lock(person, times=1)
        clock.advance(minutes=61)

    assert person.sign_in(GOOD).status_code == 302


def test_r_d09_of_twenty_five_wrong_passwords_at_once_five_are_looked_at(
    visitor: Visitor,
) -> None:
    person = visitor.with_account()

    with ThreadPoolExecutor(25) as pool:
        list(pool.map(lambda _: person.another().sign_in(BETTER), range(25)))

    with visitor.world.db.reading() as reading:
        (looked,) = reading.the_row("SELECT count(*) FROM audit WHERE action = 'user.refused'")
    assert looked == 5
    assert person.column("failures") == 5


def test_r_d09_every_cookie_endpoint_refuses_a_form_without_token(visitor: Visitor) -> None:
    person = visitor.with_account(Role.SUPER_ADMIN, factor=True)
    person.sign_in(at="/sa/sign-in")
    person.send("/sign-in/code", code=person.code())
    assert person.is_in

    open_ones = []
    for rule in person.app.url_map.iter_rules():
        for method in UNSAFE & (rule.methods or set()):
            path = re.sub(r"<[^>]*>", "1", rule.rule)
            for who in (person, visitor.another()):
                answer = who.client.open(path, method=method, base_url=HOST, data={"a": "b"})
                if answer.status_code != 400:
                    open_ones.append((method, rule.rule, answer.status_code))

    assert open_ones == []
    assert person.is_in


@pytest.mark.parametrize(
    "away",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1:8000@evil.example/",
        " //evil.example",
        "/%09/evil.example",
        "\t//evil.example",
    ],
)
def test_r_d09_signing_in_leads_to_no_other_host(visitor: Visitor, away: str) -> None:
    person = visitor.with_account()
    token = person.token("/sign-in")

    answer = person.client.post(
        "/sign-in",
        base_url=HOST,
        query_string={"next": away},
        data={"csrf_token": token, "email": EMAIL, "password": GOOD, "next": away},
    )

    goes = answer.headers.get("Location", "/")
    assert not re.match(r"[\s/\\]{2}", goes)
    assert urljoin(f"{HOST}/sign-in", goes).startswith(f"{HOST}/")


def test_r_d09_signing_in_leads_where_one_wanted_to_go(visitor: Visitor) -> None:
    person = visitor.with_account()
    asked = person.client.get("/account?a=b", base_url=HOST, environ_base={"SCRIPT_NAME": ""})

    assert "next=/account?a%3Db" in asked.location or "next=%2Faccount" in asked.location
    answer = person.send("/sign-in", email=EMAIL, password=GOOD, next="/account")
    assert answer.location.endswith("/account")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/forgotten", "/static/admin.css"])
def test_r_d09_another_host_in_the_request_is_refused(visitor: Visitor, path: str) -> None:
    answer = visitor.client.get(path, base_url="http://evil.example")

    assert answer.status_code == 400
    assert "evil.example" not in answer.text


@pytest.mark.parametrize("path", ["/", "/sign-in", "/forgotten", "/account", "/nowhere"])
def test_r_d09_no_page_is_kept_by_a_browser(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).headers["Cache-Control"] == "no-store"


def test_r_d09_a_token_in_the_address_signs_nobody_in(visitor: Visitor) -> None:
    person = visitor.with_account()
    with person.app.test_request_context(base_url=HOST):
        account = person.app.extensions["security"].datastore.find_user(email=EMAIL)
        token = account.get_auth_token()

    assert person.get("/account", auth_token=token).status_code == 302
    assert person.get("/account/password", auth_token=token).status_code == 302
    assert EMAIL not in person.get("/forgotten", auth_token=token).text
    header = {"Authentication-Token": token}
    assert person.client.get("/account", base_url=HOST, headers=header).status_code == 302


def test_r_d09_only_argon2_is_a_password(visitor: Visitor) -> None:
    person = visitor.with_account()
    assert str(person.column("password")).startswith("$argon2id$v=19$")
    person.run("UPDATE user_account SET password = %s WHERE id = %s", GOOD, person.user)

    assert person.sign_in(GOOD).status_code == 200
    assert not person.is_in


def at_full_cost(visitor: Visitor) -> Visitor:
    """The same pages, hashing as they do where nothing is set."""
    return visitor.with_settings(PASSWORD_HASH_KIB="", PASSWORD_HASH_ROUNDS="")


def test_r_d09_a_password_costs_what_owasp_says_where_nothing_is_set(visitor: Visitor) -> None:
    person = at_full_cost(visitor).with_account()

    assert str(person.column("password")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_r_d09_asking_for_a_link_takes_as_long_whoever_asks(visitor: Visitor) -> None:
    person = at_full_cost(visitor).with_account()
    token = person.token("/forgotten")

    def seconds(email: str) -> float:
        began = perf_counter()
        person.post("/forgotten", csrf_token=token, email=email)
        return perf_counter() - began

    seconds("warm@example.org")
    known = min(seconds(EMAIL) for _ in range(4))
    unknown = min(seconds("nobody@example.org") for _ in range(4))

    assert 1 / 3 < known / unknown < 3


def test_r_d09_a_password_hashed_cheaper_is_hashed_anew(visitor: Visitor) -> None:
    person = at_full_cost(visitor).with_account()
    with person.app.app_context():
        context = person.app.extensions["security"].pwd_context
        cheap = context.copy(argon2__rounds=1)
        weak = cheap.hash(get_hmac(GOOD).decode())
    person.run("UPDATE user_account SET password = %s WHERE id = %s", weak, person.user)

    assert person.sign_in().status_code == 302
    assert ",t=2," in str(person.column("password"))


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "elevenchars",
        "password1234",
        "Umoja2026Umoja",
        "wambuinjoroge1",
        "aaaaaaaaaaaaaaa",
        "abcdefghijklmnop",
        "123456789012345",
        "qwertyuiop123456",
        "karibu karibu karibu",
        "P@ssw0rd2024!",
        "nairobikenya254",
        "zaq12wsxcde34",
        "x" * 129,
    ],
)
def test_r_d09_a_password_easy_to_guess_is_refused(visitor: Visitor, weak: str) -> None:
    person = visitor.with_account()
    person.sign_in()

    answer = person.send(
        "/account/password", password=GOOD, new_password=weak, new_password_confirm=weak
    )

    assert answer.status_code == 200
    assert person.another().sign_in(GOOD).status_code == 302


@pytest.mark.parametrize(
    "good", ["correct horse battery staple", "Vx9!kq2Lm#pT", "ñandú müde Öl 火"]
)
def test_r_d09_a_password_hard_to_guess_is_taken(visitor: Visitor, good: str) -> None:
    person = visitor.with_account()
    person.sign_in()
    person.send("/account/password", password=GOOD, new_password=good, new_password_confirm=good)

    assert person.another().sign_in(good).status_code == 302


def test_r_d09_what_was_signed_in_and_refused_is_in_the_audit(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.another().sign_in(BETTER)
    person.sign_in()
    person.sign_out()

    with visitor.world.db.reading() as reading:
        rows = reading.rows("SELECT action FROM audit WHERE subject = %s ORDER BY id", person.user)
    assert [action for (action,) in rows] == [
        "user.created",
        "user.refused",
        "user.signed_in",
        "user.signed_out",
    ]


def deeds_of(person: Visitor) -> list[str]:
    with person.world.db.reading() as reading:
        rows = reading.rows("SELECT action FROM audit WHERE subject = %s ORDER BY id", person.user)
    return [action for (action,) in rows]


def test_r_d09_a_lock_and_a_page_that_is_not_theirs_are_in_the_audit(visitor: Visitor) -> None:
    person = visitor.with_account()
    lock(person, times=4)
    assert "user.locked" not in deeds_of(person)
    lock(person, times=1)
    assert deeds_of(person)[-1] == "user.locked"
    visitor.world.clock.advance(minutes=5)
    person.sign_in()

    assert person.get("/staff").status_code == 403

    assert deeds_of(person)[-1] == "user.denied"


def test_r_d09_over_https_the_cookie_is_for_our_host_alone(visitor: Visitor) -> None:
    ours = visitor.with_settings(ADMIN_URL="https://staff.example.org")

    answer = ours.client.get("/sign-in", base_url="https://staff.example.org")

    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, *flags = [part.strip() for part in cookie.split(";")]
    assert name.startswith("__Host-staff=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(flags)
    assert "Domain" not in cookie
    assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_r_d09_a_link_that_confirms_is_ours_or_there_is_none(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.run("UPDATE user_account SET confirmed_at = NULL WHERE id = %s", person.user)
    person.sign_in()
    person.send("/account/email")
    link = person.link()

    made_up = said(visitor.another().get(link[:-4] + "aaaa"))
    visitor.world.clock.advance(hours=25)
    too_old = said(visitor.another().get(link))

    assert made_up == too_old
    assert made_up[0] == 404
    assert EMAIL not in made_up[1]


@pytest.mark.parametrize("path", ["/sign-in", "/sa/sign-in", "/forgotten", "/nowhere"])
def test_r_d09_whoever_cannot_get_in_reads_whom_to_call(visitor: Visitor, path: str) -> None:
    assert f"Call {visitor.world.settings.support_phone}" in visitor.get(path).text
