"""What is asked of a log: of whom, when, and what became of it. Sessions and SMS each add their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ussd_app.digits import plain_digits
from ussd_app.office.filters import Filter, day, like, one_of, read_by
from ussd_app.text import _
from ussd_app.values import Phone

ID_DIGITS_MOST = 8  # a number of a telephone has more
WHO_LETTERS = 24
CALL_STATUSES = ("Open", "Success", "Incomplete", "Failed")
SMS_STATES = (
    "waiting", "sending", "unclear", "sent", "delivered", "failed", "expired", "suppressed",
)  # fmt: skip
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")
KIND = re.compile(r"[a-z][a-z-]{0,30}")

NO_LABEL = _("A screen is written like Home.menu.")
NO_KIND = _("A kind is written in small letters.")


@dataclass(frozen=True)
class LogFilter(Filter):
    """What a log is narrowed to. Days are those of the organisation."""

    who: str | None = read_by(lambda _name, typed: plain_digits(typed)[:WHO_LETTERS])
    since: date | None = read_by(day)
    until: date | None = read_by(day)
    failed: str | None = read_by(lambda _name, _typed: "yes")

    @property
    def is_private(self) -> bool:
        return bool(self.who) and self.member is None

    @property
    def told(self) -> dict[str, str]:
        """What is asked, without whom it is about, which may be a number."""
        return {name: value for name, value in self.asked.items() if name != "who"}

    @property
    def member(self) -> int | None:
        """Of whom, by id."""
        return int(self.who) if self.who and _is_id(self.who) else None

    def phone(self, near: str) -> Phone | None:
        """Of whom, by number. Raises Invalid."""
        return Phone.parse(self.who, near=near) if self.who and not _is_id(self.who) else None


@dataclass(frozen=True)
class CallFilter(LogFilter):
    """What is asked of USSD sessions: also how they ended, and which screen was shown."""

    status: str | None = read_by(one_of(*CALL_STATUSES))
    label: str | None = read_by(like(LABEL, NO_LABEL))


@dataclass(frozen=True)
class SmsFilter(LogFilter):
    """What is asked of SMS: also what they are about, and how far they came."""

    kind: str | None = read_by(like(KIND, NO_KIND))
    state: str | None = read_by(one_of(*SMS_STATES))


def _is_id(who: str) -> bool:
    return who.isascii() and who.isdigit() and len(who) <= ID_DIGITS_MOST and who[0] != "0"
