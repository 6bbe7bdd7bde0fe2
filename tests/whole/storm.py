"""Callers who go about their business while everything around them dies, and what they were told.

Each payment is of an amount that no other has, so that a transfer, a screen and an SMS can be
recognised as the same one. A caller who learns nothing dials again, as people do.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from tests.whole.system import System
from tests.whole.telephone import (
    BALANCE,
    HAVE,
    LAST,
    MAIN_MENU,
    NOT_SENT,
    SENT,
    Lost,
    Phone,
    Screen,
)

TOKENS = 2000
WRONG_PIN = "8642"
DIALS_MOST = 60
PAUSE_SECONDS = 0.25
LOOKS_MOST = 100


class Told(StrEnum):
    """What a caller knows of a payment from the screens alone."""

    SENT = "sent"
    NOT_SENT = "not sent"
    NOTHING = "nothing"


@dataclass
class Intent:
    """One payment as its payer means it, and everything that was said of it.

    `must_be_told` says that we were told of the cut before the payer dialled again, and that
    nothing was forgotten in between: then the screens leave no doubt.
    """

    payer: str
    payee: str
    units: int
    pin_given: bool = False
    must_be_told: bool = False
    told: list[tuple[Told, str]] = field(default_factory=list)

    @property
    def amount(self) -> str:
        return f"{self.units / 100:.2f}"

    @property
    def shown(self) -> str:
        """The amount as screens and SMS write it."""
        return f"{self.units / 100:,.2f}".removesuffix(".00")

    def hear(self, told: Told, reference: str = "") -> None:
        self.told.append((told, reference))


@dataclass
class Storm:
    """The callers, the clock of the storm, and the record of what was said.

    `emptied` counts the blows that make Redis forget, at their beginning and at their end.
    """

    system: System
    callers: list[Caller]
    intents: list[Intent]
    only_pay: bool = False
    pause_seconds: float = 0.1
    emptied: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    units: Iterator[int] = field(default_factory=lambda: itertools.count(101))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def gathered(cls, system: System, *, callers: int, seed: int) -> Storm:
        """So many new members with many tokens, whom no limit stops, and who know each other."""
        storm = cls(system, [], [])
        system.desk.configure(seed=seed)
        system.run("UPDATE limit_rule SET value = 1000000 WHERE tier = 3")
        phones = [
            system.member(name=f"Caller {'ABCDEFGHIJKLMNOP'[n]}", tokens=TOKENS, tier=3)
            for n in range(callers)
        ]
        storm.callers = [
            Caller(
                storm, phone, [p for p in phones if p is not phone], random.Random(f"{seed} {n}")
            )
            for n, phone in enumerate(phones)
        ]
        system.settle()
        return storm

    @property
    def numbers(self) -> list[str]:
        return [caller.phone.number for caller in self.callers]

    def rage(self, blows: Iterable[Callable[[], object]], *, every_seconds: float) -> None:
        """Let the callers talk while one blow after the other falls; then let them finish."""
        threads = [threading.Thread(target=caller.live, daemon=True) for caller in self.callers]
        for thread in threads:
            thread.start()
        try:
            for blow in blows:
                if self.stopped.wait(every_seconds):
                    break
                blow()
        finally:
            self.system.desk.calm()
            self.stopped.set()
            for thread in threads:
                thread.join(60)
        alive = [thread for thread in threads if thread.is_alive()]
        bugs = [caller.bug for caller in self.callers if caller.bug]
        assert not alive, "a caller hangs"
        assert not bugs, bugs

    def intent(self, payer: Phone, payee: Phone) -> Intent:
        with self.lock:
            intent = Intent(payer.number, payee.number, next(self.units))
            self.intents.append(intent)
        return intent


@dataclass
class Caller:
    """One person with a telephone, in a thread of their own.

    `tries` are the PINs given since one was last seen to be right, `tries_most` the most of them:
    a try that was charged stays charged, also when whoever checked it was killed.
    """

    storm: Storm
    phone: Phone
    friends: list[Phone]
    chance: random.Random
    tries: int = 0
    tries_most: int = 0
    bug: str = ""

    def live(self) -> None:
        """Do one thing after the other until the storm is over."""
        deeds = [self.pay] * 8 + [
            self.pay_after_a_wrong_pin,
            self.pay_and_repeat,
            self.hang_up_on_the_answer,
            self.give_up_at_the_pin,
            self.pay_late,
            self.look,
        ]
        if self.storm.only_pay:
            deeds = [self.pay]
        while not self.storm.stopped.is_set():
            self._do(self.chance.choice(deeds))

    def _do(self, deed: Callable[[], None]) -> None:
        pause = self.chance.uniform(0, self.storm.pause_seconds)
        try:
            deed()
        except (Lost, httpx.HTTPError):
            self.phone.hang_up()
            pause = PAUSE_SECONDS
        except Exception as error:  # noqa: BLE001 - a bug of these tests, told at the end
            self.bug = f"{deed.__name__}: {error!r}"
            self.storm.stopped.set()
        time.sleep(pause)

    def pay(self) -> None:
        """Send, and if nothing is learnt, dial again to learn it."""
        intent = self._at_pin()
        intent.pin_given = True
        self._hear(intent, self._give(self.phone.pin))

    def pay_after_a_wrong_pin(self) -> None:
        intent = self._at_pin()
        screen = self._give(WRONG_PIN)
        if screen.asks_pin:
            intent.pin_given = True
            screen = self._give(self.phone.pin)
        self._hear(intent, screen)

    def pay_and_repeat(self) -> None:
        """The network delivers the PIN again, several times, after its answer came."""
        intent = self._at_pin()
        text = self.phone.transcript(self.phone.pin)
        call, number = self.phone.screen.call, self.phone.number
        intent.pin_given = True
        self._hear(intent, self._give(self.phone.pin))
        for _copy in range(3):
            self._hear_once(intent, self._deliver(call, number, text))

    def hang_up_on_the_answer(self) -> None:
        """Give the PIN and hang up before the answer is there; dial again when that is known."""
        emptied = self.storm.emptied
        intent = self._at_pin()
        text = self.phone.transcript(self.phone.pin)
        call, number = self.phone.screen.call, self.phone.number
        intent.pin_given = True
        delivery = threading.Thread(target=self._deliver, args=(call, number, text), daemon=True)
        delivery.start()
        time.sleep(self.chance.uniform(0, 0.05))
        self.phone.hang_up()
        is_known = self._end_is_known(call)
        self._learn(intent)
        delivery.join(20)
        intent.must_be_told = is_known and emptied == self.storm.emptied

    def _end_is_known(self, call: str) -> bool:
        """Wait until the company has told the application of a call's end, or has given up."""
        for _look in range(LOOKS_MOST):
            state = self.storm.system.desk.told_end(call, self.phone.number)
            if state != "waiting":
                return state == "acknowledged"
            time.sleep(0.05)
        return False

    def give_up_at_the_pin(self) -> None:
        intent = self._at_pin()
        self.phone.hang_up()
        self._learn(intent)

    def pay_late(self) -> None:
        """The line is cut at the PIN; what was typed arrives after the caller has dialled again."""
        intent = self._at_pin()
        text = self.phone.transcript(self.phone.pin)
        call, number = self.phone.screen.call, self.phone.number
        intent.pin_given = True
        self.phone.hang_up()
        self._learn(intent)
        self._hear_once(intent, self._deliver(call, number, text))

    def look(self) -> None:
        """Ask for the balance."""
        self.phone.home()
        self.phone.choose(BALANCE)
        self._give(self.phone.pin)
        self.phone.hang_up()

    def _at_pin(self) -> Intent:
        friend = self.chance.choice(self.friends)
        intent = self.storm.intent(self.phone, friend)
        self.phone.to_pin(friend, intent.amount)
        return intent

    def _give(self, pin: str) -> Screen:
        self._count_try()
        screen = self.phone.say(pin)
        if SENT.search(screen.text) or HAVE.search(screen.text):
            self.tries = 0
        return screen

    def _count_try(self) -> None:
        self.tries += 1
        self.tries_most = max(self.tries, self.tries_most)

    def _deliver(self, call: str, number: str, text: str) -> Screen:
        self._count_try()
        try:
            body = self.storm.system.post(call, number, text)
        except httpx.HTTPError:
            return Screen("", ends=True, trouble="no answer")
        return Screen(body[4:], ends=body.startswith("END"))

    def _hear(self, intent: Intent, screen: Screen) -> None:
        """Take in the answer to the PIN; dial again if it told nothing."""
        if self._hear_once(intent, screen) is Told.NOTHING:
            self.phone.hang_up()
            self._learn(intent)

    def _hear_once(self, intent: Intent, screen: Screen) -> Told:
        told = SENT.search(screen.text) or LAST.search(screen.text)
        if told and told["amount"] == intent.shown:
            intent.hear(Told.SENT, told["ref"])
            return Told.SENT
        if NOT_SENT.search(screen.text) and not screen.trouble:
            intent.hear(Told.NOT_SENT)
            return Told.NOT_SENT
        intent.hear(Told.NOTHING)
        return Told.NOTHING

    def _learn(self, intent: Intent) -> None:
        """Dial until there is an answer, and see whether it speaks of the payment."""
        for _dial in range(DIALS_MOST):
            try:
                screen = self.phone.dial()
            except (Lost, httpx.HTTPError):
                screen = Screen("", ends=True)
            if not screen.ends:
                break
            time.sleep(PAUSE_SECONDS)
        self._hear_once(intent, self.phone.screen)
        if self.phone.screen.offers(MAIN_MENU):
            self.phone.choose(MAIN_MENU)
        self.phone.hang_up()
