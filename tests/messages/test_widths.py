"""Every text that is sent by SMS is one SMS at its widest, in every language."""

from __future__ import annotations

import pytest

from tests.people import AMINA, World
from tests.transfers.town import Town
from ussd_app import bootstrap
from ussd_app.clock import Local
from ussd_app.commands.menus import WIDEST_CONSTANTS
from ussd_app.ledger import service as ledger
from ussd_app.members import (
    guaranties,
    invitations,
    invited,
    inviting,
    joining,
    pin_texts,
    recovery_texts,
    service,
    standing,
)
from ussd_app.office import phone_change, reversal
from ussd_app.text import SMS_SEPTETS, Text, placeholders, septets
from ussd_app.transfers import receipts, recipients, statements
from ussd_app.values import Amount, DayAndHour, Name, Phone, Reference

CATALOGS = bootstrap.catalogs()
TEXTS = {
    "sent": receipts.SENT,
    "received": receipts.RECEIVED,
    "invitation": recipients.INVITATION,
    "welcome": joining.WELCOME,
    "welcome without a grant": joining.WELCOME_WITHOUT_GRANT,
    "locked": pin_texts.LOCKED_UNTIL,
    "locked for good": pin_texts.LOCKED_FOR_GOOD,
    "unlocked by staff": pin_texts.UNLOCKED,
    "changed": pin_texts.CHANGED,
    **{
        f"recovery: {name.lower()}": text
        for name, text in vars(recovery_texts).items()
        if isinstance(text, Text)
    },
    "complaint": service.COMPLAINT,
    "invited by an agent": inviting.BY_AGENT,
    "invited by the organisation": inviting.BY_US,
    "a borrower invited by the organisation": inviting.BORROWER_BY_US,
    "an agent invited by the organisation": inviting.AGENT_BY_US,
    "invited in person": inviting.BEFORE_AGENT,
    "asks again": invited.ASKS_AGAIN,
    "withdrawn": invitations.WITHDRAWN,
    **{
        f"guarantor {state}, to the {who}": text
        for state, texts in guaranties.TEXTS.items()
        for who, text in zip(("ward", "guarantor"), texts, strict=True)
    },
    "number changed, to the old": phone_change.FROM_HERE,
    "number changed, to the new": phone_change.TO_HERE,
    "taken back, to the payer": reversal.BACK_TO_PAYER,
    "taken back, to the payee": reversal.BACK_FROM_PAYEE,
    "blocked": standing.BLOCKED,
    "unblocked": standing.UNBLOCKED,
    "made an agent": standing.MADE_AGENT,
    "no agent any more": standing.NO_AGENT,
}
WIDEST = {
    **WIDEST_CONSTANTS,
    "ref": Reference.widest,
    "amount": Amount.widest,
    "balance": Amount.widest,
    "name": Name(Name.widest).short,
    "phone": Phone.widest,
    "when": DayAndHour.widest,
    "until": DayAndHour.widest,
    "token": "W" * 12,
    "agent": Name(Name.widest).short,
    "dial": WIDEST_CONSTANTS["code"],
}


@pytest.mark.parametrize("language", CATALOGS.languages)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_is_one_sms_at_its_widest(text: Text, language: str) -> None:
    assert septets(CATALOGS.say(text, language, **WIDEST)) <= SMS_SEPTETS


@pytest.mark.parametrize("language", [one for one in CATALOGS.languages if one != "en"])
@pytest.mark.parametrize(
    "text", [*TEXTS.values(), statements.STATEMENT], ids=[*TEXTS.keys(), "statement"]
)
def test_a_text_is_translated_with_the_same_values(text: Text, language: str) -> None:
    translated = CATALOGS.translate(text, language)

    assert translated != text
    assert placeholders(translated) == placeholders(text)


@pytest.mark.parametrize("language", CATALOGS.languages)
@pytest.mark.parametrize("digits", [0, 9])
def test_a_statement_is_one_sms_with_lines_at_their_widest(
    world: World, language: str, digits: int
) -> None:
    town = Town(world)
    town.amina = world.join(AMINA, Name.widest, tokens=1000, language=language)
    payee = world.join(Phone("+254700000002"), Name.widest)
    town.no_limits()
    for turn in range(8):
        town.pay(10, key=f"key-{turn}", payee=payee, repeat=True)
    token, now = world.services.tokens.first, world.clock.now()
    with world.db.work() as work:
        wallet = ledger.open_account(work, token.id, town.amina, at=now)
        house = ledger.house_account(work, token.id, ledger.GRANTS, at=now)
        ledger.move(work, "grant", source=house, target=wallet, amount=10**digits + 1, at=now)

    world.services.statements.send_sms(world.services.members.get(AMINA), "a-key")

    with world.db.reading() as reading:
        (body,) = reading.the_row("SELECT body FROM message WHERE kind = 'statement'")
    assert septets(body) <= SMS_SEPTETS
    assert body.count("\n") >= 2


def test_an_hour_is_never_wider_than_its_widest(world: World) -> None:
    local: Local = world.services.local

    assert len(local.day_and_hour(world.clock.now())) == len(DayAndHour.widest)
