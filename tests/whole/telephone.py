"""A telephone as a hand holds it: through the simulator over HTTP, choosing by what a label says."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
Words = tuple[str, ...]

# What a label says, in every language the menus speak.
ENGLISH, SWAHILI = ("English",), ("Kiswahili",)
ACCEPT: Words = ("I accept", "Nakubali")
SEND: Words = ("Send", "Tuma")
BALANCE: Words = ("Balance", "Salio")
STATEMENT: Words = ("Statement", "Taarifa fupi")
BY_SMS: Words = ("Get it by SMS", "Ipate kwa SMS")
ACCOUNT: Words = ("My account", "Akaunti")
CHANGE_NAME: Words = ("Change my name", "Badilisha jina")
CHANGE_PIN: Words = ("Change my PIN", "Badilisha PIN")
LANGUAGE: Words = ("Lugha / Language",)
HELP: Words = ("Help", "Msaada")
LAST_PAYMENT: Words = ("My last payment", "Malipo ya mwisho")
REPORT: Words = ("Report a problem", "Ripoti tatizo")
MAIN_MENU: Words = ("Main menu", "Menyu kuu")
CONTINUE: Words = ("Continue", "Endelea")
INVITE: Words = ("Invite them by SMS, free", "Mwalike kwa SMS, bure")
ONCE_MORE: Words = ("Yes, once more", "Ndiyo")

ASKS_PIN = re.compile(r"Your PIN:|PIN yako:")
SENT = re.compile(
    r"(?:Sent|Umetuma) (?P<amount>[\d.,]+) \w+ (?:to|kwa) .*(?:Ref|Kumb) (?P<ref>\w{7})"
)
LAST = re.compile(
    r"(?:Your last payment|Malipo yako ya mwisho): (?P<amount>[\d.,]+) \w+ .*"
    r"(?:Ref|Kumb) (?P<ref>\w{7})"
)
NOT_SENT = re.compile(
    r"NOT sent|Not sent|Nothing was sent|Nothing was done|HAYAKUTUMWA|Hazikutumwa|Hakuna kilicho"
)
HAVE = re.compile(r"(?:You have|Una) (?P<amount>[\d.,]+) \w+\.")

SMS_SENT = re.compile(r"(?P<ref>\w{7}): (?:you sent|umetuma) (?P<amount>[\d.,]+) ")
SMS_RECEIVED = re.compile(r"(?P<ref>\w{7}): (?:you got|umepokea) (?P<amount>[\d.,]+) ")

PATIENCE_SECONDS = 20.0


class Lost(AssertionError):
    """The caller was not shown what they expected."""


@dataclass(frozen=True)
class Screen:
    """What the caller sees; `trouble` is the operator's own message in the screen's place."""

    text: str
    ends: bool
    trouble: str = ""
    call: str = ""

    def key(self, label: Words) -> str:
        """The digit beside a label."""
        for line in self.text.split("\n"):
            number, _dot, words = line.partition(". ")
            if number.isdecimal() and words in label:
                return number
        raise Lost(f"no {label[0]!r} on: {self.text!r} {self.trouble}")

    def offers(self, label: Words) -> bool:
        """Whether the label stands on the screen with a digit beside it."""
        try:
            return bool(self.key(label))
        except Lost:
            return False

    @property
    def asks_pin(self) -> bool:
        return not self.ends and bool(ASKS_PIN.search(self.text))


@dataclass(frozen=True)
class Desk:
    """The simulated company's own counter: phones, books, faults."""

    http: httpx.Client

    @classmethod
    def at(cls, address: str) -> Desk:
        limits = httpx.Limits(max_keepalive_connections=40, keepalive_expiry=1.0)
        return cls(httpx.Client(base_url=address, timeout=40, trust_env=False, limits=limits))

    def ask(self, verb: str, path: str, **more: Any) -> Any:
        answer = self.http.request(verb, path, **more)
        if answer.is_error:
            raise Lost(f"{verb} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def books(self, kind: str, phone: str = "") -> list[dict[str, Any]]:
        """One kind of the company's records: sessions, events, sms, …"""
        found: list[dict[str, Any]] = self.ask(
            "GET", "/control/books", params={"phone": phone} if phone else {}
        )[kind]
        return found

    def sms(self, phone: str) -> list[str]:
        """Every SMS that the company accepted for this phone, oldest first."""
        found = self.ask("GET", "/control/sms", params={"to": phone, "since": 0})["sms"]
        return [one["text"] for one in found]

    def told_end(self, call: str, phone: str) -> str:
        """How telling the application of this call's end went: waiting, acknowledged, given up, …"""
        states: dict[str, str] = {
            event["fields"]["sessionId"]: event["state"] for event in self.books("events", phone)
        }
        return states.get(call, "waiting")

    def has_reported(self) -> bool:
        """Whether every delivery report was handed over; one refused is brought again later."""
        reports = [report for sms in self.books("sms") for report in sms["reports"]]
        return all(report["state"] != "waiting" for report in reports)

    def spoil(self, *faults: dict[str, Any]) -> None:
        """Switch these faults on, and every other off."""
        self.ask("PUT", "/control/faults", json={"faults": list(faults)})

    def calm(self) -> None:
        """Switch every fault off."""
        self.spoil()

    def configure(self, **wishes: Any) -> None:
        self.ask("PUT", "/control/config", json=wishes)

    def close(self) -> None:
        self.http.close()


@dataclass
class Phone:
    """One telephone and its owner, who knows a PIN."""

    desk: Desk
    number: str
    pin: str = "7306"
    screen: Screen = field(default=Screen("", ends=True))
    typed: list[str] = field(default_factory=list)

    @property
    def national(self) -> str:
        """The number as a neighbour would type it."""
        return "0" + self.number.removeprefix("+254")

    def dial(self, tail: str = "") -> Screen:
        """Dial the service code, perhaps with answers in it: `2*1`."""
        code = f"*384*96*{tail}#" if tail else "*384*96#"
        self.typed = [tail] if tail else []
        return self._do("dial", code=code)

    def say(self, *answers: str) -> Screen:
        """Type one answer after the other."""
        for answer in answers:
            if self.screen.ends:
                raise Lost(f"nobody listens to {answer!r} after {self.screen}")
            self.typed.append(answer)
            self._do("reply", text=answer)
        return self.screen

    def transcript(self, *more: str) -> str:
        """All that was typed in this call, and perhaps more, as the gateway repeats it."""
        return "*".join([*self.typed, *more])

    def choose(self, *labels: Words) -> Screen:
        """Press the digit beside each label in turn."""
        for label in labels:
            self.say(self.screen.key(label))
        return self.screen

    def hang_up(self) -> None:
        """End the call, if one is open."""
        if not self.screen.ends:
            self.desk.http.post(f"/phones/{self.number}/hangup")
            self.screen = Screen(self.screen.text, ends=True)

    def home(self) -> Screen:
        """Dial and come to the main menu, whatever is told first."""
        self.dial()
        if self.screen.offers(MAIN_MENU):
            self.choose(MAIN_MENU)
        return self.screen

    def join(self, name: str = "Juma Otieno", language: Words = ENGLISH) -> Screen:
        """Become a member."""
        self.dial()
        self.choose(language, ACCEPT)
        return self.say(name, self.pin, self.pin)

    def to_pin(self, payee: Phone, amount: str) -> Screen:
        """Walk to where the PIN for a payment is asked."""
        self.home()
        self.choose(SEND)
        self.say(payee.national, amount)
        if self.screen.offers(ONCE_MORE):
            self.choose(ONCE_MORE)
        if not self.screen.asks_pin:
            raise Lost(f"no PIN asked: {self.screen}")
        return self.screen

    def send(self, payee: Phone, amount: str) -> Screen:
        """Pay."""
        self.to_pin(payee, amount)
        return self.say(self.pin)

    def balance(self) -> str:
        """What the caller has, as the phone shows it."""
        self.home()
        self.choose(BALANCE)
        shown = HAVE.search(self.say(self.pin).text)
        if shown is None:
            raise Lost(f"no balance: {self.screen}")
        self.hang_up()
        return shown["amount"]

    def last_payment(self) -> str:
        """What the help menu says of the last payment."""
        self.home()
        self.choose(HELP, LAST_PAYMENT)
        text = self.say(self.pin).text
        self.hang_up()
        return text

    def sms(self) -> list[str]:
        """Every SMS to this phone so far, oldest first."""
        return self.desk.sms(self.number)

    def sms_like(self, pattern: str | re.Pattern[str]) -> str:
        """Wait for an SMS that says so."""
        return eventually(
            lambda: next((text for text in self.sms() if re.search(pattern, text)), ""),
            f"an SMS like {pattern!r} to {self.number}",
        )

    def _do(self, verb: str, **body: str) -> Screen:
        told = self.desk.ask("POST", f"/phones/{self.number}/{verb}", json=body)
        self.screen = Screen(
            told["screen"], told["ends"], told["operator_error"] or "", told["session_id"] or ""
        )
        return self.screen


_given: set[str] = set()


def new_number() -> str:
    """A mobile number that nobody has yet; it ends in 1, as no PIN of ours does."""
    while True:
        number = f"+25471{secrets.randbelow(10**6):06}1"
        if number not in _given:
            _given.add(number)
            return number


def eventually(found: Callable[[], T], what: str = "it", *, seconds: float = PATIENCE_SECONDS) -> T:
    """What is found, once it is there; fails when it never comes."""
    deadline = time.monotonic() + seconds
    while True:
        result = found()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Lost(f"{what} did not come within {seconds:g} seconds: {result!r}")
        time.sleep(0.03)
