"""What the books refuse, and that nothing is left of it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.db.surgery import Surgeon
from tests.ledger.books import Books
from ussd_app.errors import Conflict, NotEnough, NotFound, Refusal
from ussd_app.ledger import service as ledger

UNKNOWN = 987_654_321


def overspend(books: Books) -> None:
    books.move(books.account(100), books.account(), 101)


def overspend_from_a_younger_account(books: Books) -> None:
    target = books.account()
    books.move(books.account(100), target, 101)


def spend_what_is_held(books: Books) -> None:
    amina = books.account(100)
    books.hold("one", amina, 60)
    books.move(amina, books.account(), 41)


def overspend_in_many_legs(books: Books) -> None:
    books.post((books.account(100), -101), (books.account(), 100), (books.house("fees"), 1))


def hold_too_much(books: Books) -> None:
    books.hold("one", books.account(100), 101)


def hold_twice_what_there_is(books: Books) -> None:
    amina = books.account(100)
    books.hold("one", amina, 60)
    books.hold("two", amina, 41)


def reverse_what_was_spent_since(books: Books) -> None:
    amina, baraka = books.account(100), books.account()
    moved = books.move(amina, baraka, 100)
    books.move(baraka, books.account(), 1)
    books.reverse(moved.posting)


def reverse_twice(books: Books) -> None:
    moved = books.move(books.account(100), books.account(), 10)
    books.reverse(moved.posting)
    books.reverse(moved.posting)


def reverse_nothing(books: Books) -> None:
    books.reverse(UNKNOWN)


def hold_another_amount_by_the_same_key(books: Books) -> None:
    amina = books.account(100)
    books.hold("one", amina, 60)
    books.hold("one", amina, 30)


def hold_for_another_by_the_same_key(books: Books) -> None:
    books.hold("one", books.account(100), 60)
    books.hold("one", books.account(100), 60)


def hold_in_no_account(books: Books) -> None:
    books.hold("one", UNKNOWN, 60)


def hold_in_the_house(books: Books) -> None:
    books.hold("one", books.house("fees"), 60)


def post_after_void(books: Books) -> None:
    hold = books.hold("one", books.account(100), 60)
    books.void_hold(hold)
    books.post_hold(hold, books.account())


def void_after_post(books: Books) -> None:
    hold = books.hold("one", books.account(100), 60)
    books.post_hold(hold, books.account())
    books.void_hold(hold)


def post_no_hold(books: Books) -> None:
    books.post_hold(UNKNOWN, books.account())


def void_no_hold(books: Books) -> None:
    books.void_hold(UNKNOWN)


def ask_for_funds_of_nobody(books: Books) -> None:
    with books.world.db.reading() as reading:
        ledger.funds(reading, books.token, UNKNOWN)


@pytest.mark.parametrize(
    ("deed", "refusal"),
    [
        (overspend, NotEnough),
        (overspend_from_a_younger_account, NotEnough),
        (spend_what_is_held, NotEnough),
        (overspend_in_many_legs, NotEnough),
        (hold_too_much, NotEnough),
        (hold_twice_what_there_is, NotEnough),
        (reverse_what_was_spent_since, NotEnough),
        (reverse_twice, Conflict),
        (reverse_nothing, NotFound),
        (hold_another_amount_by_the_same_key, Conflict),
        (hold_for_another_by_the_same_key, Conflict),
        (hold_in_no_account, NotFound),
        (hold_in_the_house, NotFound),
        (post_after_void, Conflict),
        (void_after_post, Conflict),
        (post_no_hold, NotFound),
        (void_no_hold, NotFound),
        (ask_for_funds_of_nobody, NotFound),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_refusal_says_of_what_kind_it_is(
    books: Books, deed: Callable[[Books], None], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        deed(books)

    assert books.broken() == []


def move_nothing(books: Books) -> None:
    books.move(books.account(100), books.account(), 0)


def move_backwards(books: Books) -> None:
    books.move(books.account(100), books.account(100), -5)


def move_in_a_circle(books: Books) -> None:
    amina = books.account(100)
    books.move(amina, amina, 5)


def post_one_leg(books: Books) -> None:
    books.post((books.account(100), -5))


def post_no_legs(books: Books) -> None:
    books.post()


def post_two_legs_of_one_account(books: Books) -> None:
    amina = books.account(100)
    books.post((amina, -5), (amina, 5))


def post_more_than_a_hundred_legs(books: Books) -> None:
    payer = books.account(100)
    books.post((payer, -100), *((books.opened(owner), 1) for owner in range(100)))


def post_a_leg_of_nothing(books: Books) -> None:
    books.post((books.account(100), -5), (books.account(), 5), (books.account(), 0))


def post_to_no_account(books: Books) -> None:
    books.post((books.account(100), -5), (UNKNOWN, 5))


def move_to_no_account(books: Books) -> None:
    books.move(books.account(100), UNKNOWN, 5)


@pytest.mark.parametrize(
    "deed",
    [
        move_nothing,
        move_backwards,
        move_in_a_circle,
        post_one_leg,
        post_no_legs,
        post_two_legs_of_one_account,
        post_more_than_a_hundred_legs,
        post_a_leg_of_nothing,
        post_to_no_account,
        move_to_no_account,
    ],
    ids=lambda value: value.__name__,
)
def test_what_is_no_posting_at_all_is_an_error_and_leaves_nothing(
    books: Books, deed: Callable[[Books], None]
) -> None:
    with pytest.raises(psycopg.Error):
        deed(books)

    assert books.broken() == []


def test_a_posting_that_does_not_balance_fails_when_it_commits(
    books: Books, surgeon: Surgeon
) -> None:
    amina, baraka = books.account(100), books.account()
    before = surgeon.snapshot()

    with (
        pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="does not balance"),
        books.world.db.work() as work,
    ):
        ledger.post(work, "sale", [(amina, -10), (baraka, 9)], at=books.world.clock.now())

    assert surgeon.snapshot() == before


@pytest.mark.parametrize("legs", [2, 4])
def test_a_posting_balances_in_each_token_of_its_own(
    books: Books, surgeon: Surgeon, legs: int
) -> None:
    other = books.new_token()
    here = [books.account(100), books.account()]
    there = [books.account(100, token=other), books.account(token=other)]
    amounts = [(here[0], -10), (there[1], 10), (here[1], 7), (there[0], -7)][:legs]
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="does not balance"):
        books.post(*amounts)

    assert surgeon.snapshot() == before


def test_one_token_does_not_move_into_an_account_of_another(books: Books, surgeon: Surgeon) -> None:
    here, there = books.account(100), books.account(token=books.new_token())
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="does not balance"):
        books.move(here, there, 10)

    assert surgeon.snapshot() == before


def test_a_hold_is_not_posted_into_an_account_of_another_token(
    books: Books, surgeon: Surgeon
) -> None:
    amina, there = books.account(100), books.account(token=books.new_token())
    hold = books.hold("one", amina, 10)
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="does not balance"):
        books.post_hold(hold, there)

    assert surgeon.snapshot() == before


def test_the_largest_number_there_is_moves_no_further(books: Books) -> None:
    most = 2**63 - 1
    house, amina = books.house(), books.account(1)

    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        books.move(house, amina, most)

    assert books.funds(amina) == (1, 0)
