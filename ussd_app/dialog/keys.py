"""What was pressed, read as people press it."""

from __future__ import annotations

from ussd_app.dialog.screen import NOT_AN_OPTION
from ussd_app.digits import plain_digits, typed_digits
from ussd_app.errors import Invalid

CHOICE_DIGITS_MOST = 3


def key_of(answer: str) -> str:
    """The answer without what a keypad adds: '0' for ' 0. ', '0#' and '٠'. 'O' stays a letter."""
    return plain_digits(answer).rstrip(".)#").rstrip()


def number_of(key: str) -> int:
    """The number of a choice, 0 for none; tolerant of '01'."""
    return int(key) if key.isdecimal() and len(key) <= CHOICE_DIGITS_MOST else 0


def choice_of(answer: str, most: int) -> int:
    """The number of one of `most` choices, 'l' for 1 too. Raises Invalid for anything else."""
    if 1 <= (number := number_of(typed_digits(key_of(answer)))) <= most:
        return number
    raise Invalid(NOT_AN_OPTION)
