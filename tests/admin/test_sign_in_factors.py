"""Second factors, and what a lost password or telephone does to them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.admin.test_sign_in import said
from tests.admin.visitor import BETTER, EMAIL, GOOD, HOST, Visitor
from ussd_app.audit.service import THE_SYSTEM
from ussd_app.users import letters
from ussd_app.users.permissions import Role

CODE = "/sign-in/code"
PAPER = "/sign-in/recovery-code"


def half_way(visitor: Visitor) -> Visitor:
    """Somebody whose password was right, and who is asked for a code."""
    person = visitor.with_account(Role.ADMIN, factor=True)
    assert person.sign_in().location.startswith(CODE)
    return person


def test_r_d09_the_password_alone_lets_nobody_in_who_has_a_factor(visitor: Visitor) -> None:
    person = half_way(visitor)

    assert not person.is_in
    assert person.send(CODE, code=person.code()).status_code == 302
    assert person.is_in


@pytest.mark.parametrize(
    ("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_r_d09_a_code_is_good_for_one_step_either_way(
    visitor: Visitor, steps: int, is_good: bool
) -> None:
    person = half_way(visitor)
    clock = visitor.world.clock
    clock.advance(seconds=35 - clock.now().timestamp() % 30)  # early in a step: it must not end

    person.send(CODE, code=person.code(steps=steps))

    assert person.is_in == is_good


def test_r_d09_a_code_works_once(visitor: Visitor) -> None:
    person = half_way(visitor)
    code, earlier = person.code(), person.code(steps=-1)
    person.send(CODE, code=code)
    other = person.another()
    other.sign_in()

    other.send(CODE, code=code)
    assert not other.is_in
    other.send(CODE, code=earlier)
    assert not other.is_in
    other.send(CODE, code=person.code(steps=1))
    assert other.is_in


def test_r_d09_of_two_who_use_one_code_at_once_one_gets_in(visitor: Visitor) -> None:
    person = half_way(visitor)
    both = (person, person.another())
    both[1].sign_in()
    code = person.code()
    tokens = [one.token(CODE) for one in both]

    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda pair: pair[0].post(CODE, csrf_token=pair[1], code=code),
                zip(both, tokens, strict=True),
            )
        )

    assert sum(one.is_in for one in both) == 1


def test_r_d09_wrong_codes_are_limited_and_the_password_does_not_forgive_them(
    visitor: Visitor,
) -> None:
    person = half_way(visitor)
    for _ in range(5):
        other = person.another()
        other.sign_in()
        other.send(CODE, code="000000")

    person.send(CODE, code=person.code())
    assert not person.is_in
    assert person.another().sign_in().status_code == 200
    visitor.world.clock.advance(seconds=61)
    person.send(CODE, code=person.code())
    assert person.is_in


def test_r_d09_of_many_wrong_codes_at_once_five_are_looked_at(visitor: Visitor) -> None:
    person = half_way(visitor)
    others = [person.another() for _ in range(12)]
    for other in others:
        other.sign_in()
    tokens = [other.token(CODE) for other in others]

    with ThreadPoolExecutor(12) as pool:
        list(
            pool.map(
                lambda pair: pair[0].post(CODE, csrf_token=pair[1], code="000000"),
                zip(others, tokens, strict=True),
            )
        )

    with visitor.world.db.reading() as reading:
        (looked,) = reading.the_row("SELECT count(*) FROM audit WHERE action = 'user.refused'")
    assert looked == 5


def test_r_d09_half_a_sign_in_is_forgotten_after_ten_minutes(visitor: Visitor) -> None:
    person = half_way(visitor)
    token = person.token(CODE)
    visitor.world.clock.advance(minutes=11)

    person.post(CODE, csrf_token=token, code=person.code())

    assert not person.is_in


def test_r_d09_who_is_suspended_half_way_does_not_get_in(visitor: Visitor) -> None:
    person = half_way(visitor)
    visitor.world.services.users.suspend(person.user, by=THE_SYSTEM, why="left")

    person.send(CODE, code=person.code())

    assert not person.is_in


def codes_of(person: Visitor) -> list[str]:
    """New recovery codes, as the account's page makes them."""
    page = person.send("/account/recovery-codes", password=GOOD).text
    return re.findall(r"<li><code>([^<]+)</code>", page)


def test_r_d09_a_recovery_code_lets_in_once(visitor: Visitor) -> None:
    person = half_way(visitor)
    person.send(CODE, code=person.code())
    codes = codes_of(person)
    assert len(codes) == 8
    for code, gets_in in ((codes[0], True), (codes[0], False), (codes[1].upper(), True)):
        other = person.another()
        other.sign_in()

        other.send(PAPER, code=code)

        assert other.is_in == gets_in


def test_r_d09_of_twenty_who_use_one_recovery_code_at_once_one_gets_in(visitor: Visitor) -> None:
    person = half_way(visitor)
    factors = visitor.world.services.factors
    (code, *_) = factors.make_codes(person.user)

    with ThreadPoolExecutor(20) as pool:
        spent = list(pool.map(lambda _: factors.spend_code(person.user, code), range(20)))

    assert sum(spent) == 1
    assert factors.codes_left(person.user) == 7


def test_r_d09_of_four_at_once_with_one_recovery_code_one_is_signed_in(visitor: Visitor) -> None:
    person = half_way(visitor)
    (code, *_) = visitor.world.services.factors.make_codes(person.user)
    others = [person.another() for _ in range(4)]
    for other in others:
        other.sign_in()
    tokens = [other.token(PAPER) for other in others]

    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda pair: pair[0].post(PAPER, csrf_token=pair[1], code=code),
                zip(others, tokens, strict=True),
            )
        )

    assert sum(other.is_in for other in others) == 1


def test_r_d09_recovery_codes_cannot_be_read_from_the_tables(visitor: Visitor) -> None:
    person = half_way(visitor)
    person.send(CODE, code=person.code())
    codes = codes_of(person)

    with visitor.world.db.reading() as reading:
        stored = str(reading.rows("SELECT mac, row_to_json(c) FROM recovery_code c"))
        told = str(reading.rows("SELECT details FROM audit"))
    assert not [code for code in codes if code in stored + told]
    assert not [code for code in codes if code.replace("-", "") in stored + told]


def test_r_d09_new_recovery_codes_end_the_old_and_need_the_password(visitor: Visitor) -> None:
    person = half_way(visitor)
    person.send(CODE, code=person.code())
    old = codes_of(person)
    refused = person.send("/account/recovery-codes", password=BETTER)
    assert "<li><code>" not in refused.text
    assert codes_of(person)

    other = person.another()
    other.sign_in()
    other.send(PAPER, code=old[0])
    assert not other.is_in


def test_r_d09_wrong_recovery_codes_are_limited(visitor: Visitor) -> None:
    person = half_way(visitor)
    for _ in range(5):
        person.send(PAPER, code="0000-0000-0000-0000")

    person.send(CODE, code=person.code())

    assert not person.is_in


def test_r_d09_another_telephone_needs_the_password_and_ends_other_sessions(
    visitor: Visitor,
) -> None:
    person = half_way(visitor)
    person.send(CODE, code=person.code())
    visitor.world.clock.advance(seconds=60)
    other = person.another()
    other.sign_in()
    other.send(CODE, code=person.code())
    visitor.world.clock.advance(seconds=60)
    shown = re.search(r"<code>([^<]+)</code>", person.get("/account/second-factor").text)
    assert shown
    person.key = shown[1].replace("-", "")

    person.send("/account/second-factor", password=BETTER, code=person.code())
    assert len(visitor.world.services.user_sessions.places(person.user)) == 2
    person.send("/account/second-factor", password=GOOD, code=person.code())

    assert not other.is_in
    assert person.is_in
    assert "the app that was just set up" in visitor.world.letters(EMAIL)[-1].text


def test_r_d09_the_key_that_one_saw_at_a_browser_is_not_the_next_ones(visitor: Visitor) -> None:
    person = visitor.with_account()
    visitor.with_account(email="mutiso@example.org")
    person.sign_in(email="mutiso@example.org")
    seen = re.findall(r"<code>([^<]+)</code>", person.get("/account/second-factor").text)
    with person.client.session_transaction(base_url=HOST) as session:
        planted = session["telephone"]
    person.sign_out()
    with person.client.session_transaction(base_url=HOST) as session:
        assert "telephone" not in session
        session["telephone"] = planted

    person.sign_in()

    shown = re.findall(r"<code>([^<]+)</code>", person.get("/account/second-factor").text)
    assert len(seen) == len(shown) == 1
    assert seen != shown


def test_r_d09_the_key_of_a_telephone_is_sealed_in_the_table(visitor: Visitor) -> None:
    person = visitor.with_account(Role.ADMIN, factor=True)

    assert person.key not in str(person.column("totp_secret"))
    assert "enckey" in str(person.column("totp_secret"))


def test_r_d09_a_link_sets_a_new_password_once_and_lets_nobody_in(visitor: Visitor) -> None:
    person = visitor.with_account(Role.ADMIN, factor=True)
    person.send("/forgotten", email=EMAIL)
    link = person.link()
    other = person.another()

    answer = other.send(link, password=BETTER, password_confirm=BETTER)

    assert answer.location.endswith("/sign-in")
    assert not other.is_in
    assert other.sign_in(BETTER).location.startswith(CODE), "the second factor was forgotten"
    assert not other.is_in
    again = person.another()
    assert again.get(link).location.endswith("/forgotten")
    again.post(link, csrf_token=again.token("/sign-in"), password=GOOD, password_confirm=GOOD)
    assert person.another().sign_in(GOOD).status_code == 200


@pytest.mark.parametrize(("minutes", "works"), [(59, True), (61, False)])
def test_r_d09_a_link_works_for_an_hour(visitor: Visitor, minutes: int, works: bool) -> None:
    person = visitor.with_account()
    person.send("/forgotten", email=EMAIL)
    link = person.link()
    visitor.world.clock.advance(minutes=minutes)

    assert (person.get(link).status_code == 200) == works


def test_r_d09_a_link_ends_sessions_and_a_lock(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.sign_in()
    for _ in range(5):
        person.another().sign_in(BETTER)
    other = person.another()
    other.send("/forgotten", email=EMAIL)

    other.send(other.link(), password=BETTER, password_confirm=BETTER)

    assert not person.is_in
    assert other.sign_in(BETTER).status_code == 302


def test_r_d09_asking_for_a_link_tells_nothing_of_who_has_an_account(visitor: Visitor) -> None:
    person = visitor.with_account()
    suspended = visitor.with_account(email="mutiso@example.org")
    visitor.world.services.users.suspend(suspended.user, by=THE_SYSTEM, why="left")

    known = said(person.another().send("/forgotten", email=EMAIL))
    unknown = said(person.another().send("/forgotten", email="nobody@example.org"))
    away = said(person.another().send("/forgotten", email="mutiso@example.org"))

    assert known == unknown == away
    assert visitor.world.letters("nobody@example.org") == []
    assert visitor.world.letters("mutiso@example.org") == []


def test_r_d09_every_letter_about_an_account_says_whom_to_call(visitor: Visitor) -> None:
    drafts = [one for one in vars(letters).values() if isinstance(one, letters.Draft)]
    assert len(drafts) >= 7
    assert [one.kind for one in drafts if "Call {support}." not in one.text] == []
    visitor.with_account().send("/forgotten", email=EMAIL)

    (told,) = visitor.world.letters(EMAIL)

    assert f"Call {visitor.world.settings.support_phone}." in told.text


def test_r_d09_a_mailbox_is_not_flooded_with_links(visitor: Visitor) -> None:
    person = visitor.with_account()
    token = person.token("/forgotten")
    for _ in range(5):
        person.post("/forgotten", csrf_token=token, email=EMAIL)

    assert len(visitor.world.letters(EMAIL)) <= 2


def test_r_d09_no_secret_of_signing_in_is_in_a_table_in_clear(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.send("/forgotten", email=EMAIL)
    token = person.link().rsplit("/", 1)[1]

    with visitor.world.db.reading() as reading:
        kept = str(reading.rows("SELECT row_to_json(l) FROM letter l"))
        kept += str(reading.rows("SELECT row_to_json(a) FROM audit a"))
    assert token not in kept
    assert GOOD not in kept
