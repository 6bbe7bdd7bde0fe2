import pytest

from ussd_app.simulators.africastalking import gsm


@pytest.mark.parametrize(
    ("text", "septets"),
    [("", 0), ("Hello", 5), ("@£\n", 3), ("[]{}^~|\\€", 18), ("ñ", 1), ("a€", 3)],
)
def test_septets_are_counted_as_a_phone_counts_them(text: str, septets: int) -> None:
    assert gsm.septets(text) == septets


@pytest.mark.parametrize(
    ("text", "outside"), [("Habari €5", ""), ("fête", "ê"), ("“a”“b”", "“”"), ("5₮", "₮")]
)
def test_letters_no_phone_has_are_named_once(text: str, outside: str) -> None:
    assert gsm.outside(text) == outside


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 152 + "€" + "x" * 152, 3),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_long_messages_are_charged_in_parts(text: str, parts: int) -> None:
    assert gsm.parts(text) == parts


@pytest.mark.parametrize(
    ("text", "length"), [("x" * 182, 182), ("x" * 183, 182), ("x" * 181 + "€", 181), ("ж" * 90, 80)]
)
def test_a_screen_is_cut_where_a_telco_cuts(text: str, length: int) -> None:
    assert len(gsm.cut(text)) == length
