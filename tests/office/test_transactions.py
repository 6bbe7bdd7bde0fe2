"""R-B09: every filter of transactions against the same question asked of a list in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.db.crowd import crowd, eventually, given
from tests.office.clerks import clerk
from tests.people import AMINA, World
from tests.transfers.town import Town
from ussd_app.audit import service as audit
from ussd_app.errors import Invalid
from ussd_app.ledger import service as ledger
from ussd_app.office.filters import InvalidFilter
from ussd_app.office.place import LOOK_BACK, MISSING_MOST, Place
from ussd_app.office.transaction_filter import PARTIES_MOST, TransactionFilter
from ussd_app.office.transactions import TransactionRow, Transactions

TransactionTest = Callable[[TransactionRow], bool]


@dataclass
class Books:
    """Three who pay each other over three days; two payments are taken back, one is given up."""

    town: Town
    neema: int
    began: datetime

    @property
    def world(self) -> World:
        return self.town.world

    @property
    def transactions(self) -> Transactions:
        return self.world.services.transactions

    def all(self) -> list[TransactionRow]:
        return list(self.transactions.page(TransactionFilter(), named=True, most=1000).rows)

    def found(self, **query: str) -> list[int]:
        """The numbers a filter brings, page by page."""
        wanted, numbers, after = TransactionFilter.parse(query), [], 0
        while True:
            page = self.transactions.page(wanted, named=False, after=after, most=4)
            numbers += [row.number for row in page.rows]
            if page.after is None:
                return numbers
            after = page.after

    def day(self, number: int) -> str:
        local = self.world.services.local
        return (local.date(self.began) + timedelta(days=number)).isoformat()


@pytest.fixture
def books(world: World) -> Books:
    town = Town(world)
    town.settle()
    town.no_limits()
    books = Books(town, town.neighbour(1), world.clock.now())
    people, by = [town.amina, town.baraka, books.neema], clerk(world)
    for turn in range(15):
        if turn % 5 == 4:
            world.clock.advance(days=1)
        receipt = town.pay(
            1 + turn % 4,
            key=f"key-{turn}",
            payer=people[turn % 3],
            payee=people[(turn + 1 + turn % 2) % 3],
            repeat=True,
        )
        if turn in (3, 8):
            now = world.clock.now()
            with world.db.work() as work:
                made = ledger.reverse(work, receipt.reference.number, at=now)
                audit.record(work, by, "posting.reversed", subject=("posting", made), at=now)
    assert world.services.payments.became(town.amina, "never") is None
    return books


def test_r_b09_everything_is_listed_once_newest_first(books: Books) -> None:
    rows = books.all()

    with books.world.db.reading() as reading:
        (count,) = reading.the_row("SELECT count(*) FROM posting")
    assert [row.number for row in rows] == sorted((row.number for row in rows), reverse=True)
    assert len({row.number for row in rows}) == len(rows) == count
    assert books.found() == [row.number for row in rows]


def _tests(books: Books) -> list[tuple[dict[str, str], TransactionTest]]:
    amina, baraka = str(books.town.amina), str(books.town.baraka)
    local = books.world.services.local

    def is_of(row: TransactionRow, *members: str) -> bool:
        sides = [side.member for side in (row.source, row.target) if side]
        return any(str(side) in members for side in sides)

    def is_by(row: TransactionRow, channel: str) -> bool:
        expected = {"transfer": "ussd", "reversal": "web", "grant": "system"}[row.kind]
        return expected == channel

    def units(row: TransactionRow) -> int:
        assert row.amount
        return row.amount.units

    return [
        ({"kind": "transfer"}, lambda row: row.kind == "transfer"),
        ({"kind": "grant"}, lambda row: row.kind == "grant"),
        ({"kind": "reversal"}, lambda row: row.kind == "reversal"),
        ({"state": "posted"}, lambda row: row.state == "posted"),
        ({"state": "reversed"}, lambda row: row.state == "reversed"),
        ({"state": "reversal"}, lambda row: row.state == "reversal"),
        ({"party": amina}, lambda row: is_of(row, amina)),
        ({"party": f"{amina},{baraka}"}, lambda row: is_of(row, amina, baraka)),
        ({"party": "999999"}, lambda _row: False),
        ({"channel": "ussd"}, lambda row: is_by(row, "ussd")),
        ({"channel": "web"}, lambda row: is_by(row, "web")),
        ({"channel": "system"}, lambda row: is_by(row, "system")),
        ({"channel": "shell"}, lambda _row: False),
        ({"token": "UMOJA"}, lambda _row: True),
        ({"amount_from": "3"}, lambda row: units(row) >= 300),
        ({"amount_to": "2.99"}, lambda row: units(row) <= 299),
        ({"amount_from": "2", "amount_to": "3"}, lambda row: 200 <= units(row) <= 300),
        ({"since": books.day(1)}, lambda row: local.date(row.at).isoformat() >= books.day(1)),
        ({"until": books.day(1)}, lambda row: local.date(row.at).isoformat() <= books.day(1)),
        (
            {"since": books.day(1), "until": books.day(1)},
            lambda row: local.date(row.at).isoformat() == books.day(1),
        ),
        (
            {"party": amina, "kind": "transfer", "amount_from": "2", "until": books.day(2)},
            lambda row: (
                is_of(row, amina)
                and row.kind == "transfer"
                and units(row) >= 200
                and local.date(row.at).isoformat() <= books.day(2)
            ),
        ),
    ]


def test_r_b09_every_filter_brings_what_it_says_and_no_more(books: Books) -> None:
    rows = books.all()

    for query, belongs in _tests(books):
        assert books.found(**query) == [row.number for row in rows if belongs(row)], query


def test_r_b09_who_paid_whom_is_known(books: Books) -> None:
    rows = {row.number: row for row in books.all()}
    taken_back = [row for row in rows.values() if row.state == "reversed"]

    assert len(taken_back) == 2
    for row in taken_back:
        assert row.reversed_by
        undone = rows[row.reversed_by.number]
        assert undone.reverses == row.reference
        assert (undone.source, undone.target) == (row.target, row.source)
        assert undone.amount == row.amount
    grants = [row for row in rows.values() if row.kind == "grant"]
    assert {row.source.member for row in grants} == {None}


def test_r_b12_names_are_read_for_who_may_see_them_alone(books: Books) -> None:
    named = books.transactions.page(TransactionFilter(), named=True).rows
    nameless = books.transactions.page(TransactionFilter(), named=False).rows

    assert "Amina Wanjiru" in {row.source.name for row in named}
    assert {side.name for row in nameless for side in (row.source, row.target) if side} == {""}


def test_r_b09_what_was_given_up_is_listed_apart(books: Books) -> None:
    found = books.transactions.page(TransactionFilter.parse({"state": "given_up"}), named=True)

    (row,) = found.rows
    assert (row.source.member, row.reference, row.amount, row.target) == (
        books.town.amina,
        None,
        None,
        None,
    )
    assert books.found(state="given_up", party=str(books.town.baraka)) == []
    assert books.found(state="given_up", amount_from="1") == []
    assert books.found(state="given_up", kind="grant") == []
    assert books.found(state="given_up", channel="ussd", since=books.day(0)) == [row.number]
    assert books.found(state="given_up", until=books.day(0)) == []


def test_r_b09_a_name_an_id_or_a_number_finds_members(books: Books) -> None:
    find = books.transactions.members_like

    assert find("amina") == [books.town.amina]
    assert find("0700000001") == find(AMINA) == [books.town.amina]
    assert find(str(books.neema)) == [books.neema]
    with pytest.raises(InvalidFilter):
        find("nobody")


def test_r_b09_a_name_of_many_asks_for_more(books: Books) -> None:
    with books.world.db.work() as work:
        work.run(
            """
            INSERT INTO member (id, phone, name, language, status, tier)
            SELECT nextval('member_id'), '+25472200' || 1000 + n, 'Juma Ali', 'sw', 'INVITED', 0
            FROM generate_series(0, %s) n
            """,
            PARTIES_MOST,
        )

    with pytest.raises(InvalidFilter, match="many"):
        books.transactions.members_like("Juma")


@pytest.mark.parametrize(
    "query",
    [
        {"party": "Amina"},
        {"party": "1,"},
        {"party": ",".join(["1"] * 21)},
        {"state": "lost"},
        {"since": "2026-13-01"},
        {"name": "Amina"},
    ],
)
def test_what_cannot_be_asked_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(InvalidFilter):
        TransactionFilter.parse(query)


def test_r_b09_a_reader_sees_every_posting_once_while_many_pay(books: Books) -> None:
    payers = [books.town.neighbour(n) for n in range(3, 7)]
    place = books.transactions.page(TransactionFilter(), named=False).place
    seen: list[int] = []

    def read() -> bool:
        nonlocal place
        rows = books.transactions.since(place, named=False)
        for row in rows:
            place = place.past(row.number)
            seen.append(row.number)
        return len(seen) >= 60

    def act(number: int) -> list[int]:
        if number == 0:
            eventually(read, "the sixtieth")
            return []
        payer = payers[number - 1]
        return [
            books.town.pay(
                1, key=f"{number}-{turn}", payer=payer, payee=books.neema, repeat=True
            ).reference.number
            for turn in range(15)
        ]

    made = sorted(posting for one in given(crowd(5, act)) for posting in one)

    assert len(made) == 60
    assert sorted(seen) == made


def test_a_place_remembers_what_was_skipped_and_forgets_the_oldest() -> None:
    place = Place.of([9, 8, 5])

    assert place == Place(9, (6, 7))
    assert place.past(7) == Place(9, (6,))
    assert place.past(11) == Place(11, (6, 7, 10))
    assert place.past(9) == place
    assert Place.parse(str(place)) == place
    assert Place.of([]) == Place(0)
    far = place.past(10_000)
    assert len(far.missing) == MISSING_MOST
    assert Place.parse(str(far)) == far
    assert Place(0).past(LOOK_BACK).missing[-1] == LOOK_BACK - 1


@pytest.mark.parametrize("written", ["", "x", "1.", ".1", "-1", "1.x"])
def test_a_place_that_cannot_be_read_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        Place.parse(written)
