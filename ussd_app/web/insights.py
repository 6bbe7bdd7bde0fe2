"""Read what Africa's Talking Insights tells of a SIM; docs/wire.md says what of it is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from ussd_app.members.sim_swaps import CLEAN, SWAPPED, UNKNOWN

ANSWERED = {"swapped", "noswapdate", "notswapped", "success"}
NEVER = date(1900, 1, 1)  # what they write for a SIM that was not swapped within their memory
FIRST_SIM_YEAR = 1991
WHOLE_DAY = timedelta(hours=36)  # from midnight in UTC until a day has ended everywhere

_DATE = re.compile(r"(\d{4}|\d{2})[-/.](\d{2})[-/.](\d{4}|\d{2})(?:[T ].*)?")
_YEAR_DIGITS = 4


def verdict(status: str, last_swap: str, *, now: datetime, fresh: timedelta) -> str:
    """'swapped' if that may be less than `fresh` ago, 'clean' only if it certainly is not.

    `last_swap` names a day, '31-12-2026', in nobody knows which zone. The status alone decides
    nothing: they write 'Swapped' beside a date long ago, too.
    """
    if status.strip().lower() not in ANSWERED:
        return UNKNOWN
    days = set(_days(last_swap.strip()))
    if days == {NEVER}:
        return CLEAN
    tomorrow = now.date() + timedelta(days=1)
    possible = [day for day in days if day.year >= FIRST_SIM_YEAR and day <= tomorrow]
    if not possible:
        return UNKNOWN
    ended = datetime.combine(max(possible), datetime.min.time(), UTC) + WHOLE_DAY
    return CLEAN if now - ended >= fresh else SWAPPED


def _days(written: str) -> Iterator[date]:
    """Every day that may be meant: the year is clear, and day and month may stand either way."""
    found = _DATE.fullmatch(written)
    if not found:
        return
    first, middle, last = found.groups()
    if len(first) == _YEAR_DIGITS:
        orders = [(first, middle, last)]
    else:
        orders = [(last, middle, first), (last, first, middle)]
    for year, month, day in orders:
        with suppress(ValueError):  # there is no such day
            yield date(int(year), int(month), int(day))
