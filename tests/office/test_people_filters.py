"""Every filter against the same question asked of a list in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.people import AMINA, BARAKA, CHEBET, World
from ussd_app.errors import Invalid
from ussd_app.office.people_filter import PeopleFilter
from ussd_app.transfers.payments import Order

NOW = datetime.now(UTC).replace(microsecond=0)
SINCE = (NOW - timedelta(days=10)).date().isoformat()
KINDS = ("individual", "group", "borrower")
STATUSES = ("ACTIVE", "BLOCKED", "INVITED", "DELETED")


@dataclass(frozen=True)
class Somebody:
    """A member as the model knows them; amounts in whole tokens, days ago."""

    name: str
    kind: str
    status: str
    tier: int
    language: str
    balance: int | None
    pin: str
    sent: int | None
    tag: str | None
    joined: int
    group: int | None
    place: str | None


PEOPLE = [
    Somebody(
        name=("Amina Juma", "Baraka Otieno", "Chebet Kiptoo", "amina Were")[n % 4],
        kind=KINDS[n % 3],
        status=STATUSES[(n // 2) % 4],
        tier=(n // 3) % 4,
        language=("en", "sw")[(n // 5) % 2],
        balance=None if n % 7 == 0 else (n * 13) % 40,
        pin=("ok", "none", "locked")[(n // 4) % 3],
        sent=None if n % 3 == 0 else n % 5 * 4,
        tag=("vip", "market-day", None)[(n // 2) % 3],
        joined=(n * 5) % 11,
        group=(2, 5)[n % 2] if KINDS[n % 3] != "group" else None,
        place=("Kisumu Ndogo", "Kísimani", None)[(n // 3) % 3],
    )
    for n in range(80)
]
CHOICES: dict[str, list[str]] = {
    "kind": list(KINDS),
    "status": list(STATUSES),
    "tier": ["0", "1", "2", "3"],
    "language": ["en", "sw"],
    "balance_from": ["0", "5", "12.50", "30"],
    "balance_to": ["0", "20", "25.5"],
    "pin": ["ok", "none", "locked"],
    "sent_since": [SINCE],
    "tag": ["vip", "market-day", "nobody"],
    "token": ["UMOJA"],
    "group": ["2", "5", "77"],
    "location": ["kis", "KISIMANI", "kisumu ndogo", "ndogo"],
    "q": ["amina", "kiptoo", "otino"],
}


def wants(query: dict[str, str], one: Somebody) -> bool:
    """The filters once more, one after the other."""
    have = one.balance or 0
    asked: dict[str, Callable[[str], bool]] = {
        "kind": lambda v: one.kind == v,
        "status": lambda v: one.status == v,
        "tier": lambda v: one.tier == int(v),
        "language": lambda v: one.language == v,
        "balance_from": lambda v: have >= float(v),
        "balance_to": lambda v: have <= float(v),
        "pin": lambda v: one.pin == v,
        "sent_since": lambda v: one.sent is not None and one.sent <= 8,
        "tag": lambda v: one.tag == v,
        "token": lambda v: one.balance is not None,
        "group": lambda v: one.group == int(v),
        "location": lambda v: (one.place or "-").lower().replace("í", "i").startswith(v.lower()),
        "q": lambda v: (
            {"amina": "amina", "kiptoo": "kiptoo", "otino": "otieno"}[v] in one.name.lower().split()
        ),
    }
    if "status" not in query and one.status == "DELETED":
        return False
    return all(asked[field](value) for field, value in query.items() if field in asked)


KEYS: dict[str, Any] = {
    "name": lambda n: (PEOPLE[n].name.lower(), n),
    "joined": lambda n: (-PEOPLE[n].joined, n),
    "id": lambda n: n,
    "balance": lambda n: (PEOPLE[n].balance or 0, n),
}


@pytest.fixture
def town(world: World) -> World:
    token = world.services.tokens.first
    with world.db.work() as work:
        for n, one in enumerate(PEOPLE, 1):
            work.run(
                """
                INSERT INTO member (id, phone, name, language, kind, status, tier, terms_at, joined_at,
                    group_of, location)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                """,
                n,
                f"+25471100{1000 + n}",
                one.name,
                one.language,
                one.kind,
                one.status,
                one.tier,
                NOW,
                NOW - timedelta(days=one.joined),
                one.group,
                one.place,
            )
            if one.pin != "none":
                work.run(
                    """
                    INSERT INTO pin (member, pepper, verifier, changed_at, locked_until)
                    VALUES (%s, 'k', '-', %s, %s)
                    """,
                    n,
                    NOW,
                    NOW + timedelta(days=2) if one.pin == "locked" else NOW - timedelta(days=n),
                )
            if one.sent is not None:
                work.run(
                    """
                    INSERT INTO transfer (key, payer, payee, token, amount, posting, at)
                    VALUES (%s, %s, 1, %s, 1, %s, %s)
                    """,
                    str(n),
                    n,
                    token.id,
                    n,
                    NOW - timedelta(days=one.sent),
                )
            if one.tag:
                work.run("INSERT INTO tag VALUES (%s, %s, 1, %s)", n, one.tag, NOW)
    return world


@pytest.fixture
def wallets(town: World, surgeon: Any) -> World:
    token = town.services.tokens.first
    for n, one in enumerate(PEOPLE, 1):
        if one.balance is not None:
            surgeon.run(
                """
                INSERT INTO account (token, kind, owner, balance, opened_at)
                VALUES (%s, 'member', %s, %s, now())
                """,
                token.id,
                n,
                token.whole(one.balance).units,
            )
    return town


@settings(max_examples=60)
@given(
    query=st.fixed_dictionaries(
        {}, optional={field: st.sampled_from(values) for field, values in CHOICES.items()}
    ),
    sort=st.sampled_from(list(KEYS)),
    order=st.sampled_from(["up", "down"]),
    most=st.integers(1, 30),
)
def test_r_b02_filters_and_pages_are_what_a_list_in_python_says(
    wallets: World, query: dict[str, str], sort: str, order: str, most: int
) -> None:
    if "token" in query:
        query["token"] = wallets.services.tokens.first.unit.code
    wanted = PeopleFilter.parse({**query, "sort": sort, "order": order})

    seen: list[int] = []
    after: str | None = ""
    while after is not None:
        page = wallets.services.people.page(wanted, after=after, most=most)
        seen += [row.id - 1 for row in page.rows]
        after = page.after

    expected = [n for n, one in enumerate(PEOPLE) if wants(query, one)]
    assert seen == sorted(expected, key=KEYS[sort], reverse=order == "down")


@pytest.mark.parametrize("field", CHOICES)
def test_r_b02_each_filter_finds_some_and_not_all(wallets: World, field: str) -> None:
    value = CHOICES[field][1] if field in ("balance_from", "tier") else CHOICES[field][0]
    value = wallets.services.tokens.first.unit.code if field == "token" else value

    found = wallets.services.people.page(PeopleFilter.parse({field: value}), most=100).rows

    assert 0 < len(found) < len([one for one in PEOPLE if one.status != "DELETED"])


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "king"}, {"status": "active"}, {"tier": "4"}, {"tier": "-1"}, {"pin": "1234"},
        {"balance_from": "1e9"}, {"balance_to": "1.234"}, {"balance_to": "NaN"},
        {"sent_since": "21/11/2026"}, {"tag": "a b"}, {"token": "'"}, {"language": "english"},
        {"sort": "phone"}, {"order": "DESC"}, {"offset": "50"}, {"q": "x" * 61},
    ],
)  # fmt: skip
def test_r_b02_what_is_not_on_the_list_is_invalid(query: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        PeopleFilter.parse(query)


def test_a_filter_asks_the_same_when_it_is_read_again() -> None:
    wanted = PeopleFilter.parse({"q": " Ámina & co ", "kind": "group", "sent_since": SINCE})

    assert PeopleFilter.parse(wanted.asked) == wanted
    assert wanted.without_search.query == f"kind=group&sent_since={SINCE}"


def test_r_b02_whoever_sent_or_got_money_was_active(world: World) -> None:
    amina, baraka, chebet = (
        world.join(phone, name)
        for phone, name in ((AMINA, "Amina Wanjiru"), (BARAKA, "Baraka Otieno"), (CHEBET, "Chebet"))
    )
    one = world.services.tokens.first.whole(1)
    world.clock.advance(days=9)
    world.services.payments.send(Order("k1", amina, baraka, one))
    world.clock.advance(days=9)
    world.services.payments.send(Order("k2", amina, chebet, one))

    def active(days: int) -> list[int]:
        since = (world.clock.now() - timedelta(days=days)).date().isoformat()
        wanted = PeopleFilter.parse({"active_since": since, "sort": "id"})
        return [row.id for row in world.services.people.page(wanted).rows]

    assert active(2) == [amina, chebet]
    assert active(11) == [amina, baraka, chebet]
    assert active(-2) == []
