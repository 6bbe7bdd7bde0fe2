"""What stands on a page where a name or a number is not to be read."""

from __future__ import annotations

import re

DOT = "•"
COUNTRY_DIGITS, LAST_DIGITS = 3, 3
WORDS = 2
ALIKE_DIGITS = 9  # of two numbers that are the same, however each is written
_NUMBER = re.compile(r"(?<![\d*])(?:\d{9,15}|(?:\+|0)\d(?:[ -]?\d){7,13})(?!\d)")


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


def masked_numbers(words: str, *known: str) -> str:
    """Words in which the last digits stand for every number but those that are `known`: `•••002`."""
    open_ones = {_digits(one) for one in known}

    def mask(found: re.Match[str]) -> str:
        digits = _digits(found[0])
        return found[0] if digits in open_ones else DOT * 3 + digits[-LAST_DIGITS:]

    return _NUMBER.sub(mask, words)


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)[-ALIKE_DIGITS:]
