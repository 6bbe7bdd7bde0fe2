"""A cell that a spreadsheet would calculate begins with an apostrophe, however it is disguised."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from admin.csv_rows import download, safe
from tests.admin.desk import Desk
from tests.people import AMINA, World
from ussd_app.users.permissions import Role

FORMULA = '=HYPERLINK("https://evil.example")'
DISGUISES = ("", " ", "\t", "\r", "\n", "\r\n ", "\u00a0", "\u2003", "\ufeff", "\u202e", "\x01")


@pytest.mark.parametrize("before", DISGUISES)
@pytest.mark.parametrize("formula", [FORMULA, "+254", "-1", "@SUM(A1)", "＝1", "＋1"])
def test_r_b14_no_cell_is_taken_for_a_formula(before: str, formula: str) -> None:
    assert safe(before + formula) == f"'{before}{formula}"


@pytest.mark.parametrize("words", ["", "Amina", "a=b", "3-4"])
def test_other_words_stand_as_they_are(words: str) -> None:
    assert safe(words) == words


def test_r_b14_a_list_of_people_holds_no_formula(world: World, desk: Desk) -> None:
    member = world.join(AMINA, "Amina Wanjiru")
    with world.db.work() as work:
        work.run("UPDATE member SET name = %s WHERE id = %s", " =1+1", member)
    here = desk.signed_in(Role.ADMIN)

    file = here.post("/people/export", why="for the yearly report").text

    assert f"\r\n{member},' =1+1,'{AMINA}," in file


def test_whoever_stops_a_file_early_stops_what_reads_for_it() -> None:
    ended = []

    def rows() -> Generator[int]:
        try:
            yield from range(9)
        finally:
            ended.append("reading")

    reading = rows()
    answer = download("numbers", ("number",), reading, lambda number: [number])
    lines = answer.iter_encoded()
    assert [next(lines), next(lines)] == [b"number\r\n", b"0\r\n"]

    answer.close()

    assert ended == ["reading"]
