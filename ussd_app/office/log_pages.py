"""How logs are turned page by page: newest first, each page from where the last one ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ussd_app.errors import Invalid
from ussd_app.office.people import NO_PAGE

PAGE = 30
ID_MOST = 2**63 - 1
_PLACE = re.compile(r"([0-9]{1,11})\.([0-9]{6})-([0-9]{1,18})")


def cursor(at: datetime, number: int) -> str:
    """Where the next page begins: a moment and an id, which name nobody."""
    return f"{int(at.timestamp())}.{at.microsecond:06}-{number}"


def place(after: str) -> tuple[datetime, int]:
    """The opposite. Raises Invalid."""
    found = _PLACE.fullmatch(after)
    if found is None:
        raise Invalid(NO_PAGE)
    moment = datetime.fromtimestamp(int(found[1]), UTC)
    return moment.replace(microsecond=int(found[2])), int(found[3])
