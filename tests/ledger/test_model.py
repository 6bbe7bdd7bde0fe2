"""The books against a model of them that fits into a few dictionaries."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.ledger.books import Books
from ussd_app.errors import Conflict, NotEnough
from ussd_app.ledger import service as ledger

AMOUNTS = st.integers(1, 60)
PLACES = st.integers(0, 4)
KEYS = st.sampled_from("abcdef")
HOUSE = ("grants", "fees")

Legs = list[tuple[int, int]]
_examples = itertools.count(1)


@dataclass
class Held:
    """A hold as the model knows it."""

    account: int
    amount: int
    state: str = "held"
    posting: int = 0


@dataclass
class Model:
    """What everybody has, what is set aside, and what was posted."""

    balances: dict[int, int] = field(default_factory=dict)
    house: dict[int, int] = field(default_factory=dict)
    holds: dict[int, Held] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    postings: dict[int, Legs] = field(default_factory=dict)
    reversed: set[int] = field(default_factory=set)

    def held(self, account: int) -> int:
        open_ones = [one for one in self.holds.values() if one.state == "held"]
        return sum(one.amount for one in open_ones if one.account == account)

    def covers(self, legs: Legs) -> bool:
        """Whether nobody would have less than is held."""
        return all(
            self.balances[account] + amount >= self.held(account)
            for account, amount in legs
            if account in self.balances
        )

    def book(self, posting: int, legs: Legs) -> None:
        assert posting not in self.postings
        self.postings[posting] = legs
        for account, amount in legs:
            side = self.balances if account in self.balances else self.house
            side[account] += amount


class BooksAndModel(RuleBasedStateMachine):
    """Does to the model what it does to the books."""

    def __init__(self, books: Books) -> None:
        super().__init__()
        self.books, self.model = books, Model()
        self.example = next(_examples)

    @initialize(members=st.lists(st.integers(0, 100), min_size=2, max_size=4))
    def open(self, members: list[int]) -> None:
        self.books.token = self.books.new_token()
        self.model.house = {self.books.house(kind): 0 for kind in HOUSE}
        self.model.balances = {self.books.account(): 0 for _ in members}
        source = next(iter(self.model.house))
        for account, balance in zip(self.model.balances, members, strict=True):
            if balance:
                posting = self.books.move(source, account, balance).posting
                self.model.book(posting, [(source, -balance), (account, balance)])

    @rule(here=PLACES, there=PLACES, amount=AMOUNTS)
    def move(self, here: int, there: int, amount: int) -> None:
        payer, payee = self.account(here), self.account(there)
        if payer != payee:
            legs = [(payer, -amount), (payee, amount)]
            self.book_or_refuse(legs, lambda: self.books.move(payer, payee, amount).posting)

    @rule(amounts=st.lists(st.integers(-30, 30), min_size=1, max_size=3))
    def post(self, amounts: list[int]) -> None:
        accounts = [*self.model.balances, *self.model.house]
        legs = [leg for leg in zip(accounts, amounts, strict=False) if leg[1]]
        rest = -sum(amount for _account, amount in legs)
        if rest:
            legs.append((accounts[-1], rest))
        if len({account for account, _amount in legs}) == len(legs) >= 2:
            self.book_or_refuse(legs, lambda: self.books.post(*legs))

    @precondition(lambda self: self.model.postings)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        posting = data.draw(st.sampled_from(sorted(self.model.postings)))
        legs = [(account, -amount) for account, amount in self.model.postings[posting]]
        if posting in self.model.reversed:
            self.refused(lambda: self.books.reverse(posting), Conflict)
        elif self.book_or_refuse(legs, lambda: self.books.reverse(posting)):
            self.model.reversed.add(posting)

    @rule(key=KEYS, place=PLACES, amount=AMOUNTS)
    def hold(self, key: str, place: int, amount: int) -> None:
        account = list(self.model.balances)[place % len(self.model.balances)]
        whole = f"{self.example}-{key}"
        known = self.model.holds.get(self.model.keys.get(key, 0))
        if known and (known.account, known.amount) != (account, amount):
            self.refused(lambda: self.books.hold(whole, account, amount), Conflict)
        elif known:
            assert self.books.hold(whole, account, amount) == self.model.keys[key]
        elif self.model.balances[account] - self.model.held(account) < amount:
            self.refused(lambda: self.books.hold(whole, account, amount), NotEnough)
        else:
            made = self.books.hold(whole, account, amount)
            assert made not in self.model.holds
            self.model.keys[key], self.model.holds[made] = made, Held(account, amount)

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data(), there=PLACES)
    def post_hold(self, data: st.DataObject, there: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.holds)))
        held, payee = self.model.holds[number], self.account(there)
        if held.state == "voided":
            self.refused(lambda: self.books.post_hold(number, payee), Conflict)
        elif held.state == "posted":
            assert self.books.post_hold(number, payee) == held.posting
        elif payee != held.account:
            held.posting, held.state = self.books.post_hold(number, payee), "posted"
            self.model.book(held.posting, [(held.account, -held.amount), (payee, held.amount)])

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data())
    def void_hold(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.holds)))
        held = self.model.holds[number]
        if held.state == "posted":
            self.refused(lambda: self.books.void_hold(number), Conflict)
        else:
            self.books.void_hold(number)
            held.state = "voided"

    @invariant()
    def books_hold_together(self) -> None:
        assert self.books.broken() == []

    @invariant()
    def books_say_what_the_model_says(self) -> None:
        with self.books.world.db.reading() as reading:
            found = reading.rows(
                "SELECT id, balance, held FROM account WHERE token = %s AND owner IS NOT NULL",
                self.books.token,
            )
            house = {kind: ledger.house_balance(reading, self.books.token, kind) for kind in HOUSE}
        said = {account: (balance, held) for account, balance, held in found}
        if self.model.balances:
            assert said == {
                account: (balance, self.model.held(account))
                for account, balance in self.model.balances.items()
            }
            assert list(house.values()) == list(self.model.house.values())

    def account(self, place: int) -> int:
        accounts = [*self.model.balances, *self.model.house]
        return accounts[place % len(accounts)]

    def book_or_refuse(self, legs: Legs, deed: Callable[[], int]) -> bool:
        if self.model.covers(legs):
            self.model.book(deed(), legs)
            return True
        self.refused(deed, NotEnough)
        return False

    def refused(self, deed: Callable[[], object], refusal: type[Exception]) -> None:
        try:
            deed()
        except refusal:
            return
        raise AssertionError(f"that should have been a {refusal.__name__}")


def test_the_books_say_what_a_model_of_them_says(books: Books) -> None:
    class OfThisWorld(BooksAndModel):
        def __init__(self) -> None:
            super().__init__(books)

    run_state_machine_as_test(
        OfThisWorld, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )
