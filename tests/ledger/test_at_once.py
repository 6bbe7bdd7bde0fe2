"""Many hands on the same accounts at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.db.crowd import crowd, eventually, given, raised
from tests.db.surgery import Surgeon
from tests.ledger.books import Books
from ussd_app.errors import Conflict, NotEnough
from ussd_app.ledger import service as ledger

ROUNDS = 10
WAITS_FOR_A_LOCK = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def test_of_many_who_spend_one_balance_one_does(books: Books) -> None:
    payees = [books.account() for _ in range(20)]
    for turn in range(ROUNDS):
        payer = books.account(100)

        told = crowd(20, lambda number, payer=payer: books.move(payer, payees[number], 100))  # type: ignore[misc]

        assert len(given(told)) == 1
        assert {type(error) for error in raised(told)} == {NotEnough}
        assert sum(books.funds(payee)[0] for payee in payees) == 100 * (turn + 1)
    assert books.broken() == []


def test_of_many_who_hold_one_balance_as_many_do_as_it_covers(books: Books) -> None:
    amina = books.account(100)

    told = crowd(20, lambda number: books.hold(f"hold-{number}", amina, 30))

    assert len(given(told)) == 3
    assert books.funds(amina) == (100, 90)
    assert books.broken() == []


def test_payments_in_both_directions_never_lock_each_other_out(books: Books) -> None:
    amina, baraka = books.account(10_000), books.account(10_000)

    def hammer(number: int) -> None:
        source, target = (amina, baraka) if number % 2 else (baraka, amina)
        for _ in range(15):
            books.move(source, target, 7)

    assert raised(crowd(16, hammer)) == []
    assert (books.funds(amina), books.funds(baraka)) == ((10_000, 0), (10_000, 0))
    assert books.broken() == []


def test_postings_of_many_legs_in_any_order_never_lock_each_other_out(books: Books) -> None:
    ring = [books.account(1000) for _ in range(4)]

    def hammer(number: int) -> None:
        turned = ring[number % 4 :] + ring[: number % 4]
        for _ in range(8):
            books.post((turned[0], -3), (turned[1], 1), (turned[2], 1), (turned[3], 1))

    assert raised(crowd(12, hammer)) == []
    assert sum(books.funds(account)[0] for account in ring) == 4000


def test_holds_posted_crosswise_never_lock_each_other_out(books: Books) -> None:
    amina, baraka = books.account(1000), books.account(1000)

    def hammer(number: int) -> None:
        source, target = (amina, baraka) if number % 2 else (baraka, amina)
        for turn in range(8):
            books.post_hold(books.hold(f"{number}-{turn}", source, 5), target)

    assert raised(crowd(12, hammer)) == []
    assert (books.funds(amina), books.funds(baraka)) == ((1000, 0), (1000, 0))
    assert books.broken() == []


def test_of_many_who_reverse_one_posting_one_does(books: Books) -> None:
    amina, baraka = books.account(100), books.account(100)
    moved = books.move(amina, baraka, 10)

    told = crowd(12, lambda _: books.reverse(moved.posting))

    assert len(given(told)) == 1
    assert {type(error) for error in raised(told)} == {Conflict}
    assert (books.funds(amina), books.funds(baraka)) == ((100, 0), (100, 0))


def test_of_many_who_end_one_hold_all_are_told_the_same_end(books: Books) -> None:
    amina, shop = books.account(100), books.account()
    hold = books.hold("order", amina, 40)

    def end(number: int) -> int | None:
        return books.post_hold(hold, shop) if number % 2 else books.void_hold(hold)  # type: ignore[func-returns-value]

    told = crowd(12, end)

    assert {type(error) for error in raised(told)} == {Conflict}
    assert len(given(told)) == 6
    assert len(set(given(told))) == 1
    assert books.funds(amina) in {(100, 0), (60, 0)}
    assert books.broken() == []


def test_many_who_hold_by_one_key_hold_once(books: Books) -> None:
    amina = books.account(100)

    told = crowd(12, lambda _: books.hold("one", amina, 40))

    assert len(set(given(told))) == 1
    assert raised(told) == []
    assert books.funds(amina) == (100, 40)


def test_many_who_open_one_account_open_it_once(books: Books) -> None:
    told = crowd(12, lambda _: books.opened(7))

    assert len(set(given(told))) == 1
    assert raised(told) == []


def test_many_who_open_one_house_account_open_it_once(books: Books) -> None:
    told = crowd(12, lambda _: books.house("fees"))

    assert len(set(given(told))) == 1
    assert raised(told) == []


def test_balances_follow_from_each_other_whatever_moves_at_once(books: Books) -> None:
    accounts = [books.account(1000) for _ in range(3)]
    sales = [books.move(accounts[0], accounts[1], 1).posting for _ in range(24)]

    def hammer(number: int) -> None:
        for turn in range(4):
            books.move(accounts[number % 3], accounts[(number + 1) % 3], 2)
            books.reverse(sales[number * 4 + turn])

    assert raised(crowd(6, hammer)) == []
    assert books.broken() == []


def test_a_posting_that_had_to_wait_comes_after_what_it_waited_for(
    books: Books, surgeon: Surgeon
) -> None:
    amina, baraka, fees = books.account(100), books.account(), books.house("fees")
    now, has_begun, may_end = books.world.clock.now(), threading.Event(), threading.Event()

    def holds_the_account_and_moves_later() -> None:
        with books.world.db.work() as work:
            ledger.hold(work, "first", account=amina, amount=1, at=now)
            has_begun.set()
            may_end.wait(10)
            ledger.move(work, "gift", source=amina, target=baraka, amount=5, at=now)

    def waits_for_the_account() -> int:
        return books.post((amina, -10), (baraka, 9), (fees, 1))

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(holds_the_account_and_moves_later)
        has_begun.wait(10)
        second = threads.submit(waits_for_the_account)
        eventually(lambda: surgeon.one(WAITS_FOR_A_LOCK))
        may_end.set()
        first.result()
        second.result()

    assert books.broken() == []
