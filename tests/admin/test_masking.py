"""A name and a number of which nobody learns more than helps to tell two people apart."""

from __future__ import annotations

import pytest

from admin.masking import masked_name, masked_numbers, masked_phone
from tests.admin.desk import Desk
from tests.people import AMINA, BARAKA, World
from ussd_app.messages.service import Draft
from ussd_app.text import Text
from ussd_app.users.permissions import Role
from ussd_app.values import Remark


def test_a_name_shows_first_letters_and_not_how_long_it_is() -> None:
    assert masked_name("Amina Wanjiru") == masked_name("Ali Wu Chen Li") == "A••• W•••"


def test_a_phone_shows_its_country_and_its_last_three_digits() -> None:
    assert masked_phone("+254700000001") == "+254 •••• ••001"


def test_nothing_is_masked_as_nothing() -> None:
    assert masked_name("  ") == masked_phone("") == ""


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("to Sikia N 0700000002 on 22/11 12:15", "to Sikia N •••002 on 22/11 12:15"),
        ("+254700000002", "•••002"),
        ("call 0700 000 002 or 254700000002", "call •••002 or •••002"),
        ("from 0700-000-001: 1,500.00", "from 0700-000-001: 1,500.00"),
        ("6JZY8N0: dial *384*96# or 0800724724", "6JZY8N0: dial *384*96# or 0800724724"),
        ("you have 12345678 left, or 1,234,567.00", "you have 12345678 left, or 1,234,567.00"),
    ],
)
def test_words_keep_the_numbers_alone_that_are_known(words: str, shown: str) -> None:
    assert masked_numbers(words, AMINA, "0800724724") == shown


def test_r_b14_whoever_shows_one_member_reads_no_number_of_another(
    world: World, desk: Desk
) -> None:
    amina = world.join(AMINA, "Amina Wanjiru")
    text = Text("You ({mine}) sent 50 to {other}.")
    values = {"mine": AMINA.national, "other": BARAKA.national}
    with world.db.work() as work:
        draft = Draft("sent", "receipt", AMINA, "en", text, values, amina)
        world.services.messages.queue(work, draft)
        (message,) = work.the_row("SELECT id FROM message WHERE dedupe = 'sent'")
    here = desk.signed_in(Role.ENROLLER)
    here.post(f"/people/{amina}/reveal", why="she asked on the phone")

    pages = [here.get(f"/messages/{message}").text, here.get(f"/people/{amina}?tab=messages").text]

    assert ["You (0700000001) sent 50 to •••002." in page for page in pages] == [True, True]


def test_r_b14_what_somebody_wrote_down_is_hidden_until_the_member_is_shown(
    world: World, desk: Desk
) -> None:
    amina = world.join(AMINA, "Amina Wanjiru")
    world.services.members.complain(AMINA, "one", Remark.parse("my money went to 0700000002"))
    here = desk.signed_in(Role.ENROLLER)
    here.post(f"/people/{amina}/notes", words="call her brother at 0700000002")
    before = here.get("/reports").text + here.get(f"/people/{amina}").text

    here.post(f"/people/{amina}/reveal", why="she asked on the phone")

    after = here.get("/reports").text + here.get(f"/people/{amina}").text
    for private in ("0700000002", "my money", "brother"):
        assert private not in before
    assert after.count("0700000002") == 3
