"""A name and a number of which nobody learns more than helps to tell two people apart."""

from __future__ import annotations

from admin.masking import masked_name, masked_phone


def test_a_name_shows_the_first_letter_of_each_word() -> None:
    assert masked_name("Amina Wanjiru") == "A•••• W••••••"


def test_a_phone_shows_its_country_and_its_last_three_digits() -> None:
    assert masked_phone("+254700000001") == "+254 •••• ••001"


def test_a_name_of_nothing_is_nothing() -> None:
    assert masked_name("  ") == ""
