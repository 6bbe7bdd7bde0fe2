"""Passkeys as second factors: whose they are, what they sign, and that nothing of it works twice."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.admin.authenticator import Authenticator, KeyRing
from tests.admin.visitor import BETTER, EMAIL, GOOD, HOST, Visitor
from ussd_app.users.permissions import Role

STEP = "/sign-in/passkey"
MINE = "/account/passkeys"


@pytest.fixture
def person(visitor: Visitor) -> Visitor:
    """An admin with an app that shows codes, signed in."""
    made = visitor.with_account(Role.ADMIN, factor=True)
    made.sign_in()
    made.send("/sign-in/code", code=made.code())
    assert made.is_in
    return made


@pytest.fixture
def key(person: Visitor) -> Authenticator:
    """A passkey of theirs."""
    made = Authenticator()
    assert "telephone" in KeyRing(person).add(made)
    return made


def half_way(person: Visitor, *, email: str = EMAIL) -> Visitor:
    """The same person at another browser, asked for a passkey."""
    other = person.another()
    assert other.sign_in(email=email).location.startswith(STEP)
    return other


def actions(person: Visitor) -> list[str]:
    with person.world.db.reading() as reading:
        rows = reading.rows("SELECT action FROM audit WHERE subject = %s ORDER BY id", person.user)
    return [action for (action,) in rows]


def test_r_d09_a_passkey_is_asked_after_the_password_and_lets_in(
    person: Visitor, key: Authenticator
) -> None:
    other = half_way(person)
    before = other.is_in

    KeyRing(other).use(key)

    assert (before, other.is_in) == (False, True)
    assert "Last used" in other.get(MINE).text
    assert "user.passkey_added" in actions(person)
    assert "passkey was added" in person.world.letters(EMAIL)[-1].subject


def test_r_d09_a_passkey_without_a_password_lets_nobody_in(
    person: Visitor, key: Authenticator
) -> None:
    stranger = person.another()

    assert stranger.get(STEP).location.endswith("/sign-in")
    answer = stranger.client.post(
        f"{STEP}/options",
        base_url=HOST,
        headers={"X-CSRFToken": stranger.token("/sign-in")},
    )
    assert answer.status_code == 400
    stranger.post(
        STEP, csrf_token=stranger.token("/sign-in"), credential=key.signed({"challenge": "AA"})
    )
    assert not stranger.is_in


def test_r_d09_what_a_passkey_signed_works_once(person: Visitor, key: Authenticator) -> None:
    other = half_way(person)
    answer = key.signed(KeyRing(other).options())
    KeyRing(other).answer(answer)
    assert other.is_in
    thief = half_way(person)

    KeyRing(thief).answer(answer)
    asked = KeyRing(thief).options()
    KeyRing(thief).answer(answer)

    assert asked["challenge"] not in answer
    assert not thief.is_in


def test_r_d09_one_answer_sent_twice_at_once_lets_in_once(
    person: Visitor, key: Authenticator
) -> None:
    key.count = -1  # a passkey that does not count, as most of telephones do not
    both = [half_way(person), half_way(person)]
    tokens = [one.token(STEP) for one in both]
    answer = key.signed(KeyRing(both[0]).options())

    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda pair: pair[0].post(STEP, csrf_token=pair[1], credential=answer),
                zip(both, tokens, strict=True),
            )
        )

    assert sum(one.is_in for one in both) == 1


def test_r_d09_a_question_that_nobody_asked_is_not_answered(
    person: Visitor, key: Authenticator
) -> None:
    other = half_way(person)

    KeyRing(other).use(key, challenge="c29tZXRoaW5nIGVsc2U")

    assert not other.is_in


def test_r_d09_a_question_is_answered_within_minutes(person: Visitor, key: Authenticator) -> None:
    other = half_way(person)
    answer = key.signed(KeyRing(other).options())
    person.world.clock.advance(minutes=6)

    KeyRing(other).answer(answer)

    assert not other.is_in


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"address": "evil.example"},
        {"is_verified": False},
        {"count": -1},
    ],
)
def test_r_d09_a_passkey_of_another_place_unverified_or_copied_is_refused(
    person: Visitor, key: Authenticator, wrong: dict[str, object]
) -> None:
    key.count = 5
    KeyRing(half_way(person)).use(key)
    other = half_way(person)
    for name, value in wrong.items():
        setattr(key, name, value)

    KeyRing(other).use(key)

    assert not other.is_in
    assert "user.refused" in actions(person)


def test_r_d09_a_passkey_that_counted_on_is_not_believed_when_it_counts_less(
    person: Visitor, key: Authenticator
) -> None:
    key.count = 41
    first = half_way(person)
    KeyRing(first).use(key)
    assert first.is_in
    key.count = 20
    other = half_way(person)

    KeyRing(other).use(key)

    assert not other.is_in


def test_r_d09_of_two_who_count_alike_at_once_one_is_believed(
    person: Visitor, key: Authenticator
) -> None:
    passkeys = person.world.services.passkeys
    (kept,) = passkeys.of(person.user)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: passkeys.used(kept, 7), range(4))) == 1
    assert not passkeys.used(kept, 0)
    person.run("UPDATE passkey SET sign_count = 0")
    assert passkeys.used(kept, 0), "most telephones do not count"


def test_r_d09_somebody_elses_passkey_lets_neither_in(
    visitor: Visitor, person: Visitor, key: Authenticator
) -> None:
    mutiso = visitor.with_account(Role.ADMIN, email="mutiso@example.org", factor=True)
    mutiso.sign_in(email="mutiso@example.org")
    mutiso.send("/sign-in/code", code=mutiso.code())
    KeyRing(mutiso).add(Authenticator())
    other = half_way(mutiso, email="mutiso@example.org")

    KeyRing(other).use(key)

    assert not other.is_in
    assert len(person.world.services.user_sessions.places(person.user)) == 1


def test_r_d09_wrong_passkeys_are_limited_with_wrong_passwords(
    person: Visitor, key: Authenticator
) -> None:
    other = half_way(person)
    for _ in range(5):
        KeyRing(other).use(key, challenge="c29tZXRoaW5nIGVsc2U")

    KeyRing(other).use(key)
    locked = not other.is_in
    person.world.clock.advance(seconds=61)
    KeyRing(other).use(key)

    assert (locked, other.is_in) == (True, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"address": "evil.example"},
        {"is_verified": False},
    ],
)
def test_r_d09_a_passkey_made_elsewhere_or_unverified_is_not_added(
    person: Visitor, wrong: dict[str, object]
) -> None:
    assert "bad key" not in KeyRing(person).add(Authenticator(**wrong), name="bad key")  # type: ignore[arg-type]


def test_r_d09_adding_a_passkey_needs_the_password_and_ends_other_sessions(
    person: Visitor,
) -> None:
    person.world.clock.advance(seconds=60)
    other = person.another()
    other.sign_in()
    other.send("/sign-in/code", code=person.code())
    assert "my key" not in KeyRing(person).add(Authenticator(), name="my key", password=BETTER)
    assert other.is_in

    assert "my key" in KeyRing(person).add(Authenticator(), name="my key")

    assert (other.is_in, person.is_in) == (False, True)


def test_r_d09_a_passkey_and_a_name_are_added_once(person: Visitor, key: Authenticator) -> None:
    ring = KeyRing(person)
    ring.add(key, name="again")
    ring.add(Authenticator(), name="Telephone")
    ring.add(Authenticator(), name=" ")
    ring.add(Authenticator(), name="x" * 41)

    assert [one.name for one in person.world.services.passkeys.of(person.user)] == ["telephone"]


def test_r_d09_nobody_has_more_than_ten_passkeys(person: Visitor) -> None:
    for number in range(11):
        person.world.clock.advance(minutes=1)
        KeyRing(person).add(Authenticator(), name=f"key {number}")

    assert len(person.world.services.passkeys.of(person.user)) == 10


def remove(person: Visitor, key: int = 0, *, password: str = GOOD) -> int:
    whose = key or person.world.services.passkeys.of(person.user)[0].id
    form = {"csrf_token": person.token(MINE), "password": password}
    return person.post(f"{MINE}/{whose}/remove", **form).status_code


def test_r_d09_a_removed_passkey_lets_nobody_in(person: Visitor, key: Authenticator) -> None:
    assert remove(person, password=BETTER) == 200
    other = half_way(person)

    assert remove(person) == 302

    other.post(STEP, csrf_token=other.token("/sign-in"), credential=key.signed({"challenge": "AA"}))
    assert not other.is_in
    assert person.another().sign_in().location.startswith("/sign-in/code")
    assert "was removed" in person.world.letters(EMAIL)[-1].subject


def test_r_d09_nobody_removes_somebody_elses_passkey(
    visitor: Visitor, person: Visitor, key: Authenticator
) -> None:
    stranger = visitor.with_account(email="mutiso@example.org")
    stranger.sign_in(email="mutiso@example.org")
    (kept,) = person.world.services.passkeys.of(person.user)

    assert remove(stranger, kept.id) == 404
    assert person.world.services.passkeys.of(person.user) == [kept]


def without_app(person: Visitor) -> str:
    form = {"csrf_token": person.token("/account"), "password": GOOD}
    return person.client.post(
        "/account/second-factor/remove", base_url=HOST, data=form, follow_redirects=True
    ).text


def test_r_d09_the_last_second_factor_of_a_role_that_needs_one_stays(
    person: Visitor, key: Authenticator
) -> None:
    assert "No app is asked" in without_app(person)

    assert remove(person) == 409

    assert len(person.world.services.passkeys.of(person.user)) == 1
    KeyRing(person).add(Authenticator(), name="spare")
    assert remove(person) == 302
    assert remove(person) == 409


def test_r_d09_the_last_app_of_a_role_that_needs_one_stays(person: Visitor) -> None:
    assert "this is your last" in without_app(person)
    assert person.column("factor") == "authenticator"


def test_r_d09_of_two_who_remove_the_last_two_factors_at_once_one_is_refused(
    person: Visitor, key: Authenticator
) -> None:
    services = person.world.services
    (kept,) = services.passkeys.of(person.user)

    def attempt(deed: int) -> bool:
        try:
            if deed:
                services.factors.remove(person.user)
            else:
                services.passkeys.remove(person.user, kept.id)
        except Exception:  # noqa: BLE001 - whichever it is, it is no removal
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(attempt, range(2))) == 1


def test_r_d09_a_role_that_needs_none_may_do_without(visitor: Visitor) -> None:
    person = visitor.with_account()
    person.sign_in()
    KeyRing(person).add(Authenticator())
    person.send("/account/recovery-codes")

    assert remove(person) == 302
    assert person.another().sign_in().location == "/"


def test_r_b01_a_passkey_alone_is_a_second_factor_at_the_first_steps(visitor: Visitor) -> None:
    person = visitor.with_account(Role.ENROLLER)
    person.sign_in()
    assert person.get("/").location.endswith("/account/second-factor")
    key = Authenticator()

    KeyRing(person).add(key)

    assert person.get("/").location.endswith("/account/recovery-codes")
    person.send("/account/recovery-codes")
    other = half_way(person)
    other.send("/sign-in/code", code="000000")  # there is no app whose code could be right
    before = other.is_in
    KeyRing(other).use(key)
    assert (before, other.is_in) == (False, True)


def test_r_d09_options_name_our_address_whatever_was_asked_for(
    person: Visitor, key: Authenticator
) -> None:
    made = KeyRing(person).options(MINE)
    used = KeyRing(half_way(person)).options()

    assert (made["rp"]["id"], used["rpId"]) == ("127.0.0.1", "127.0.0.1")
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert used["userVerification"] == "required"
    assert [one["id"] for one in made["excludeCredentials"]] == [
        one["id"] for one in used["allowCredentials"]
    ]
    assert EMAIL not in json.dumps(used)
    other = person.client.post(f"{MINE}/options", base_url="http://evil.example")
    assert other.status_code == 400


@pytest.mark.parametrize("answer", ["", "{}", "null", "[1]", '{"id": 1}', "x" * 30_000])
def test_r_d09_an_answer_that_is_none_is_a_wrong_one(
    person: Visitor, key: Authenticator, answer: str
) -> None:
    other = half_way(person)
    KeyRing(other).options()

    assert other.send(STEP, credential=answer).status_code == 200
    assert not other.is_in
    ring = KeyRing(person)
    ring.options(MINE)
    assert person.send(MINE, name="n", password=GOOD, credential=answer).status_code == 200
