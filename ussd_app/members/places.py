"""Where somebody lives, in the words of the neighbourhood."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar, Self

from ussd_app.errors import Invalid
from ussd_app.text import Text, _

LETTERS_LEAST, LETTERS = 2, 40

_SPACES = re.compile(r"\s+")


class Place(str):
    """A village, a street, a market: what a neighbour would say. Private, as a number is."""

    __slots__ = ()
    unreadable: ClassVar[Text] = _("Type a place in 2 to 40 letters, without a number of a phone.")
    complaints: ClassVar[tuple[Text, ...]] = (unreadable,)

    @classmethod
    def parse(cls, typed: str) -> Self:
        """Letters of any script, and up to three digits together, as in 'Market 12'."""
        place = _SPACES.sub(" ", unicodedata.normalize("NFC", typed)).strip()
        allowed = all(unicodedata.category(c)[0] in "LMN" or c in " '’-.,/" for c in place)
        if (
            not allowed
            or not LETTERS_LEAST <= len(place) <= LETTERS
            or re.search(r"\d(\W?\d){3}", place)
        ):
            raise Invalid(cls.unreadable)
        return cls(place)
