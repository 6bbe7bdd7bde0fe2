"""Which people are wanted, and in which order: read from the query of an address, and from it alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from ussd_app.errors import Invalid
from ussd_app.members.kinds import KINDS
from ussd_app.members.places import Place
from ussd_app.members.status import Status
from ussd_app.text import Text, _
from ussd_app.values import plain_digits

WORDS_MOST = 60
YEARS = range(2000, 2101)  # of others no midnight is known in every zone
PRIVATE = frozenset({"q", "location"})
"""Fields that hold what is somebody's own."""
TIERS = ("0", "1", "2", "3")
PIN_STATES = ("ok", "none", "locked")
SORTS = ("name", "joined", "id", "balance")
BEST = "best"
"""The order of a search: whole words before beginnings, beginnings before typos."""
ORDERS = ("up", "down")
TAG = re.compile(r"[a-z][a-z-]{1,23}")

UNKNOWN = _("There is no such filter.")
NOT_IN_LIST = _("Choose one of the list.")
NO_DAY = _("Type a day like 2026-11-21.")
NO_AMOUNT = _("Type an amount like 12.50.")
NO_ID = _("Type an id like 12.")
NO_TAG = _("A tag has 2 to 24 small letters, and hyphens.")
TOO_LONG = _("Type fewer letters.")


class InvalidFilter(Invalid):
    """What cannot be filtered by, and in which field."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class PeopleFilter:
    """What is asked of people; None asks nothing. Amounts are in whole tokens, as typed."""

    q: str | None = None
    kind: str | None = None
    status: str | None = None
    token: str | None = None
    balance_from: str | None = None
    balance_to: str | None = None
    sent_since: date | None = None
    active_since: date | None = None
    group: str | None = None
    location: str | None = None
    tier: str | None = None
    pin: str | None = None
    tag: str | None = None
    language: str | None = None
    sort: str | None = None
    order: str | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> PeopleFilter:
        """Read the query of an address; an empty value asks nothing. Raises InvalidFilter."""
        read: dict[str, Any] = {}
        for field, typed in query.items():
            if field not in _READ:
                raise InvalidFilter(field, UNKNOWN)
            if plain := typed.replace("\0", "").strip():
                read[field] = _READ[field](field, plain)
        return cls(**read)

    @property
    def sorted_by(self) -> str:
        """The order in which they come: a search without a wish brings the best first."""
        return self.sort or (BEST if self.q else "name")

    @property
    def is_down(self) -> bool:
        return self.order == "down" and self.sorted_by != BEST

    def without(self, field: str) -> PeopleFilter:
        """The same with one question less."""
        changes: dict[str, Any] = {field: None}
        return replace(self, **changes)

    @property
    def is_private(self) -> bool:
        """Whether it asks for what not everybody may know."""
        return not PRIVATE.isdisjoint(self.asked)

    @cached_property
    def without_search(self) -> PeopleFilter:
        """The same without what was searched for, which may be somebody's name or number."""
        return self.without("q")

    @cached_property
    def asked(self) -> Mapping[str, str]:
        """Every field that asks something, as it would be typed."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value is not None}

    @property
    def query(self) -> str:
        """The query of the address that asks the same."""
        return urlencode(self.asked)


def one_of(*words: str) -> Callable[[str, str], str]:
    """Reads one of these words. Raises InvalidFilter, as all that read do."""

    def read(field: str, typed: str) -> str:
        if typed not in words:
            raise InvalidFilter(field, NOT_IN_LIST)
        return typed

    return read


def _words(field: str, typed: str) -> str:
    if len(typed) > WORDS_MOST:
        raise InvalidFilter(field, TOO_LONG)
    return typed


def day(field: str, typed: str) -> date:
    """Reads a day of the calendar: 2026-11-21."""
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        raise InvalidFilter(field, NO_DAY) from None
    if found.year not in YEARS:
        raise InvalidFilter(field, NO_DAY)
    return found


def amount(field: str, typed: str) -> str:
    """Reads a number of whole tokens: 12.50."""
    plain = plain_digits(typed).replace(",", "")
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", plain):
        raise InvalidFilter(field, NO_AMOUNT)
    return plain


def _tag(field: str, typed: str) -> str:
    if not TAG.fullmatch(typed):
        raise InvalidFilter(field, NO_TAG)
    return typed


def code(field: str, typed: str) -> str:
    """Reads what may be the code of a token."""
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,11}", typed):
        raise InvalidFilter(field, NOT_IN_LIST)
    return typed


def _id(field: str, typed: str) -> str:
    if not re.fullmatch(r"[0-9]{1,18}", plain_digits(typed)):
        raise InvalidFilter(field, NO_ID)
    return plain_digits(typed)


def _place(field: str, typed: str) -> str:
    try:
        return Place.parse(typed)
    except Invalid as no:
        raise InvalidFilter(field, no.message) from None


def _language(field: str, typed: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}", typed):
        raise InvalidFilter(field, NOT_IN_LIST)
    return typed


_READ: Mapping[str, Callable[[str, str], str | date]] = {
    "q": _words,
    "kind": one_of(*KINDS),
    "status": one_of(*Status),
    "token": code,
    "balance_from": amount,
    "balance_to": amount,
    "sent_since": day,
    "active_since": day,
    "group": _id,
    "location": _place,
    "tier": one_of(*TIERS),
    "pin": one_of(*PIN_STATES),
    "tag": _tag,
    "language": _language,
    "sort": one_of(*SORTS),
    "order": one_of(*ORDERS),
}

FIELDS = tuple(_READ)
