"""Which PINs are too easy to guess."""

from __future__ import annotations

import re

from ussd_app.digits import typed_digits
from ussd_app.errors import Invalid, PinWeak
from ussd_app.text import _

DIGITS = 4
PAST_KEPT = 3
MALFORMED = _("A PIN is 4 digits.")

_UP, _DOWN = "01234567890", "09876543210"
_COLUMNS = ("2580", "0852", "1470", "0741", "3690", "0963")  # of the keypad, down and up


def read(typed: str) -> str:
    """The PIN as digits. Raises Invalid for anything that is not four digits: no try is charged."""
    pin = typed_digits(typed) if re.fullmatch(r"\W*\w{4}\W*", typed) else ""
    if not re.fullmatch(r"[0-9]{4}", pin):
        raise Invalid(MALFORMED)
    return pin


def weigh(pin: str, *, phone: str) -> None:
    """Raises PinWeak for a PIN among the first that a thief would try."""
    if len(set(pin)) == 1:
        raise PinWeak("repeated")
    if pin in _UP or pin in _DOWN:
        raise PinWeak("run")
    if pin in _COLUMNS:
        raise PinWeak("column")
    if pin[:2] == pin[2:] or (pin[0] == pin[1] and pin[2] == pin[3]):
        raise PinWeak("pairs")
    if pin[:2] in ("19", "20"):
        raise PinWeak("year")
    if phone.endswith(pin):
        raise PinWeak("phone")
