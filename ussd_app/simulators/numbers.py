"""Telephone numbers as people write them, and as the company does."""

import re
from typing import Any

from ussd_app.simulators.errors import Refused

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DOMESTIC = re.compile(r"0([17][0-9]{8})")


def phone_number(written: Any) -> str:
    """Return the number with its +; a Kenyan number may be written 07… or 01…, with spaces or not."""
    if not isinstance(written, str):
        raise Refused("a phone number is a text such as +254712345678")
    bare = re.sub(r"[\s().-]", "", written[:40])
    if domestic := _DOMESTIC.fullmatch(bare):
        bare = f"+254{domestic[1]}"
    elif not bare.startswith("+"):
        bare = f"+{bare}"
    if not is_international(bare):
        raise Refused("that is not a phone number; write it like +254712345678")
    return bare


def is_international(number: str) -> bool:
    """Tell whether the number is written the one way the company's own interface accepts."""
    return _E164.fullmatch(number) is not None
