"""A name and a number of which nobody learns more than helps to tell two people apart."""

from __future__ import annotations

from admin.masking import masked_name, masked_phone


def test_a_name_shows_first_letters_and_not_how_long_it_is() -> None:
    assert masked_name("Amina Wanjiru") == masked_name("Ali Wu Chen Li") == "A••• W•••"


def test_a_phone_shows_its_country_and_its_last_three_digits() -> None:
    assert masked_phone("+254700000001") == "+254 •••• ••001"


def test_nothing_is_masked_as_nothing() -> None:
    assert masked_name("  ") == masked_phone("") == ""
