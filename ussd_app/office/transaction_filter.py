"""Which transactions are wanted: read from the query of an address, and from it alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from ussd_app.office.people_filter import UNKNOWN, InvalidFilter, amount, code, day, one_of
from ussd_app.text import _

KINDS = ("transfer", "grant", "reversal")
CHANNELS = ("ussd", "web", "shell", "system")
POSTED, REVERSED, REVERSAL, GIVEN_UP = "posted", "reversed", "reversal", "given_up"
STATES = (POSTED, REVERSED, REVERSAL, GIVEN_UP)
PARTIES_MOST = 20
PARTIES = re.compile(rf"[0-9]{{1,18}}(,[0-9]{{1,18}}){{0,{PARTIES_MOST - 1}}}")

NO_ID = _("Type the id of a member.")


@dataclass(frozen=True)
class TransactionFilter:
    """What is asked of transactions; None asks nothing. Amounts are in whole tokens, as typed.

    `party` are ids of members, so that an address names nobody; days are the organisation's.
    """

    kind: str | None = None
    state: str | None = None
    party: str | None = None
    channel: str | None = None
    token: str | None = None
    amount_from: str | None = None
    amount_to: str | None = None
    since: date | None = None
    until: date | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> TransactionFilter:
        """Read the query of an address; an empty value asks nothing. Raises InvalidFilter."""
        read: dict[str, Any] = {}
        for field, typed in query.items():
            if field not in _READ:
                raise InvalidFilter(field, UNKNOWN)
            if plain := typed.replace("\0", "").strip():
                read[field] = _READ[field](field, plain)
        return cls(**read)

    @property
    def parties(self) -> list[int]:
        """The members who paid or were paid; none asks nothing."""
        return [int(member) for member in (self.party or "").split(",") if member]

    def without(self, field: str) -> TransactionFilter:
        """The same with one question less."""
        changes: dict[str, Any] = {field: None}
        return replace(self, **changes)

    @property
    def asked(self) -> dict[str, str]:
        """Every field that asks something, as it would be typed."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value is not None}

    @property
    def query(self) -> str:
        """The query of the address that asks the same."""
        return urlencode(self.asked)


def _ids(field: str, typed: str) -> str:
    if not PARTIES.fullmatch(typed):
        raise InvalidFilter(field, NO_ID)
    return typed


_READ: Mapping[str, Callable[[str, str], str | date]] = {
    "kind": one_of(*KINDS),
    "state": one_of(*STATES),
    "party": _ids,
    "channel": one_of(*CHANNELS),
    "token": code,
    "amount_from": amount,
    "amount_to": amount,
    "since": day,
    "until": day,
}

FIELDS = tuple(_READ)
