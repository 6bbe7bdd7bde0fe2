"""R-A03: which PINs are read, and which are too easy to guess."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from ussd_app.errors import Invalid, PinWeak
from ussd_app.members import pin_policy

PHONE = "+254712348265"


@pytest.mark.parametrize(
    ("typed", "pin"),
    [
        ("7306", "7306"),
        (" 7306 ", "7306"),
        ("0001", "0001"),
        ("73O6", "7306"),
        ("73o6", "7306"),
        ("l3I6", "1316"),
        ("٧٣٠٦", "7306"),
        ("７３０６", "7306"),
    ],
)
def test_r_a03_a_pin_is_read_as_people_type_it(typed: str, pin: str) -> None:
    assert pin_policy.read(typed) == pin


@pytest.mark.parametrize(
    "typed",
    ["", "7", "730", "73066", "730 6", "73-06", "7.306", "73.6", "-7306", "abcd", "730e", "*7306*1",
     "7306\x00", "  ", "7306 7306", "½½½½"],
)  # fmt: skip
def test_r_a03_what_is_not_four_digits_is_no_pin(typed: str) -> None:
    with pytest.raises(Invalid, match="A PIN is 4 digits"):
        pin_policy.read(typed)


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("0000", "repeated"),
        ("7777", "repeated"),
        ("1234", "run"),
        ("0123", "run"),
        ("6789", "run"),
        ("7890", "run"),
        ("4321", "run"),
        ("9876", "run"),
        ("0987", "run"),
        ("3210", "run"),
        ("1212", "pairs"),
        ("8484", "pairs"),
        ("1122", "pairs"),
        ("9900", "pairs"),
        ("1987", "year"),
        ("2004", "year"),
        ("1900", "year"),
        ("2580", "column"),
        ("0852", "column"),
        ("1470", "column"),
        ("0963", "column"),
        ("8265", "phone"),
    ],
)
def test_r_a03_a_pin_that_a_thief_would_try_first_is_weak(pin: str, why: str) -> None:
    with pytest.raises(PinWeak) as no:
        pin_policy.weigh(pin, phone=PHONE)

    assert no.value.why == why


@pytest.mark.parametrize("pin", ["7306", "4815", "2850", "1002", "8264", "1357", "9011", "0912"])
def test_r_a03_any_other_pin_is_good(pin: str) -> None:
    pin_policy.weigh(pin, phone=PHONE)


def test_r_a03_weak_pins_are_few() -> None:
    weak = 0
    for number in range(10_000):
        try:
            pin_policy.weigh(f"{number:04}", phone=PHONE)
        except PinWeak:
            weak += 1

    assert 300 < weak < 500


@given(typed=st.text(max_size=8))
def test_r_a03_whatever_is_typed_is_four_digits_or_invalid(typed: str) -> None:
    with suppress(Invalid):
        pin = pin_policy.read(typed)

        assert len(pin) == 4
        assert set(pin) <= set("0123456789")
