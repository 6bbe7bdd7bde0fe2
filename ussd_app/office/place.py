"""How far a reader of the books has come, so that what they have not seen yet is found.

Numbers are given before commits: one may appear below the highest that was seen. So a place knows
which numbers below its last were not there yet, and a reader looks for those too. Numbers that never
come, of payments that were undone, are forgotten when there are many.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ussd_app.errors import Invalid
from ussd_app.text import Text, _

LOOK_BACK = 300
MISSING_MOST = 100


@dataclass(frozen=True)
class Place:
    """The last number that was seen, and the newest of those before it that were not."""

    last: int
    missing: tuple[int, ...] = ()

    unreadable: ClassVar[Text] = _("There is no such page of the list.")
    _WRITTEN: ClassVar[re.Pattern[str]] = re.compile(
        rf"[0-9]{{1,18}}(\.[0-9]{{1,18}}){{0,{MISSING_MOST}}}"
    )

    @classmethod
    def of(cls, newest: Sequence[int]) -> Place:
        """Where somebody is who has seen these, the newest first."""
        place = cls(newest[-1] if newest else 0)
        for number in reversed(newest[:-1]):
            place = place.past(number)
        return place

    @classmethod
    def parse(cls, written: str) -> Place:
        """Read what `str` wrote. Raises Invalid."""
        if not cls._WRITTEN.fullmatch(written):
            raise Invalid(cls.unreadable)
        last, *missing = map(int, written.split("."))
        return cls(last, tuple(missing))

    def __str__(self) -> str:
        return ".".join(map(str, (self.last, *self.missing)))

    def past(self, number: int) -> Place:
        """Where they are once they have seen this one too."""
        if number <= self.last:
            return Place(self.last, tuple(one for one in self.missing if one != number))
        skipped = range(max(self.last + 1, number - MISSING_MOST), number)
        return Place(number, (*self.missing, *skipped)[-MISSING_MOST:])
