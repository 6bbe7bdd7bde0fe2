"""What lists can be asked: read from the query of an address, each field by a reader of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from typing import Any, Self
from urllib.parse import urlencode

from ussd_app.digits import plain_digits
from ussd_app.errors import Invalid
from ussd_app.text import Text, _

YEARS = range(2000, 2101)  # of others no midnight is known in every zone
AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}")

UNKNOWN = _("There is no such filter.")
NOT_IN_LIST = _("Choose one of the list.")
NO_DAY = _("Type a day like 2026-11-21.")
NO_AMOUNT = _("Type an amount like 12.50.")

Reader = Callable[[str, str], str | date]
"""Takes the name of a field and what was typed there. Raises InvalidFilter."""


class InvalidFilter(Invalid):
    """What cannot be filtered by, and in which field."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(message)
        self.field = field


def read_by(reader: Reader) -> Any:
    """A field of a filter; None asks nothing."""
    return field(default=None, metadata={"read": reader})


@dataclass(frozen=True)
class Filter:
    """What is asked of a list; every field is made by `read_by`."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The fields that can be asked."""
        return tuple(one.name for one in fields(cls))

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Read the query of an address; an empty value asks nothing. Raises InvalidFilter."""
        readers = {one.name: one.metadata["read"] for one in fields(cls)}
        read: dict[str, Any] = {}
        for name, typed in query.items():
            if name not in readers:
                raise InvalidFilter(name, UNKNOWN)
            if plain := typed.replace("\0", "").strip():
                read[name] = readers[name](name, plain)
        return cls(**read)

    @property
    def is_private(self) -> bool:
        """Whether it asks for what not everybody may know."""
        return False

    @cached_property
    def asked(self) -> Mapping[str, str]:
        """Every field that asks something, as it would be typed."""
        values = {name: getattr(self, name) for name in self.names()}
        return {name: str(value) for name, value in values.items() if value is not None}

    @property
    def query(self) -> str:
        """The query of the address that asks the same."""
        return urlencode(self.asked)

    def without(self, name: str) -> Self:
        """The same with one question less."""
        changes: dict[str, Any] = {name: None}
        return replace(self, **changes)


def one_of(*words: str) -> Reader:
    """Reads one of these words."""

    def read(name: str, typed: str) -> str:
        if typed not in words:
            raise InvalidFilter(name, NOT_IN_LIST)
        return typed

    return read


def like(pattern: re.Pattern[str], complaint: Text) -> Reader:
    """Reads what is written like that."""

    def read(name: str, typed: str) -> str:
        if not pattern.fullmatch(typed):
            raise InvalidFilter(name, complaint)
        return typed

    return read


def day(name: str, typed: str) -> date:
    """Reads a day of the calendar: 2026-11-21."""
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        raise InvalidFilter(name, NO_DAY) from None
    if found.year not in YEARS:
        raise InvalidFilter(name, NO_DAY)
    return found


def amount(name: str, typed: str) -> str:
    """Reads a number of whole tokens: 12.50."""
    plain = plain_digits(typed).replace(",", "")
    if not AMOUNT.fullmatch(plain):
        raise InvalidFilter(name, NO_AMOUNT)
    return plain


code = like(CODE, NOT_IN_LIST)
"""Reads what may be the code of a token."""
