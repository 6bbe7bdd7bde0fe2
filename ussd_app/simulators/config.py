"""What the company is told before it opens: codes, keys, where to call, and whose phones to show."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ussd_app.simulators.errors import Refused
from ussd_app.simulators.numbers import phone_number
from ussd_app.simulators.stories import Story, story
from ussd_app.simulators.wishes import fields, listed, matching, number, words

MAX_PEOPLE = 24
MAX_STORIES = 12
_LIMITS: dict[str, tuple[float, float]] = {
    "gateway_timeout_seconds": (0.05, 60),
    "session_seconds": (0.1, 3600),
    "sms_seconds": (0, 60),
    "sim_seconds": (0, 60),
    "callback_attempts": (1, 20),
    "callback_pause_seconds": (0.01, 60),
    "seed": (0, 2**31),
}
_WHOLE = {"callback_attempts", "seed"}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody whose phone stands ready on the page; the PIN and the note are shown to the visitor."""

    phone: str
    name: str
    pin: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Callbacks:
    """Full addresses of the application; they may hold secrets, so they are never printed or shown."""

    ussd: str = field(default="", repr=False)
    events: str = field(default="", repr=False)
    delivery: str = field(default="", repr=False)
    inbound: str = field(default="", repr=False)
    optout: str = field(default="", repr=False)
    sim_swap: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that can be set; the defaults are a company that is open but has nobody to call."""

    service_code: str = "*384*96#"
    short_code: str = "22384"
    network_code: str = "63902"
    username: str = "sandbox"
    api_key: str = field(default="sandbox", repr=False)
    sender_ids: tuple[str, ...] = ()
    callbacks: Callbacks = Callbacks()
    people: tuple[Person, ...] = ()
    stories: tuple[Story, ...] = ()
    gateway_timeout_seconds: float = 10.0
    session_seconds: float = 180.0
    sms_seconds: float = 0.4
    sim_seconds: float = 0.4
    callback_attempts: int = 6
    callback_pause_seconds: float = 0.5
    seed: int = 0
    mail_port: int = 0

    def changed(self, wishes: Mapping[str, Any]) -> "Config":
        """Return a copy with the wishes granted, or refuse naming every fault of them at once."""
        faults: list[str] = []
        values: dict[str, Any] = {}
        for name, wish in wishes.items():
            try:
                values[name] = self._parsed(name, wish)
            except Refused as refusal:
                faults.append(f"{name}: {refusal.message}")
        if faults:
            raise Refused("; ".join(faults))
        return dataclasses.replace(self, **values)

    def public(self) -> dict[str, Any]:
        """Return what anybody may see: no key, no address of a callback, no PIN."""
        return {
            "service_code": self.service_code,
            "short_code": self.short_code,
            "network_code": self.network_code,
            "callbacks": {
                name: bool(address) for name, address in dataclasses.asdict(self.callbacks).items()
            },
            "people": len(self.people),
            **{name: getattr(self, name) for name in _LIMITS},
        }

    def _parsed(self, name: str, wish: Any) -> Any:
        if name == "callbacks":
            return dataclasses.replace(self.callbacks, **_addresses(wish))
        if name in _LIMITS:
            return number(wish, *_LIMITS[name], whole=name in _WHOLE)
        if name not in _PARSERS:
            raise Refused("no such setting")
        return _PARSERS[name](wish)


def _addresses(wish: Any) -> dict[str, str]:
    names = {each.name for each in dataclasses.fields(Callbacks)}
    addresses = fields(wish, allowed=names, hint="the callbacks are " + ", ".join(sorted(names)))
    for address in addresses.values():
        hint = "each callback is a full http address, or empty"
        matching(address, pattern=r"(https?://\S{1,500})?", hint=hint)
    return addresses


def _person(wish: Any) -> Person:
    if isinstance(wish, Person):
        return wish
    allowed, hint = (
        {"phone", "name", "pin", "note"},
        "a person has phone, name and perhaps pin, note",
    )
    told = fields(wish, allowed=allowed, hint=hint)
    return Person(
        phone=phone_number(told.get("phone")),
        name=words(told.get("name", "")),
        pin=words(told.get("pin", "")),
        note=words(told.get("note", "")),
    )


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "mail_port": partial(number, least=0, most=65535, whole=True),
    "service_code": partial(matching, pattern=r"\*[0-9]+(\*[0-9]+)*#", hint="like *384*96#"),
    "short_code": partial(matching, pattern=r"[0-9]{3,8}", hint="3 to 8 digits"),
    "network_code": partial(matching, pattern=r"[0-9]{3,8}", hint="3 to 8 digits"),
    "username": words,
    "api_key": partial(words, most=200),
    "sender_ids": lambda wish: tuple(words(each) for each in listed(wish, most=50)),
    "people": lambda wish: tuple(_person(each) for each in listed(wish, most=MAX_PEOPLE)),
    "stories": lambda wish: tuple(story(each) for each in listed(wish, most=MAX_STORIES)),
}
