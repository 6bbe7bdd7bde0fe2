"""Digits as people write them, and those that may be a PIN."""

from __future__ import annotations

import re
import unicodedata

_MAYBE_PIN = re.compile(
    r"""
    (?<!\d) \d{4} (?!\d)                                              # 7306, also within more
    | (?<!\d) (?<!\d[\s-]) \d (?: [\s-]{0,3}\d ){3} (?! [\s-]{0,3}\d )  # 73 06, and no digit more
    | (?<!\d) (?<! (?<!\d) \d[\s.,*/_-] ) \d                          # 7.3.0.6, each alone
        (?: [\s.,*/_-]{1,3}\d (?!\d) ){3} (?! [\s.,*/_-]{1,3}\d (?!\d) )
    """,
    re.VERBOSE,
)
_LOOKS_LIKE_DIGIT = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1"})


def without_pins(text: str) -> str:
    """`text` with what may be a PIN blanked: four digits, together or apart, and no more of them.

    Amounts of up to three digits or with a comma, dates, hours and numbers of telephones stay.
    """
    return _MAYBE_PIN.sub("****", text)


def plain_digits(typed: str) -> str:
    """`typed` with every kind of digit as 0 to 9, and nothing around it."""
    return "".join(
        str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in typed
    ).strip()


def typed_digits(typed: str) -> str:
    """The same, with letters that look like a digit read as it."""
    return plain_digits(typed).translate(_LOOKS_LIKE_DIGIT)
