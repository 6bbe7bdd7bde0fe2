"""Letters a phone can show, counted as the network counts them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ussd_app.text import (
    BASIC,
    EXTENSION,
    fill,
    placeholders,
    septets,
    shorten,
    sms_parts,
    to_gsm7,
)

gsm7_text = st.text(alphabet=sorted(BASIC | EXTENSION))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Habari Amina!", "Habari Amina!"),
        ("“Don’t”", '"Don\'t"'),
        ("„Nein‚ so«", '"Nein, so"'),
        ("a\u00a0b\u202fc\u2007d\te", "a b c d e"),
        ("1–2—3−4‑5", "1-2-3-4-5"),
        ("wait…", "wait..."),
        ("• one × two", "- one x two"),
        ("100 USD₮, 5 ₦", "100 USDT, 5 N"),
        ("©®™", "(c)(r)(tm)"),
        ("français, être, Noël, naïve", "francais, etre, Noel, naive"),
        ("e\u0302", "e"),
        ("e\u0301", "é"),
        ("àèéùìòÇÅåÆæßÉÄÖÑÜäöñü", "àèéùìòÇÅåÆæßÉÄÖÑÜäöñü"),
        ("ç", "c"),
        ("€{}[]~\\|^", "€{}[]~\\|^"),
        ("{brace}", "{brace}"),
        ("Жанна", "Zhanna"),
        ("Ελένη", "Eleni"),
        ("Müller 😀👍🏽", "Müller "),
        ("👨‍👩‍👧", ""),
        ("a\u200bb\ufeffc", "abc"),
        ("\x00\x07\x1b", ""),
        ("\ud800", ""),
        ("ﬁne №5", "fine No5"),
        ("Ａｍｉｎａ １２", "Amina 12"),
        ("½ cup", "1/2 cup"),
        ("5½", "51/2"),
    ],
)
def test_r_a16_letters_outside_the_alphabet_are_written_with_their_nearest(
    text: str, shown: str
) -> None:
    assert to_gsm7(text) == shown


@pytest.mark.parametrize("name", ["محمد", "Сергей", "ሰላም", "美玲", "अमीना", "Đặng Thị"])
def test_r_a16_a_name_of_any_script_keeps_something_to_read(name: str) -> None:
    shown = to_gsm7(name)

    assert any(c.isalpha() for c in shown)
    assert set(shown) <= BASIC


@given(st.text())
def test_r_a16_whatever_is_written_can_be_counted(text: str) -> None:
    shown = to_gsm7(text)

    assert septets(shown) >= len(shown)


@given(st.text())
def test_what_was_written_once_is_not_changed_again(text: str) -> None:
    assert to_gsm7(to_gsm7(text)) == to_gsm7(text)


@given(gsm7_text)
def test_what_a_phone_can_show_is_not_changed(text: str) -> None:
    assert to_gsm7(text) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [("", 0), ("abc", 3), ("@£ñ\n", 4), ("€", 2), ("[a]", 5), ("{}\\~^|", 12), ("\f", 2)],
)
def test_characters_of_the_extension_count_twice(text: str, size: int) -> None:
    assert septets(text) == size


@pytest.mark.parametrize("text", ["ê", "’", "😀", "Ж", "\u00a0", "\t", "a`b", "\x1b"])
def test_a_character_outside_the_alphabet_is_never_counted_silently(text: str) -> None:
    with pytest.raises(ValueError, match="is not in GSM-7"):
        septets(text)


def test_the_alphabet_has_as_many_characters_as_the_standard_says() -> None:
    assert len(BASIC) == 127  # 128 with the escape
    assert len(EXTENSION) == 10


@pytest.mark.parametrize(
    ("text", "parts"),
    [("", 1), ("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("a" * 306, 2), ("a" * 307, 3)],
)  # fmt: skip
def test_an_sms_is_paid_for_by_its_parts(text: str, parts: int) -> None:
    assert sms_parts(text) == parts


@given(text=gsm7_text, most=st.integers(5, 60))
def test_what_is_shortened_fits_and_says_that_something_went(text: str, most: int) -> None:
    shown = shorten(text, most)

    assert septets(shown) <= most
    assert shown == text or (
        shown.endswith("..") and text.startswith(shown[:-2]) and septets(text) > most
    )


def test_only_plain_names_are_filled() -> None:
    assert fill("{a} {a.b} {a!r} {} {a", {"a": "x"}) == "x {a.b} {a!r} {} {a"


def test_what_is_filled_in_is_not_filled_again() -> None:
    assert fill("{a}{b}", {"a": "{b}", "b": "x"}) == "{b}x"


def test_a_name_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="b"):
        fill("{a} {b}", {"a": "x"})


def test_the_names_of_a_text_are_known() -> None:
    assert placeholders("{a} and {b_2}, {a} and {not this}") == {"a", "b_2"}
