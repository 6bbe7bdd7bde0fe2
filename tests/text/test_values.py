"""What people type on a keypad, read at the door."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import example, given, settings, strategies as st

from ussd_app.errors import Invalid
from ussd_app.settings import DECIMALS_MOST
from ussd_app.text import septets, to_gsm7
from ussd_app.values import (
    NAME_LETTERS,
    REMARK_LETTERS,
    SHORT_NAME_LETTERS,
    UNITS_MOST,
    Amount,
    Name,
    Phone,
    Quantity,
    Reference,
    Remark,
    Unit,
)

UMOJA = Unit("UMOJA", 2)
CALLER = Phone("+254700000001")

# Amounts


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("5", 500),
        ("12.50", 1250),
        ("12.5", 1250),
        ("0.29", 29),
        ("1.15", 115),
        ("2.01", 201),
        ("0.01", 1),
        ("1,000", 100_000),
        ("1 000.50", 100_050),
        ("1,234,567.89", 123_456_789),
        (" 50 ", 5000),
        ("007", 700),
        ("5.", 500),
        ("5.000", 500),
        ("1O", 1000),
        ("lOO", 10_000),
        ("٥٠", 5000),
        ("۵۰", 5000),
        ("５０", 5000),
        ("999999999", 99_999_999_900),
    ],
)
def test_an_amount_is_read_as_people_type_it(typed: str, cents: int) -> None:
    assert Quantity.parse(typed).of(UMOJA).units == cents


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "0", "0.00", "000", "-1", "+5", "1,5", "1,50", "NaN", "nan", "Inf", "-Inf", "Infinity",
        "1e3", "1E3", "0x10", "1_000", "1..5", "1.5.0", ".", ".5", "5 UMOJA", "KES 5", "five", "1,00,000",
        "1000,000", "1,000,00", "5-", "5+5", "5*2", "5#", "½", "1/2", "😀", "\x00", "5\x00", "1000000000",
        "1.0000000000000000000", "9" * 400,
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        Quantity.parse(typed)


@pytest.mark.parametrize("typed", ["0,500", "0 500", "00,500", "0,123.45"])
def test_a_decimal_comma_is_never_taken_for_thousands(typed: str) -> None:
    """'0,500' is half of one to most of the world, and five hundred to nobody."""
    with pytest.raises(Invalid):
        Quantity.parse(typed)


@pytest.mark.parametrize("typed", ["0.001", "1.005", "12.345"])
def test_an_amount_finer_than_the_smallest_unit_is_refused_not_rounded(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        Quantity.parse(typed).of(UMOJA)

    assert refused.value.message == Quantity.too_fine


@settings(max_examples=300)
@given(cents=st.integers(1, 1_000_000))
@example(cents=29)
@example(cents=115)
@example(cents=201)
def test_r_a07_what_is_typed_is_what_is_shown(cents: int) -> None:
    typed = f"{Decimal(cents) / 100:.2f}"

    amount = Quantity.parse(typed).of(UMOJA)

    assert amount.units == cents
    assert Decimal(amount.number.replace(",", "")) == Decimal(typed)
    assert Quantity.parse(amount.number).of(UMOJA) == amount


def test_r_a07_every_cent_to_ten_thousand_is_read_exactly() -> None:
    """All million of them, one in thirteen, so that every ending is met."""
    wrong = [
        cents
        for cents in range(1, 1_000_001, 13)
        if Quantity.parse(f"{cents // 100}.{cents % 100:02}").of(UMOJA).units != cents
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("units", "shown"),
    [
        (2000, "20 UMOJA"),
        (2050, "20.50 UMOJA"),
        (1, "0.01 UMOJA"),
        (123_456_789, "1,234,567.89 UMOJA"),
        (0, "0 UMOJA"),
        (-150, "-1.50 UMOJA"),
        (-5, "-0.05 UMOJA"),
    ],
)
def test_an_amount_is_shown_in_full(units: int, shown: str) -> None:
    assert str(Amount(units, UMOJA)) == shown


def test_a_token_without_decimals_shows_none() -> None:
    assert str(Amount(1500, Unit("SHELL", 0))) == "1,500 SHELL"


@pytest.mark.parametrize("decimals", range(DECIMALS_MOST + 1))
def test_r_a16_the_most_that_is_shown_is_no_wider_than_the_menus_are_measured_with(
    decimals: int,
) -> None:
    most = Amount(UNITS_MOST, Unit("W" * 12, decimals))

    assert septets(str(most)) <= septets(Amount.widest)


@given(units=st.integers(-(10**12), 10**12), decimals=st.integers(0, 6))
def test_an_amount_kept_by_a_session_comes_back_as_it_was(units: int, decimals: int) -> None:
    amount = Amount(units, Unit("UMOJA", decimals))

    assert Amount.load(amount.dump()) == amount


@given(st.text(max_size=40))
def test_whatever_is_typed_for_an_amount_is_read_or_refused(typed: str) -> None:
    try:
        amount = Quantity.parse(typed)
    except Invalid:
        return

    assert Decimal(amount) > 0


# Phones


@pytest.mark.parametrize(
    "typed",
    [
        "0712345678", "712345678", "254712345678", "+254712345678", "00254712345678", " 0712345678 ",
        "0712 345 678", "0712-345-678", "(0712) 345678", "+254 (0) 712 345 678", "O7I2345678",
        "٠٧١٢٣٤٥٦٧٨", "０７１２３４５６７８",
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(typed: str) -> None:
    assert Phone.parse(typed, CALLER) == "+254712345678"


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "0", "1", "112", "1234", "banana", "071234567", "07123456789", "+2547123456789", "0201234567",
        "+999123456789", "+", "*", "😀", "\x00", "1e9", "NaN",
        "9" * 300,
    ],
)  # fmt: skip
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        Phone.parse(typed, CALLER)

    assert refused.value.message == Phone.unreadable


@pytest.mark.parametrize(
    "typed", ["0712FLOWER", "0712abcdef", "0x712345678", "0712345678 ext 5", "0712345678x5"]
)
def test_letters_in_a_number_are_a_mistake_and_not_digits(typed: str) -> None:
    """Money goes to it: what was not typed as a digit must not become one."""
    with pytest.raises(Invalid):
        Phone.parse(typed, CALLER)


def test_a_national_number_belongs_to_the_country_of_the_caller() -> None:
    assert Phone.parse("0401391419", Phone("+61491570156")) == "+61401391419"


def test_a_national_number_without_a_caller_is_refused() -> None:
    with pytest.raises(Invalid):
        Phone.parse("0712345678")


@pytest.mark.parametrize("number", ["+254712345678", "+1234567", "+123456789012345"])
def test_a_number_from_a_network_is_taken_as_it_is(number: str) -> None:
    assert Phone.trust(number) == number


@pytest.mark.parametrize(
    "number",
    [
        "", "254712345678", "0712345678", "+0712345678", "+254 712345678", "+123456", "+1234567890123456",
        "+25471234567a", "+٢٥٤٧١٢٣٤٥٦٧٨", "+254712345678\n", "\n+254712345678", "tel:+254712345678", "++254712345678",
    ],
)  # fmt: skip
def test_a_network_that_gives_no_number_is_not_trusted(number: str) -> None:
    with pytest.raises(Invalid):
        Phone.trust(number)


@pytest.mark.parametrize(
    ("number", "national", "masked"),
    [
        ("+254712345678", "0712345678", "0712***678"),
        ("+255712345678", "0712345678", "0712***678"),
    ],
)
def test_a_number_is_shown_as_neighbours_dial_it(number: str, national: str, masked: str) -> None:
    phone = Phone(number)

    assert phone.national == national
    assert phone.masked == masked


def test_a_number_of_no_country_has_none() -> None:
    phone = Phone.trust("+9990000001")

    assert phone.country_code == 0
    assert phone.national == "9990000001"
    with pytest.raises(Invalid):
        Phone.parse("0712345678", phone)


@given(st.text(max_size=40))
def test_whatever_is_typed_for_a_number_is_read_or_refused(typed: str) -> None:
    try:
        phone = Phone.parse(typed, CALLER)
    except Invalid:
        return

    assert Phone.trust(phone) == phone


# Names


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Amina Wanjiru", "Amina Wanjiru"),
        ("  amina   wanjiru ", "amina wanjiru"),
        ("Jean-Luc", "Jean-Luc"),
        ("O'Neill", "O'Neill"),
        ("Ng’ang’a", "Ng’ang’a"),
        ("J. K. Otieno", "J. K. Otieno"),
        ("A*B", "A*B"),
        ("Noël", "Noël"),
        ("Noe\u0308l", "Noël"),
        ("Сергей", "Сергей"),
        ("Bo", "Bo"),
        ("W" * 20, "W" * 20),
    ],
)
def test_r_a01_a_name_is_read_as_it_is_written(typed: str, name: str) -> None:
    assert Name.parse(typed) == name


@pytest.mark.parametrize(
    "typed",
    ["", " ", "A", "*", "--", "12345", "Amina1", "Amina@home", "<b>Amina</b>", "{name}", "Amina\x00", "😀", "A😀B", "a\\b", "\u0301\u0301"],
)  # fmt: skip
def test_r_a01_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        Name.parse(typed)

    assert refused.value.message == Name.unreadable


@pytest.mark.parametrize("typed", ["W" * 21, "Щ" * 10, "A " * 11 + "B"])
def test_r_a01_a_name_too_long_for_a_screen_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        Name.parse(typed)

    assert refused.value.message == Name.too_long


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Amina", "Amina"),
        ("Amina Wanjiru", "Amina W"),
        ("Amina Wanjiru Njeri", "Amina N"),
        ("Zhanna Иванова", "Zhanna I"),
        ("W" * 20, "W" * 13 + ".."),
        ("W" * 18 + " B", "W" * 11 + ".. B"),
    ],
)
def test_others_see_a_first_name_and_an_initial(name: str, short: str) -> None:
    assert Name(name).short == short


@given(st.text(alphabet=st.characters(categories=["L", "M", "Zs"]), max_size=24))
@example("Amina \u0301")
@example("\u0301 Amina")
@example("Amina ا")
@example("ﷺ Amina")
def test_a_name_that_was_taken_can_be_shown_to_others(typed: str) -> None:
    """It stands in other people's statements and SMS: it must never be what breaks them."""
    try:
        name = Name.parse(typed)
    except Invalid:
        return

    short = name.short

    assert short
    assert short == short.strip()
    assert septets(short) <= SHORT_NAME_LETTERS
    assert name.first
    assert septets(to_gsm7(name)) <= NAME_LETTERS


# References


@given(number=st.integers(0, 2**35 - 1))
@example(number=0)
@example(number=1)
@example(number=2**35 - 1)
def test_a_reference_leads_back_to_its_number(number: int) -> None:
    reference = Reference.of(number)

    assert reference.number == number
    assert len(reference) == 7


def test_no_report_is_quoted_as_a_transaction_is() -> None:
    reports = {Reference.of_report(number) for number in range(1, 5000)}

    assert len(reports) == 4999
    assert reports.isdisjoint(Reference.of(number) for number in range(100_000))


def test_the_first_references_are_all_different_and_unlike_their_neighbours() -> None:
    references = [Reference.of(number) for number in range(5000)]

    alike = [
        sum(a == b for a, b in zip(one, other, strict=True))
        for one, other in itertools.pairwise(references)
    ]

    assert len(set(references)) == len(references)
    assert sum(alike) / len(alike) < 2


def test_a_reference_holds_no_letter_that_looks_like_a_digit() -> None:
    letters = {letter for number in range(2000) for letter in Reference.of(number)}

    assert not letters & set("OILU")


# Remarks


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("I paid 5*2 and got <nothing>", "I paid 5*2 and got <nothing>"),
        (" a\n\tb\x00c ", "a b c"),
        ("Pesa yangu 😀", "Pesa yangu 😀"),
        ("x" * 500, "x" * REMARK_LETTERS),
        ("My PIN 7306 (or ٧٣٠٦) fails", "My PIN **** (or ****) fails"),
        ("Sent 20000 to 0712345678", "Sent 20000 to 0712345678"),
        ("7306 0712345678", "**** 0712345678"),
        ("PIN7306!", "PIN****!"),
        ("My PIN 7 3 0 6 fails", "My PIN **** fails"),
        ("My PIN 73 06 fails", "My PIN **** fails"),
        ("My PIN 7-3-0-6 fails", "My PIN **** fails"),
        ("PIN 73-06, 730 6, 7 306", "PIN ****, ****, ****"),
        ("PIN 7.3.0.6 or 7, 3, 0, 6", "PIN **** or ****"),
        ("PIN 7 - 3 - 0 - 6", "PIN ****"),
        ("PIN 7 3 0 6 50 UMOJA", "PIN **** 50 UMOJA"),
        ("PIN 7_3_0_6 or 7*3*0*6", "PIN **** or ****"),
        ("PIN ٧ ٣ ٠ ٦", "PIN ****"),
        ("Sent 1,500 and 12.50 at 12:30 on 21/11", "Sent 1,500 and 12.50 at 12:30 on 21/11"),
        ("On 21-11-26, or 5/6/26", "On 21-11-26, or 5/6/26"),
        ("+254 712 345 678", "+254 712 345 678"),
        ("0 7 1 2 3 4 5 6 7 8", "0 7 1 2 3 4 5 6 7 8"),
        ("5 to 3, 20 times 100", "5 to 3, 20 times 100"),
    ],
)
def test_r_a15_a_remark_is_kept_in_the_callers_words(typed: str, kept: str) -> None:
    assert Remark.parse(typed) == kept


@pytest.mark.parametrize("typed", ["", "  ", "x", "ab", "\x00\x00\x00"])
def test_r_a15_a_remark_of_next_to_nothing_is_asked_for_again(typed: str) -> None:
    with pytest.raises(Invalid):
        Remark.parse(typed)
