"""Accounting as in the textbook: what each entry leaves on both sides."""

from tests.ledger.books import Books
from tests.people import World
from ussd_app.ledger import service as ledger
from ussd_app.ledger.service import Funds


def test_a_grant_is_owed_by_the_house(books: Books) -> None:
    house, amina = books.house(), books.account()

    moved = books.move(house, amina, 5000, kind="grant")

    assert (moved.from_balance, moved.to_balance) == (None, 5000)
    with books.world.db.reading() as reading:
        assert ledger.house_balance(reading, books.token, ledger.GRANTS) == -5000


def test_a_transfer_takes_from_one_what_it_gives_the_other(books: Books) -> None:
    amina, baraka = books.account(5000), books.account(300)

    moved = books.move(amina, baraka, 1250)

    assert (moved.from_balance, moved.to_balance) == (3750, 1550)
    assert books.legs(moved.posting) == [(amina, -1250, 3750), (baraka, 1250, 1550)]


def test_a_transfer_reads_the_same_in_both_orders_of_ids(books: Books) -> None:
    older, younger = books.account(100), books.account(100)

    moved = books.move(younger, older, 40)

    assert (moved.from_balance, moved.to_balance) == (60, 140)
    assert books.legs(moved.posting) == [(younger, -40, 60), (older, 40, 140)]


def test_the_whole_balance_can_be_spent(books: Books) -> None:
    amina, baraka = books.account(77), books.account()

    books.move(amina, baraka, 77)

    assert (books.funds(amina), books.funds(baraka)) == ((0, 0), (77, 0))


def test_a_sale_with_a_fee_has_a_leg_for_each(books: Books) -> None:
    buyer, seller, fees = books.account(1000), books.account(), books.house("fees")

    posting = books.post((buyer, -1000), (seller, 980), (fees, 20))

    assert books.legs(posting) == [(buyer, -1000, 0), (seller, 980, 980), (fees, 20, None)]
    with books.world.db.reading() as reading:
        assert ledger.house_balance(reading, books.token, "fees") == 20


def test_a_hundred_legs_are_one_posting(books: Books) -> None:
    payer = books.account(990)
    payees = [books.account() for _ in range(99)]

    posting = books.post((payer, -990), *((payee, 10) for payee in payees))

    assert len(books.legs(posting)) == 100
    assert {books.funds(payee) for payee in payees} == {(10, 0)}


def test_an_exchange_of_two_tokens_is_one_posting(books: Books) -> None:
    other = books.new_token()
    amina_sells, amina_gets = books.account(500), books.account(token=other)
    baraka_gets, baraka_sells = books.account(), books.account(90, token=other)

    books.post((amina_sells, -500), (baraka_gets, 500), (baraka_sells, -30), (amina_gets, 30))

    assert [books.funds(each)[0] for each in (amina_sells, baraka_gets)] == [0, 500]
    assert [books.funds(each)[0] for each in (baraka_sells, amina_gets)] == [60, 30]
    assert books.broken() == []


def test_a_reversal_puts_everything_back(books: Books) -> None:
    buyer, seller, fees = books.account(1000), books.account(5), books.house("fees")
    sale = books.post((buyer, -1000), (seller, 980), (fees, 20))

    correction = books.reverse(sale)

    assert books.legs(correction) == [(buyer, 1000, 1000), (seller, -980, 5), (fees, -20, None)]
    with books.world.db.reading() as reading:
        kind, reverses = reading.the_row(
            "SELECT kind, reverses FROM posting WHERE id = %s", correction
        )
    assert (kind, reverses) == ("reversal", sale)
    assert books.broken() == []


def test_what_is_held_is_still_had_but_not_to_be_spent(books: Books) -> None:
    amina = books.account(500)

    books.hold("withdrawal-1", amina, 200)

    with books.world.db.reading() as reading:
        funds = ledger.funds(reading, books.token, books.owner(amina))
    assert funds == Funds(balance=500, held=200)
    assert funds.available == 300


def test_a_hold_that_is_posted_pays_what_was_held(books: Books) -> None:
    amina, agents = books.account(500), books.house("agents")
    hold = books.hold("withdrawal-1", amina, 200)

    posting = books.post_hold(hold, agents)

    assert books.funds(amina) == (300, 0)
    assert books.legs(posting) == [(amina, -200, 300), (agents, 200, None)]
    assert books.broken() == []


def test_a_hold_can_be_posted_to_an_older_account(books: Books) -> None:
    shop, amina = books.account(), books.account(500)
    hold = books.hold("order-1", amina, 500)

    books.post_hold(hold, shop)

    assert (books.funds(amina), books.funds(shop)) == ((0, 0), (500, 0))


def test_a_hold_that_is_voided_sets_free_what_was_held(books: Books) -> None:
    amina = books.account(500)
    hold = books.hold("withdrawal-1", amina, 200)
    before = books.postings()

    books.void_hold(hold)

    assert books.funds(amina) == (500, 0)
    assert books.postings() == before


def test_the_same_key_is_the_same_hold(books: Books) -> None:
    amina = books.account(500)

    holds = {books.hold("withdrawal-1", amina, 200) for _ in range(3)}

    assert len(holds) == 1
    assert books.funds(amina) == (500, 200)


def test_the_same_key_is_the_same_hold_even_after_its_end(books: Books) -> None:
    amina = books.account(500)
    hold = books.hold("withdrawal-1", amina, 200)
    books.void_hold(hold)

    assert books.hold("withdrawal-1", amina, 200) == hold
    assert books.funds(amina) == (500, 0)


def test_a_hold_posted_twice_pays_once(books: Books) -> None:
    amina, agents = books.account(500), books.house("agents")
    hold = books.hold("withdrawal-1", amina, 200)

    assert books.post_hold(hold, agents) == books.post_hold(hold, agents)
    assert books.funds(amina) == (300, 0)


def test_a_hold_voided_twice_sets_free_once(books: Books) -> None:
    amina = books.account(500)
    hold = books.hold("withdrawal-1", amina, 200)
    books.hold("withdrawal-2", amina, 50)

    books.void_hold(hold)
    books.void_hold(hold)

    assert books.funds(amina) == (500, 50)


def test_an_account_is_opened_once_for_an_owner_and_a_token(books: Books) -> None:
    other = books.new_token()

    accounts = [books.opened(7), books.opened(7), books.opened(7, token=other)]

    assert accounts[0] == accounts[1] != accounts[2]


def test_the_house_has_one_account_for_a_purpose_and_a_token(books: Books) -> None:
    other = books.new_token()

    accounts = [books.house("fees"), books.house("fees"), books.house("fees", token=other)]

    assert accounts[0] == accounts[1] != accounts[2]


def test_a_house_account_without_entries_comes_to_nothing(books: Books) -> None:
    with books.world.db.reading() as reading:
        assert ledger.house_balance(reading, books.token, "nobody's") == 0


def test_a_statement_names_the_other_side_newest_first(books: Books) -> None:
    amina, baraka = books.account(500), books.account()
    paid = books.move(amina, baraka, 120)
    books.reverse(paid.posting)

    with books.world.db.reading() as reading:
        lines = ledger.statement(reading, books.token, books.owner(amina), most=10)

    baraka_owns = books.owner(baraka)
    assert [(line.kind, line.amount, line.balance, line.other) for line in lines] == [
        ("reversal", 120, 500, baraka_owns),
        ("gift", -120, 380, baraka_owns),
        ("grant", 500, 500, None),
    ]


def test_a_statement_is_no_longer_than_asked(books: Books) -> None:
    amina, baraka = books.account(500), books.account()
    for _ in range(4):
        books.move(amina, baraka, 10)

    with books.world.db.reading() as reading:
        lines = ledger.statement(reading, books.token, books.owner(amina), most=3)

    assert [line.balance for line in lines] == [460, 470, 480]


def test_statements_of_two_tokens_are_apart(books: Books, world: World) -> None:
    other, now = books.new_token(), world.clock.now()
    books.move(books.house(), books.opened(7), 100)
    books.move(books.house(token=other), books.opened(7, token=other), 30)

    with world.db.work() as work:
        wallet = ledger.open_account(work, books.token, 7, at=now)
        lines = ledger.statement(work, books.token, 7, most=10)

    assert [line.amount for line in lines] == [100]
    assert books.funds(wallet) == (100, 0)
