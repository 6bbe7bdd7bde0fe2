"""What is asked of a log: of whom, when, and what became of it. Sessions and SMS each add their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, ClassVar, Self

from ussd_app.errors import Invalid
from ussd_app.office.people_filter import NO_DAY, NOT_IN_LIST, UNKNOWN
from ussd_app.text import Text, _
from ussd_app.values import Phone, plain_digits

ID_DIGITS_MOST = 8  # a number of a telephone has more
WHO_LETTERS = 24
YEARS = range(2000, 2101)
CALL_STATUSES = ("Open", "Success", "Incomplete", "Failed")
SMS_STATES = (
    "waiting", "sending", "unclear", "sent", "delivered", "failed", "expired", "suppressed",
)  # fmt: skip
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")
KIND = re.compile(r"[a-z][a-z-]{0,30}")

NO_LABEL = _("A screen is written like Home.menu.")
NO_KIND = _("A kind is written in small letters.")

Reader = Callable[[str, str], str | date]


class InvalidLogFilter(Invalid):
    """A filter that cannot be read; `field` says which."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class LogFilter:
    """What a log is narrowed to; None asks nothing. Days are those of the organisation."""

    readers: ClassVar[Mapping[str, Reader]] = {}

    who: str | None = None
    since: date | None = None
    until: date | None = None
    failed: str | None = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The fields that can be asked."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Read the query of an address. Raises InvalidLogFilter."""
        read: dict[str, Any] = {}
        for name, typed in query.items():
            if name not in cls.names():
                raise InvalidLogFilter(name, UNKNOWN)
            if plain := typed.replace("\0", "").strip():
                read[name] = {**_READERS, **cls.readers}[name](name, plain)
        return cls(**read)

    @property
    def asked(self) -> dict[str, str]:
        """Every field that asks something, as it would be typed."""
        values = {name: getattr(self, name) for name in self.names()}
        return {name: str(value) for name, value in values.items() if value is not None}

    @property
    def told(self) -> dict[str, str]:
        """The same without whom it is about, which may be a number."""
        return {name: value for name, value in self.asked.items() if name != "who"}

    @property
    def member(self) -> int | None:
        """Of whom, by id."""
        return int(self.who) if self.who and _is_id(self.who) else None

    def phone(self, near: str) -> Phone | None:
        """Of whom, by number. Raises Invalid."""
        return Phone.parse(self.who, near=near) if self.who and not _is_id(self.who) else None


def _is_id(who: str) -> bool:
    return who.isascii() and who.isdigit() and len(who) <= ID_DIGITS_MOST and who[0] != "0"


def _day(name: str, typed: str) -> date:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise InvalidLogFilter(name, NO_DAY) from None
    if day.year not in YEARS:
        raise InvalidLogFilter(name, NO_DAY)
    return day


def _one_of(*words: str) -> Reader:
    def read(name: str, typed: str) -> str:
        if typed not in words:
            raise InvalidLogFilter(name, NOT_IN_LIST)
        return typed

    return read


def _like(pattern: re.Pattern[str], complaint: Text) -> Reader:
    def read(name: str, typed: str) -> str:
        if not pattern.fullmatch(typed):
            raise InvalidLogFilter(name, complaint)
        return typed

    return read


_READERS: Mapping[str, Reader] = {
    "who": lambda _name, typed: plain_digits(typed)[:WHO_LETTERS],
    "since": _day,
    "until": _day,
    "failed": lambda _name, _typed: "yes",
}


@dataclass(frozen=True)
class CallFilter(LogFilter):
    """What is asked of USSD sessions: also how they ended, and which screen was shown."""

    readers: ClassVar[Mapping[str, Reader]] = {
        "status": _one_of(*CALL_STATUSES),
        "label": _like(LABEL, NO_LABEL),
    }

    status: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class SmsFilter(LogFilter):
    """What is asked of SMS: also what they are about, and how far they came."""

    readers: ClassVar[Mapping[str, Reader]] = {
        "kind": _like(KIND, NO_KIND),
        "state": _one_of(*SMS_STATES),
    }

    kind: str | None = None
    state: str | None = None
