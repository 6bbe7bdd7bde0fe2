"""Invited people and agents on their phones: what it costs in answers, and who never sees a code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from menus.agent import STAGES, Stage
from tests.people import PIN, ZAWADI, Handset, World
from tests.stage import Telephones
from ussd_app.audit.service import THE_SYSTEM
from ussd_app.dialog.script import play
from ussd_app.members.inviting import Inviter
from ussd_app.members.kinds import AGENT, BORROWER
from ussd_app.text import septets
from ussd_app.values import Name, Phone

GRACE = Phone("+254700000005")
DIALS = Path(__file__).parent / "dials"
CODE = re.compile(r"\b\d{6}\b")
NEW_PIN = "2850"


@pytest.fixture
def agent(world: World) -> Handset:
    """Grace, who invites borrowers."""
    world.join(GRACE, "Grace Akinyi")
    with world.db.work() as work:
        work.run("UPDATE member SET kind = %s WHERE phone = %s", AGENT, GRACE)
    return Handset(world.switchboard(), GRACE)


def code_of(world: World, phone: Phone) -> str:
    """The code that the newest SMS to this number tells."""
    found = CODE.search(world.sms(phone)[-1])
    assert found
    return found[0]


def test_r_a13_an_agent_invites_with_a_dial_and_seven_answers(agent: Handset, world: World) -> None:
    agent.dial()
    told = agent.say("6", "1", ZAWADI, "Zawadi Njeri", "1", "1", PIN)

    assert told.startswith("END We invited Zawadi Njeri 0700000009 by SMS, free.")
    assert code_of(world, ZAWADI)


def test_r_a02_r_c05_an_invited_borrower_has_the_full_menu_a_dial_and_five_answers_later(
    agent: Handset, world: World
) -> None:
    world.services.invitations.invite(agent.phone, ZAWADI, Name("Zawadi Njeri"), "en")
    zawadi = Handset(world.switchboard(), ZAWADI)

    zawadi.dial()
    told = zawadi.say(code_of(world, ZAWADI), NEW_PIN, NEW_PIN, "1", "1")

    assert told.startswith("CON Umoja\nHello Zawadi!\n1. Send")
    member = world.services.members.get(ZAWADI)
    assert (member.status, member.kind) == ("ACTIVE", BORROWER)
    assert world.services.pins.check(ZAWADI, NEW_PIN)


def test_r_c05_an_agent_whom_the_organisation_invited_joins_the_same_way(world: World) -> None:
    umoja = Inviter(None, "Umoja", THE_SYSTEM)
    with world.db.work() as work:
        world.services.invitations.invite_for(
            work, umoja, ZAWADI, Name("Zawadi Njeri"), "en", kind=AGENT
        )
    zawadi = Handset(world.switchboard(), ZAWADI)

    asked = zawadi.dial()
    told = zawadi.say(code_of(world, ZAWADI), NEW_PIN, NEW_PIN, "1", "1")

    assert asked.startswith("CON Umoja invites you.")
    assert "6. People I invite" in told


def test_a_code_dialled_in_advance_is_no_guess(agent: Handset, world: World) -> None:
    world.services.invitations.invite(agent.phone, ZAWADI, Name("Zawadi Njeri"), "en")
    zawadi = Handset(world.switchboard(), ZAWADI)

    told = zawadi.dial(code_of(world, ZAWADI))

    assert "Type the 6-digit code from our SMS:" in told
    assert world.services.members.find(ZAWADI) is None


@dataclass
class Overheard(Telephones):
    """Telephones of which every screen is written down."""

    screens: list[str] = field(default_factory=list)

    def dial(self, phone: str, code: str) -> str:
        self.screens.append(super().dial(phone, code))
        return self.screens[-1]

    def say(self, phone: str, typed: str) -> str:
        self.screens.append(super().say(phone, typed))
        return self.screens[-1]


@pytest.mark.parametrize("story", ["onboarding", "in-person", "agent", "agent-lost-pin"])
def test_r_a13_a_code_is_told_to_the_phone_it_was_sent_to_and_shown_to_nobody(
    story: str, world: World
) -> None:
    stage = Overheard(world, watch=lambda *_edge: None)

    play(DIALS / f"{story}.dial", stage)

    sent = world.company.books()["sms"]
    codes = {(found[0], sms["to"]) for sms in sent if (found := CODE.search(sms["text"]))}
    assert codes
    assert GRACE not in {phone for _code, phone in codes}
    for code, phone in codes:
        assert not any(code in screen for screen in stage.screens)
        assert {sms["to"] for sms in sent if code in sms["text"]} == {phone}


def test_r_a16_how_far_somebody_is_fits_the_line_it_is_told_on(world: World) -> None:
    catalogs = world.services.catalogs
    said = [catalogs.translate(text, one) for one in catalogs.languages for text in STAGES.values()]

    assert [words for words in said if septets(words) > len(Stage.widest)] == []
