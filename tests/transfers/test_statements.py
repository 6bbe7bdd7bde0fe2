"""R-A06: balances and statements, on the screen and by SMS."""

from __future__ import annotations

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.people import AMINA, BARAKA, PIN, World
from tests.transfers.town import Town
from ussd_app.errors import LimitReached, NotFound
from ussd_app.ledger import service as ledger
from ussd_app.messages.service import OptedOut
from ussd_app.text import septets
from ussd_app.transfers.statements import signed
from ussd_app.values import Amount, Phone, Unit

UMOJA = Unit("UMOJA", 2)


def test_r_a06_the_balance_is_what_may_be_spent(town: Town) -> None:
    token, now = town.world.services.tokens.first, town.world.clock.now()
    with town.world.db.work() as work:
        wallet = ledger.open_account(work, token.id, town.baraka, at=now)
        ledger.hold(work, "withdrawal", account=wallet, amount=1250, at=now)

    assert str(town.world.services.statements.balance(town.baraka)) == "37.50 UMOJA"


def test_r_a06_nobody_has_no_balance(town: Town) -> None:
    with pytest.raises(NotFound):
        town.world.services.statements.balance(999_999)


def test_r_a06_a_statement_shows_each_movement_newest_first(town: Town) -> None:
    sent = town.pay(20)
    got = town.pay(5, key="back", payer=town.baraka, payee=town.amina)

    lines = town.world.services.statements.lines(town.world.services.members.get(AMINA))

    assert [(signed(line.amount), str(line.balance), line.other) for line in lines] == [
        ("+5", "985 UMOJA", "Baraka O"),
        ("-20", "980 UMOJA", "Baraka O"),
        ("+950", "1,000 UMOJA", "Welcome gift"),
        ("+50", "50 UMOJA", "Welcome gift"),
    ]
    assert [line.reference for line in lines[:2]] == [got.reference, sent.reference]
    assert [line.at for line in lines[:2]] == [got.at, sent.at]


def test_r_a06_a_statement_speaks_the_members_language(town: Town) -> None:
    lines = town.world.services.statements.lines(town.world.services.members.get(BARAKA))

    swahili = town.world.services.catalogs.translate("Welcome gift", "sw")
    assert [line.other for line in lines] == [swahili]
    assert swahili != "Welcome gift"


@pytest.mark.parametrize(("kind", "said"), [("reversal", "Correction"), ("tax", "Other")])
def test_r_a06_what_the_house_did_has_a_name(town: Town, kind: str, said: str) -> None:
    token, now = town.world.services.tokens.first, town.world.clock.now()
    with town.world.db.work() as work:
        wallet = ledger.open_account(work, token.id, town.amina, at=now)
        house = ledger.house_account(work, token.id, "house", at=now)
        ledger.move(work, kind, source=wallet, target=house, amount=100, at=now)

    newest, *_rest = town.world.services.statements.lines(town.world.services.members.get(AMINA))

    assert (signed(newest.amount), newest.other, newest.is_by_house) == ("-1", said, True)


def test_r_a06_what_was_taken_back_is_a_correction_on_both_sides(town: Town) -> None:
    receipt = town.pay(20)
    with town.world.db.work() as work:
        ledger.reverse(work, receipt.reference.number, at=town.world.clock.now())

    (ours, *_rest), (theirs, *_rest) = (
        town.world.services.statements.lines(town.world.services.members.get(phone))
        for phone in (AMINA, BARAKA)
    )

    assert (signed(ours.amount), ours.other, ours.is_by_house) == ("+20", "Correction", True)
    assert (signed(theirs.amount), theirs.other, theirs.is_by_house) == ("-20", "Marekebisho", True)


def test_r_a06_a_statement_has_twenty_lines_at_most(town: Town) -> None:
    for turn in range(21):
        town.pay(turn + 1, key=f"key-{turn}")

    lines = town.world.services.statements.lines(town.world.services.members.get(AMINA))

    assert [signed(line.amount) for line in lines] == [f"-{21 - turn}" for turn in range(20)]


def test_r_a06_a_line_is_found_by_its_reference_however_old(town: Town) -> None:
    member = town.world.services.members.get(AMINA)
    *_newer, oldest = town.world.services.statements.lines(member)
    for turn in range(20):
        town.pay(turn + 1, key=f"key-{turn}")

    assert town.world.services.statements.line(member, oldest.reference) == oldest


def test_r_a06_the_line_of_a_payment_has_the_side_of_who_asks(town: Town) -> None:
    receipt = town.pay(20)

    ours, theirs = (
        town.world.services.statements.line(
            town.world.services.members.get(phone), receipt.reference
        )
        for phone in (AMINA, BARAKA)
    )

    assert (signed(ours.amount), str(ours.balance), ours.other) == ("-20", "980 UMOJA", "Baraka O")
    assert (signed(theirs.amount), str(theirs.balance), theirs.other) == (
        "+20",
        "70 UMOJA",
        "Amina W",
    )


def test_r_a06_nobody_sees_a_line_of_somebody_else(town: Town) -> None:
    receipt = town.pay(20)
    town.neighbour(1)
    stranger = town.world.services.members.get(Phone("+254711000001"))

    with pytest.raises(NotFound):
        town.world.services.statements.line(stranger, receipt.reference)


@pytest.mark.parametrize(
    ("units", "said"),
    [(5000, "+50"), (-2000, "-20"), (1, "+0.01"), (-125_050, "-1,250.50"), (0, "0")],
)
def test_a_signed_amount_shows_its_direction(units: int, said: str) -> None:
    assert signed(Amount(units, UMOJA)) == said


def test_r_a06_a_statement_by_sms_has_the_newest_lines(town: Town) -> None:
    town.pay(20)
    now, local = town.world.clock.now(), town.world.services.local

    left = town.world.services.statements.send_sms(town.world.services.members.get(AMINA), "key")

    day = local.day(now)
    (text,) = [text for text in town.sms(AMINA) if "sent" not in text]
    assert left == 2
    assert text == (
        f"Umoja {local.day_and_hour(now)}. Balance 980 UMOJA.\n{day} -20 Baraka O\n"
        f"{day} +950 Welcome gift\n{day} +50 Welcome gift"
    )


def test_r_a06_a_statement_by_sms_is_one_sms_however_much_there_is(town: Town) -> None:
    for turn in range(9):
        town.pay(turn + 1, key=f"key-{turn}")

    town.world.services.statements.send_sms(town.world.services.members.get(AMINA), "key")

    (text,) = [text for text in town.sms(AMINA) if "Balance 955 UMOJA.\n" in text]
    assert septets(text) <= 160
    assert len(text.splitlines()) > 4
    assert text.splitlines()[1].endswith(" -9 Baraka O")


def test_r_a06_three_statements_a_day_are_sent_by_sms(town: Town) -> None:
    send, member = town.world.services.statements.send_sms, town.world.services.members.get(AMINA)

    left = [send(member, f"key-{number}") for number in range(3)]

    assert left == [2, 1, 0]
    with pytest.raises(LimitReached):
        send(member, "one more")
    town.world.clock.advance(days=1)
    assert send(member, "tomorrow") == 2


def test_r_a06_the_same_key_is_one_statement(town: Town, surgeon: Surgeon) -> None:
    send, member = town.world.services.statements.send_sms, town.world.services.members.get(AMINA)
    left = [send(member, "a-key")]
    before = surgeon.snapshot()

    left += [send(member, "a-key")]

    assert left == [2, 2]
    assert surgeon.snapshot() == before


def test_r_a06_the_same_key_is_no_fourth_statement(town: Town) -> None:
    send, member = town.world.services.statements.send_sms, town.world.services.members.get(AMINA)
    for number in range(3):
        send(member, f"key-{number}")

    assert send(member, "key-2") == 0


def test_r_a06_however_many_ask_at_once_three_statements_are_sent(town: Town) -> None:
    send, member = town.world.services.statements.send_sms, town.world.services.members.get(AMINA)

    told = crowd(10, lambda number: insist(lambda: send(member, f"key-{number}")))

    assert sorted(given(told)) == [0, 1, 2]
    assert {type(error) for error in raised(told)} == {LimitReached}
    assert len(town.sms(AMINA)) == 3


def test_r_a06_who_stopped_sms_is_promised_no_statement(town: Town, surgeon: Surgeon) -> None:
    town.world.services.messages.opt_out(AMINA)
    before = surgeon.snapshot()

    with pytest.raises(OptedOut):
        town.world.services.statements.send_sms(town.world.services.members.get(AMINA), "one")

    assert surgeon.snapshot() == before


def test_r_a06_other_sms_use_up_no_statement(town: Town) -> None:
    for turn in range(4):
        town.pay(turn + 1, key=f"key-{turn}")
    town.world.run_errands()

    left = town.world.services.statements.send_sms(town.world.services.members.get(AMINA), "key")

    assert left == 2


def test_r_a06_the_statement_of_a_new_member_is_their_grant(world: World) -> None:
    world.join(AMINA, "Amina", tokens=50, pin=PIN)

    (line,) = world.services.statements.lines(world.services.members.get(AMINA))

    assert (signed(line.amount), line.other) == ("+50", "Welcome gift")
