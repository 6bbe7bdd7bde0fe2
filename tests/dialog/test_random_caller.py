"""A caller who types anything at all, for as long as they like, in the real menus."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from menus.home import Home
from tests.dialog.town import quiet
from tests.dialog.toys import leads_back
from tests.people import AMINA, BARAKA, PIN, Handset, World
from ussd_app.dialog.machine import flows_under
from ussd_app.dialog.switchboard import Hop
from ussd_app.members.kinds import AGENT
from ussd_app.text import septets
from ussd_app.values import Name, Phone

CHEBET = Phone("+254700000003")
GRACE = Phone("+254700000005")
_strangers = itertools.count(1)

FLOWS = {flow.__name__: flow for flow in flows_under(Home)}
PLACES = {f"{name}.{state}" for name, flow in FLOWS.items() for state in flow.states}

junk = st.one_of(
    st.sampled_from(
        ["", " ", "*", "**", "#", "0*", "1*2", "4*2*2", "\x00", "😀", "WWWW" * 40, "nan", "-1"]
    ),
    st.text(max_size=40),
    st.text(alphabet="0123456789*# ", max_size=12),
)
HANG_UP = "(hangs up)"
ODD = [
    "",
    " ",
    "*",
    "**",
    "#",
    "0*",
    "1*2",
    "4*2*2",
    "\x00",
    "😀",
    "W" * 160,
    "nan",
    "-1",
    "ê{}€",
    "\u202e",
]
HOPS = 35


@dataclass
class Caller:
    """Mostly does what the screen asks for; now and then something else, or hangs up."""

    chance: Random

    def answer(self, screen: str) -> str:
        mood = self.chance.random()
        if mood < 0.07:
            return HANG_UP
        if mood < 0.14:
            return self.chance.choice(ODD)
        if mood < 0.18:
            return "".join(self.chance.choices("0123456789*# aZ", k=self.chance.randint(1, 20)))
        return self.chance.choice(proper_answers(screen))

    def tail(self) -> str:
        """What is dialled with the code."""
        if self.chance.random() < 0.7:
            return ""
        return "*".join(
            self.chance.choices(
                ["1", "2", "4", "5", "0700000002", PIN, "x"], k=self.chance.randint(1, 5)
            )
        )


seeds = st.integers(0, 2**32)

QUESTIONS: list[tuple[str, list[str]]] = [
    (r"New PIN:|PIN mpya:|once more:|PIN mpya tena:", ["2850", "2850", "2850", "1234", "0"]),
    (r"Your PIN:|PIN yako:", [PIN, PIN, PIN, PIN, "8642", "0"]),
    (r"number\?|namba ipi\?", ["0700000002", "0700000003", "0712345678", "1", "0700000001", "0"]),
    (r"Their number:|Namba yake:", ["0700000001", "0712345678", "0712345679", "x", "0", "000"]),
    (r"6-digit code|tarakimu 6", ["123456", "12 34 56", "000000", "12345", "0"]),
    (r"How much|kiasi gani", ["5", "1.01", "12.345", "9999999", "7", "0", "000"]),
    (
        r"name\?|last name:|name, as|Jina lake|Jina lako",
        ["Amina Wanjiru", "Zawadi A*B", "W" * 20, "x", "0"],
    ),
    (r"What went wrong|Tatizo", ["Nothing works at all", "Pesa * imepotea", "x", "0", "000"]),
]


def proper_answers(screen: str) -> list[str]:
    """What the screen asks for."""
    for question, answers in QUESTIONS:
        if re.search(question, screen):
            return answers
    return re.findall(r"(?:^|(?<=\s))(\d+)\. ", screen) or ["1"]


@pytest.fixture
def busy_town(town: World) -> World:
    """Baraka has a statement of many lines with wide amounts; Chebet is blocked; Grace invites."""
    if town.services.members.find(CHEBET) is None:
        town.join(CHEBET, "Chebet Kiplagat", tokens=9_999_999)
        town.join(GRACE, "Grace Akinyi")
        with town.db.work() as work:
            work.run("UPDATE member SET status = 'BLOCKED' WHERE phone = %s", CHEBET)
            work.run("UPDATE member SET kind = %s WHERE phone = %s", AGENT, GRACE)
        payer = Handset(town.switchboard(), AMINA)
        for cents in range(12):
            payer.dial(f"1*0700000002*{cents + 1}.{cents:02}")
            assert payer.say(PIN).startswith("END Sent")
    return town


@settings(max_examples=20)
@given(seed=seeds)
def test_r_a16_whatever_is_typed_the_answer_is_a_screen(seed: int, busy_town: World) -> None:
    chance = Random(seed)
    caller = Caller(chance)
    quiet(busy_town)
    phone = chance.choice([AMINA, BARAKA, CHEBET, GRACE, stranger(), invited(busy_town)])
    busy_town.services.members.speak(AMINA, chance.choice(["en", "sw"]))
    handset = Handset(busy_town.switchboard(), phone)
    said = handset.dial(caller.tail())
    check(said)

    for _hop in range(HOPS):
        answer = caller.answer(said)
        over = said.startswith("END ") or answer == HANG_UP
        said = handset.dial(caller.tail()) if over else handset.say(answer)
        check(said)


def stranger() -> Phone:
    return Phone(f"+25472{next(_strangers):07}")


def invited(town: World) -> Phone:
    phone = stranger()
    town.services.invitations.invite(GRACE, phone, Name("Zawadi Njeri"), "sw")
    return phone


def check(said: str) -> None:
    """What every answer keeps to, whatever was typed."""
    assert re.match(r"(CON|END) \S", said), said
    assert septets(said) <= 160, said  # raises for a letter that no phone can show
    assert "{" not in said, said
    assert not re.search(r"\bNone\b|\bnull\b|\bNaN\b|Something went wrong|Kuna hitilafu", said), (
        said
    )
    if said.startswith("CON "):
        assert re.search(r"(^|\s)0\. (Back|Rudi|Exit|Toka)\b", said.rsplit("\n", 1)[-1]), said


@settings(max_examples=3)
@given(seed=seeds)
def test_every_answer_names_a_place_that_exists(seed: int, busy_town: World) -> None:
    caller = Caller(Random(seed))
    quiet(busy_town)
    handset = Handset(busy_town.switchboard(), BARAKA)
    said = handset.dial()

    for _hop in range(HOPS):
        answer = caller.answer(said)
        said = handset.dial() if answer == HANG_UP else handset.say(answer)
        reply = handset.board.answer(Hop(handset.call, BARAKA, handset.code, handset.text))

        assert reply.label in PLACES | {"over"}
        assert len(reply.label) <= 99
        assert "|" not in reply.label


@settings(max_examples=30)
@given(
    place=st.sampled_from(
        [[], ["1"], ["1", "0700000002"], ["2"], ["4"], ["4", "1"], ["5"], ["5", "2"]]
    ),
    typed=junk,
)
def test_no_slip_of_the_finger_ends_a_call(place: list[str], typed: str, busy_town: World) -> None:
    quiet(busy_town)
    handset = Handset(busy_town.switchboard(), AMINA)
    handset.dial()
    handset.say(*place)

    said = handset.say(typed)

    assert said.startswith("CON ") or leads_back(typed) or place == ["5", "2"]
