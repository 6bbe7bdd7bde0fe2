"""One phone's calls beside a simple model: money and tries change at a PIN, and nowhere else."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from random import Random
from typing import ClassVar

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.dialog.evidence import payments, pin_charges
from tests.dialog.test_random_caller import proper_answers
from tests.dialog.town import quiet
from tests.people import BARAKA, PIN, Handset, World
from ussd_app.members.pins import TRIES
from ussd_app.values import Phone

_callers = itertools.count(1)
WRONG_PINS = ["8642", "2851"]
pins = st.sampled_from([PIN, PIN, *WRONG_PINS, "12", "73*06", " 7306 ", "", "0"])
SENT = re.compile(r"END Sent (?P<amount>[\d.,]+) UMOJA to Baraka O\.")
ASKED = re.compile(r"Send (?P<amount>[\d.,]+) UMOJA to Baraka O 0700000002\. Fee: 0\.\nYour PIN:")
PIN_ASKED = re.compile(r"Your PIN:\n")


def cents(amount: str) -> int:
    whole, _point, part = amount.replace(",", "").partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


class OnePhone(RuleBasedStateMachine):
    """Amina calls; the gateway repeats, reorders and forgets; the model keeps the books."""

    world: ClassVar[World]

    @initialize()
    def begin(self) -> None:
        quiet(self.world)
        self.caller = Phone(f"+25473{next(_callers):07}")
        self.world.join(self.caller, "Amina Wanjiru", tokens=100)
        self.board = self.world.switchboard()
        self.phone = Handset(self.board, self.caller)
        self.screen = ""
        self.older: list[Handset] = []
        self.heard: list[str] = []
        self.balance = self.world.balance(self.caller)
        self.count = payments(self.world)
        self.failures = 0
        self.locked = False
        self.pin = PIN

    @property
    def goes_on(self) -> bool:
        return self.screen.startswith("CON")

    @rule(tail=st.sampled_from(["", "1", f"2*{PIN}", f"4*3*{PIN}", f"1*0700000002*7*{PIN}"]))
    def dial(self, tail: str) -> None:
        if self.phone.call:
            self.older = [replace(self.phone), *self.older][:3]
        self.screen = self.phone.dial(tail)
        self.heard = [tail]

    @rule(amount=st.sampled_from(["5", "1.01", "20", "0.29", "101"]), typed=pins)
    def pay(self, amount: str, typed: str) -> None:
        self.dial(f"1*0700000002*{amount}")
        if self.screen.startswith("CON You sent"):
            self._say("1")
        self.type_a_pin(typed)

    @precondition(lambda self: self.goes_on)
    @rule(chance=st.integers(0, 1000))
    def answer(self, chance: int) -> None:
        if PIN_ASKED.search(self.screen):
            self._say(Random(chance).choice([PIN, PIN, *WRONG_PINS, "12", "0", "000"]))
        else:
            self._say(Random(chance).choice(proper_answers(self.screen)))

    @precondition(lambda self: self.goes_on and bool(PIN_ASKED.search(self.screen)))
    @rule(typed=pins)
    def type_a_pin(self, typed: str) -> None:
        if self.goes_on and PIN_ASKED.search(self.screen):
            self._say(typed)

    @precondition(lambda self: self.phone.call)
    @rule()
    def deliver_again(self) -> None:
        assert self.phone.hop() == self.screen

    @precondition(lambda self: self.goes_on and self.phone.text)
    @rule(which=st.integers(0, 20), tail=st.sampled_from(["9", "*9", f"*{PIN}", "x*1"]))
    def deliver_a_text_that_does_not_go_on(self, which: int, tail: str) -> None:
        older = self.heard[: len(self.heard) - 1] or [""]
        for text in (older[which % len(older)], "8" + self.phone.text[1:] + tail):
            assert replace(self.phone, text=text).hop() == self.screen

    @precondition(lambda self: not self.goes_on and self.phone.text)
    @rule(typed=st.sampled_from([PIN, "1", ""]))
    def answer_after_the_end(self, typed: str) -> None:
        said = replace(self.phone, text=f"{self.phone.text}*{typed}").hop()

        assert said == "END That call has ended. Dial *384*96# to start again."

    @precondition(lambda self: self.older)
    @rule(which=st.integers(0, 2), typed=st.sampled_from(["0", "1", "000", "x"]))
    def go_on_with_a_call_before(self, which: int, typed: str) -> None:
        older = self.older[which % len(self.older)]
        said = older.hop()
        if "PIN" not in said:
            older.say(typed)

    @rule(typed=st.sampled_from(["", "1", PIN, f"2*{PIN}"]))
    def another_phone_uses_the_same_call(self, typed: str) -> None:
        text = f"{self.phone.text}*{typed}" if self.phone.text else typed
        said = Handset(self.board, BARAKA, call=self.phone.call or "none", text=text).hop()

        assert "Amina" not in said

    @precondition(lambda self: self.phone.call)
    @rule()
    def redis_is_emptied(self) -> None:
        self.world.redis.flushall()
        self.older = []
        if self.phone.text:
            self.screen = self.phone.hop()
            assert self.screen.startswith("CON We lost your place.")
            self.heard = [self.phone.text]
        else:
            self.screen = self.phone.dial()
            self.heard = [""]

    @invariant()
    def money_and_tries_are_as_the_model_has_them(self) -> None:
        if not hasattr(self, "balance"):
            return
        assert self.world.balance(self.caller) == self.balance
        assert payments(self.world) == self.count
        failures, series = pin_charges(self.world, self.caller)
        assert (failures, series > 0) == (self.failures, self.locked)

    def _say(self, typed: str) -> None:
        before, self.screen = self.screen, self.phone.say(typed)
        self.heard.append(self.phone.text)
        if PIN_ASKED.search(before) and "New PIN" not in before:
            self._a_pin_was_typed(typed.strip(), before)
        if self.screen.startswith("END Your PIN is changed."):
            self.pin, self.failures = "2850", 0

    def _a_pin_was_typed(self, typed: str, before: str) -> None:
        if typed in ("0", "000") or not re.fullmatch(r"\d{4}", typed):
            return
        if self.locked:
            assert "locked" in self.screen
        elif typed == self.pin:
            self.failures = 0
            self._maybe_sent(before)
        else:
            self.failures += 1
            self.locked = self.failures >= TRIES

    def _maybe_sent(self, before: str) -> None:
        """The right PIN sends what the screen before it named, if the answer says so."""
        sent = SENT.match(self.screen)
        if sent:
            asked = ASKED.search(before)
            assert asked
            assert asked["amount"] == sent["amount"]
            self.balance -= cents(sent["amount"])
            self.count += 1


def test_r_a07_money_and_tries_change_at_a_pin_and_nowhere_else(town: World) -> None:
    class OnePhoneInTown(OnePhone):
        world = town

    run_state_machine_as_test(
        OnePhoneInTown, settings=settings(max_examples=25, stateful_step_count=25)
    )
