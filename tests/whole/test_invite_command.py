"""R-C02: the operator invites from the command line, one or a list."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.whole.system import System
from tests.whole.telephone import eventually, new_number
from ussd_app.cli import main
from ussd_app.commands import invite
from ussd_app.members.invitation_lists import ROWS_MOST

ROW = ("0712345678", "Juma Otieno", "en", "borrower")


def test_r_c02_the_operator_makes_the_first_agent(system: System) -> None:
    phone = new_number()

    done = system.command("invite", phone, "Amina Wanjiru", "--kind", "originator_agent")
    again = system.command("invite", phone, "Amina", "--kind", "originator_agent", "--json")
    wished = system.command("invite", phone, "Amina", "--kind", "originator_agent", "--again")
    other = system.command("invite", phone, "Amina", "--language", "sw")

    assert (done.code, done.err) == (0, "")
    assert done.out.split() == ["1", phone, "invited", "invited", "1"]
    assert again.json["sums"] == {"already invited": 1}
    assert again.json["rows"][0]["why"].endswith(", no SMS sent")
    assert wished.out.endswith("refused: too many codes: wait a minute\nrefused 1\n")
    assert (other.code, "refused" in other.out) == (1, True)
    eventually(lambda: len(system.desk.sms(phone)) == 1)
    assert system.desk.sms(phone)[0].startswith("Umoja invites you as an agent. Your code: ")
    assert system.rows("SELECT status, kind FROM member WHERE phone = %s", phone) == [
        ("INVITED", "originator_agent")
    ]


def test_r_c02_the_operator_invites_a_list_and_reads_its_results(
    system: System, tmp_path: Path
) -> None:
    phones = [new_number() for _ in range(3)]
    rows = [f"{phone},Juma Otieno,sw" for phone in phones]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["phone,name,language", *rows, "nonsense,Juma,en"]))

    taken = system.command("invite", "--csv", str(path), "--json")
    batch = str(taken.json["batch"])
    eventually(lambda: "waiting" not in system.command("invite", "--results", batch).out)
    shown = system.command("invite", "--results", batch)
    told = system.command("invite", "--results", batch, "--json")

    assert (taken.code, taken.json["rows"]) == (0, 4)
    assert (shown.code, told.code) == (1, 1)
    assert shown.out.endswith("invited 3, refused 1\n")
    assert told.json["sums"] == {"invited": 3, "refused": 1}
    assert told.json["rows"][3] == {
        "line": 4,
        "phone": "nonsense",
        "state": "refused",
        "why": "the phone number cannot be read; one looks like 0712345678",
    }
    eventually(lambda: all(len(system.desk.sms(phone)) == 1 for phone in phones))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("0712345678",),
        ("0712345678", "Juma", "--results", "1"),
        ("--results", "1", "--csv", __file__),
    ],
)
def test_r_c02_one_thing_is_asked_for_at_a_time(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, ["invite", *words])

    assert (done.exit_code, "give PHONE and NAME" in done.output) == (2, True)


def test_r_c02_results_of_no_list_are_refused_in_words(system: System) -> None:
    done = system.command("invite", "--results", "999999")

    assert (done.code, done.err) == (1, "Error: there is no batch 999999\n")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("phone,name\n0712345678,Juma Otieno\n", [ROW]),
        ("\ufeffphone,name\r\n0712345678,Juma Otieno\r\n", [ROW]),
        ("Name;Phone\nJuma Otieno;0712345678", [ROW]),
        (" phone , name \n 0712345678 , Juma Otieno \n\n", [ROW]),
        ('phone,name\n"0712345678","Juma Otieno"', [ROW]),
        ("phone,name,kind\n0712345678,Juma Otieno,group", [(*ROW[:3], "group")]),
        ("phone,name,language\n0712345678,Juma Otieno,sw", [(*ROW[:2], "sw", ROW[3])]),
        ("phone,name\n0712345678\n", [(ROW[0], "", *ROW[2:])]),
        ("phone,name\n0712345678,Juma Otieno,too,many\n", [ROW]),
    ],
)
def test_r_c02_a_list_is_read_as_spreadsheets_write_it(
    tmp_path: Path, text: str, rows: list[object]
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode())

    assert invite.read(path, language="en") == rows


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the first line must name"),
        ("0712345678,Juma Otieno\n", "the first line must name"),
        ("phone\n0712345678\n", "the first line must name"),
        ("phone,name,pin\n0712345678,Juma,1234\n", "the first line must name"),
        ("phone,name\n", "there is no row"),
        ("phone,name\n" + "0712345678,Juma\n" * (ROWS_MOST + 1), "at most 10000 rows"),
    ],
)
def test_r_c02_a_list_that_is_none_is_refused_whole(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)

    with pytest.raises(click.ClickException, match=why):
        invite.read(path, language="en")


def test_r_c02_letters_that_are_none_spoil_their_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"phone,name\n0712345678,Jum\xe9 Otieno\n0712345678,Juma Otieno\n")

    assert invite.read(path, language="en") == [("0712345678", "Jum\ufffd Otieno", *ROW[2:]), ROW]
