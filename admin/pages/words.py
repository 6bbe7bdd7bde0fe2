"""What types, states and places of a list are called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, lru_cache

from babel.dates import format_date
from flask_babel.speaklater import LazyString
from markupsafe import Markup

from admin.guard import services
from admin.language import chosen, lazy_gettext as _

DAYS_KEPT = 1000  # as each language writes them: a list has few, many times

KINDS: Mapping[str, LazyString] = {
    "individual": _("Individual"),
    "group": _("Group"),
    "borrower": _("Borrower"),
    "originator_agent": _("Agent"),
    "token_agent": _("Token agent"),
}
STATUSES: Mapping[str, LazyString] = {
    "INVITED": _("Invited"),
    "ACTIVE": _("Active"),
    "BLOCKED": _("Blocked"),
    "EXPIRED": _("Invitation lapsed"),
    "DELETED": _("Deleted"),
}
PINS: Mapping[str, LazyString] = {
    "ok": _("PIN works"),
    "none": _("No PIN"),
    "locked": _("PIN locked"),
}
SORTS: Mapping[str, LazyString] = {
    "name": _("Name"),
    "joined": _("Joined"),
    "id": _("Id"),
    "balance": _("Balance"),
}
ORDERS: Mapping[str, LazyString] = {"up": _("Rising"), "down": _("Falling")}
FIELDS: Mapping[str, LazyString] = {
    "q": _("Search"),
    "kind": _("Type"),
    "status": _("Status"),
    "token": _("Token"),
    "balance_from": _("Balance from"),
    "balance_to": _("Balance to"),
    "sent_since": _("Sent money since"),
    "active_since": _("Sent or got money since"),
    "group": _("Group"),
    "location": _("Place"),
    "tier": _("KYC tier"),
    "pin": _("PIN"),
    "tag": _("Tag"),
    "language": _("Language"),
    "sort": _("Sort by"),
    "order": _("Order"),
}
SPANS: Mapping[str, LazyString] = {
    "transfer": _("One payment"),
    "day": _("Today"),
    "7d": _("Seven days"),
    "30d": _("Thirty days"),
}
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox",) * 2, ("Chrome",) * 2, ("Safari",) * 2)
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
GOOD, BAD = frozenset({"ACTIVE", "ok"}), frozenset({"BLOCKED", "locked"})


def spoken(words: Mapping[str, LazyString]) -> dict[str, str]:
    """The words in the language of whoever looks, for a list that says them often."""
    return {key: str(word) for key, word in words.items()}


def state_class(state: str) -> str:
    """The colour of a state, which its word says too."""
    return "good" if state in GOOD else "bad" if state in BAD else "waits"


@cache
def state(name: str, said: str) -> Markup:
    """A state as a mark of its colour."""
    return Markup('<span class="state {}">{}</span>').format(state_class(name), said)


def format_day(moment: datetime) -> str:
    """The day, where the organisation is: '21 Nov 2026'."""
    return day(services().local.date(moment), chosen())


def format_second(moment: datetime) -> str:
    """The hour to the second, where the organisation is: '14:03:07'."""
    return moment.astimezone(services().local.zone).strftime("%H:%M:%S")


def format_moment(moment: datetime) -> str:
    """Day and hour, where the organisation is: '21 Nov 2026 14:03'."""
    return f"{format_day(moment)} {services().local.hour(moment)}"


@lru_cache(maxsize=DAYS_KEPT)
def day(of: date, language: str) -> str:
    """A day, in a language."""
    return str(format_date(of, "d MMM y", locale=language))


def format_browser(told: str) -> str:
    """What people call a browser: 'Firefox, Android'; as it came if it is none we know."""
    found = [name for mark, name in BROWSERS if mark in told][:1]
    found += [name for name in SYSTEMS if name in told][:1]
    return ", ".join(found) or told
