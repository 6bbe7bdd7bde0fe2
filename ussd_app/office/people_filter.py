"""Which people are wanted, and in which order: read from the query of an address, and from it alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from ussd_app.digits import plain_digits
from ussd_app.errors import Invalid
from ussd_app.members.kinds import KINDS
from ussd_app.members.places import Place
from ussd_app.members.status import Status
from ussd_app.office.filters import (
    NOT_IN_LIST,
    Filter,
    InvalidFilter,
    amount,
    code,
    day,
    like,
    one_of,
    read_by,
)
from ussd_app.text import _

WORDS_MOST = 60
PRIVATE = frozenset({"q", "location"})
"""Fields that hold what is somebody's own."""
TIERS = ("0", "1", "2", "3")
PIN_STATES = ("ok", "none", "locked")
SORTS = ("name", "joined", "id", "balance")
BEST = "best"
"""The order of a search: whole words before beginnings, beginnings before typos."""
ORDERS = ("up", "down")
ID = re.compile(r"[0-9]{1,18}")
TAG = re.compile(r"[a-z][a-z-]{1,23}")
LANGUAGE = re.compile(r"[a-z]{2,3}")

NO_ID = _("Type an id like 12.")
NO_TAG = _("A tag has 2 to 24 small letters, and hyphens.")
TOO_LONG = _("Type fewer letters.")


def _words(name: str, typed: str) -> str:
    if len(typed) > WORDS_MOST:
        raise InvalidFilter(name, TOO_LONG)
    return typed


def _id(name: str, typed: str) -> str:
    digits = plain_digits(typed)
    if not ID.fullmatch(digits):
        raise InvalidFilter(name, NO_ID)
    return digits


def _place(name: str, typed: str) -> str:
    try:
        return Place.parse(typed)
    except Invalid as no:
        raise InvalidFilter(name, no.message) from None


@dataclass(frozen=True)
class PeopleFilter(Filter):
    """What is asked of people. Amounts are in whole tokens, as typed."""

    q: str | None = read_by(_words)
    kind: str | None = read_by(one_of(*KINDS))
    status: str | None = read_by(one_of(*Status))
    token: str | None = read_by(code)
    balance_from: str | None = read_by(amount)
    balance_to: str | None = read_by(amount)
    sent_since: date | None = read_by(day)
    active_since: date | None = read_by(day)
    group: str | None = read_by(_id)
    location: str | None = read_by(_place)
    tier: str | None = read_by(one_of(*TIERS))
    pin: str | None = read_by(one_of(*PIN_STATES))
    tag: str | None = read_by(like(TAG, NO_TAG))
    language: str | None = read_by(like(LANGUAGE, NOT_IN_LIST))
    sort: str | None = read_by(one_of(*SORTS))
    order: str | None = read_by(one_of(*ORDERS))

    @property
    def sorted_by(self) -> str:
        """The order in which they come: a search without a wish brings the best first."""
        return self.sort or (BEST if self.q else "name")

    @property
    def is_down(self) -> bool:
        return self.order == "down" and self.sorted_by != BEST

    @property
    def is_private(self) -> bool:
        return not PRIVATE.isdisjoint(self.asked)

    @cached_property
    def without_search(self) -> PeopleFilter:
        """The same without what was searched for, which may be somebody's name or number."""
        return self.without("q")
