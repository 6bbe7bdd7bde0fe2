"""What is asked of USSD sessions: of whom, when, how they ended, where they led."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from ussd_app.errors import Invalid
from ussd_app.text import Text, _
from ussd_app.values import Phone, plain_digits

ID_DIGITS_MOST = 8  # a number of a telephone has more
STATUSES = ("Open", "Success", "Incomplete", "Failed")
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")

NO_DAY = _("Type the day as year-month-day.")
NO_STATUS = _("Choose one of the list.")
NO_LABEL = _("A screen is written like Home.menu.")
NO_SUCH_FIELD = _("There is no such filter.")


class InvalidCallFilter(Invalid):
    """A filter that cannot be read; `field` says which."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class CallFilter:
    """What a list of sessions is narrowed to; None asks nothing. Days are those of the organisation."""

    who: str | None = None
    since: date | None = None
    until: date | None = None
    status: str | None = None
    failed: str | None = None
    label: str | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> CallFilter:
        """Read the query of an address. Raises InvalidCallFilter."""
        read: dict[str, Any] = {}
        for name, typed in query.items():
            plain = typed.replace("\0", "").strip()
            if name not in FIELDS:
                raise InvalidCallFilter(name, NO_SUCH_FIELD)
            if plain:
                read[name] = _value(name, plain)
        return cls(**read)

    @property
    def asked(self) -> dict[str, str]:
        """Every field that asks something, as it would be typed."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {name: str(value) for name, value in values.items() if value is not None}

    @property
    def member(self) -> int | None:
        """Whose they are, by id."""
        return int(self.who) if self.who and _is_id(self.who) else None

    def phone(self, near: str) -> Phone | None:
        """Whose they are, by number. Raises Invalid."""
        return Phone.parse(self.who, near=near) if self.who and not _is_id(self.who) else None


FIELDS = tuple(field.name for field in fields(CallFilter))


def _is_id(who: str) -> bool:
    return who.isascii() and who.isdigit() and len(who) <= ID_DIGITS_MOST and who[0] != "0"


def _value(name: str, typed: str) -> str | date:
    match name:
        case "since" | "until":
            try:
                return date.fromisoformat(typed)
            except ValueError:
                raise InvalidCallFilter(name, NO_DAY) from None
        case "status" if typed not in STATUSES:
            raise InvalidCallFilter(name, NO_STATUS)
        case "label" if not LABEL.fullmatch(typed):
            raise InvalidCallFilter(name, NO_LABEL)
        case "failed":
            return "yes"
        case "who":
            return plain_digits(typed)[:24]
        case _:
            return typed
