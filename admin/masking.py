"""What stands on a page where a name or a number is not to be read."""

from __future__ import annotations

DOT = "•"
COUNTRY_DIGITS, LAST_DIGITS = 3, 3
WORDS = 2


def masked_name(name: str) -> str:
    """The first letters of two words at most, and not how long they are: `A••• W•••`."""
    return " ".join(word[0] + DOT * 3 for word in name.split()[:WORDS])


def masked_phone(phone: str) -> str:
    """The country and the last three digits: `+254 •••• ••001`."""
    digits = phone.removeprefix("+")
    if not digits:
        return ""
    country, last = digits[:COUNTRY_DIGITS], digits[COUNTRY_DIGITS:][-LAST_DIGITS:]
    hidden = len(digits) - len(country) - len(last)
    return f"+{country} {DOT * (hidden - 2)} {DOT * 2}{last}"
