"""R-A07: whom one may pay: found by number, offered from the last payments, or invited."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.people import AMINA, BARAKA, ZAWADI
from tests.transfers.town import Town
from ussd_app.errors import LimitReached, NotAllowed, NotFound
from ussd_app.members.service import MemberView
from ussd_app.messages.service import OptedOut
from ussd_app.values import Phone


def amina(town: Town) -> MemberView:
    return town.world.services.members.get(AMINA)


def lookups(town: Town) -> int:
    with town.world.db.reading() as reading:
        row = reading.the_row("SELECT coalesce(sum(count), 0)::bigint FROM lookup")
    return int(row[0])


def test_r_a07_a_member_is_found_by_number_and_shown_by_a_short_name(town: Town) -> None:
    found = town.world.services.recipients.find(amina(town), BARAKA)

    assert (found.id, found.phone, found.name) == (town.baraka, BARAKA, "Baraka O")
    assert found.is_active


def test_r_a07_ones_own_number_is_no_recipient(town: Town) -> None:
    with pytest.raises(NotAllowed):
        town.world.services.recipients.find(amina(town), AMINA)


def test_r_a07_a_stranger_is_not_found(town: Town) -> None:
    with pytest.raises(NotFound):
        town.world.services.recipients.find(amina(town), ZAWADI)


def test_r_a07_who_is_blocked_is_found_and_cannot_receive(town: Town) -> None:
    town.set_status(town.baraka, "BLOCKED")

    found = town.world.services.recipients.find(amina(town), BARAKA)

    assert (found.id, found.name, found.is_active) == (town.baraka, "Baraka O", False)


@pytest.mark.parametrize("status", ["ACTIVE", "BLOCKED"])
def test_r_a07_a_member_is_not_invited(town: Town, surgeon: Surgeon, status: str) -> None:
    town.set_status(town.baraka, status)
    before = surgeon.snapshot()

    with pytest.raises(NotAllowed):
        town.world.services.recipients.invite(amina(town), BARAKA)

    assert surgeon.snapshot() == before


def test_r_a07_names_of_twenty_strangers_a_day_may_be_seen(town: Town) -> None:
    find, caller = town.world.services.recipients.find, amina(town)
    for _ in range(20):
        find(caller, BARAKA)

    with pytest.raises(LimitReached):
        find(caller, BARAKA)
    town.world.clock.advance(days=1)

    assert find(caller, BARAKA).id == town.baraka


def test_r_a07_numbers_of_nobody_are_charged_like_names(town: Town) -> None:
    for _ in range(3):
        with pytest.raises(NotFound):
            town.world.services.recipients.find(amina(town), ZAWADI)

    assert lookups(town) == 3


def test_r_a07_who_was_paid_before_is_no_stranger(town: Town) -> None:
    town.pay(5)

    town.world.services.recipients.find(amina(town), BARAKA)
    town.world.services.recipients.find(town.world.services.members.get(BARAKA), AMINA)

    assert lookups(town) == 0


def test_r_a07_a_payment_given_up_makes_nobody_known(town: Town) -> None:
    town.world.services.payments.became(town.amina, "a-key")

    town.world.services.recipients.find(amina(town), BARAKA)

    assert lookups(town) == 1


def test_r_a07_however_many_look_at_once_twenty_see_a_name(town: Town) -> None:
    caller = amina(town)

    told = crowd(25, lambda _: insist(lambda: town.world.services.recipients.find(caller, BARAKA)))

    assert len(given(told)) == 20
    assert {type(error) for error in raised(told)} == {LimitReached}


def test_r_a07_recent_ones_are_offered_newest_first_each_once(town: Town) -> None:
    others = [town.neighbour(number) for number in range(3)]
    for turn, payee in enumerate([town.baraka, *others, others[0]]):
        town.pay(turn + 1, key=f"key-{turn}", payee=payee)
        town.world.clock.advance(minutes=1)

    offered = town.world.services.recipients.recent(amina(town))

    assert [one.id for one in offered] == [others[0], others[2], others[1]]


def test_r_a07_recent_ones_who_are_gone_are_not_offered(town: Town) -> None:
    town.pay(5)
    town.set_status(town.baraka, "BLOCKED")

    assert town.world.services.recipients.recent(amina(town)) == []


def test_r_a07_who_paid_nobody_is_offered_nobody(town: Town) -> None:
    town.pay(5)

    recent = town.world.services.recipients.recent(town.world.services.members.get(BARAKA))

    assert recent == []


def test_r_a07_an_invitation_says_who_invites_and_where_to_dial(town: Town) -> None:
    assert town.world.services.recipients.invite(amina(town), ZAWADI) is True

    assert town.sms(ZAWADI) == [
        "Amina W wants to send you UMOJA at Umoja. To join, dial *384*96#. It is free."
    ]


def test_r_a07_a_number_is_invited_once_a_day_whoever_invites(town: Town, surgeon: Surgeon) -> None:
    invite = town.world.services.recipients.invite
    invite(amina(town), ZAWADI)
    before = surgeon.snapshot()

    again = [invite(town.world.services.members.get(phone), ZAWADI) for phone in (AMINA, BARAKA)]

    assert again == [False, False]
    assert surgeon.snapshot() == before


def test_r_a07_a_number_is_invited_again_on_another_day(town: Town) -> None:
    invite = town.world.services.recipients.invite
    invite(amina(town), ZAWADI)
    town.world.clock.advance(days=1)

    assert invite(amina(town), ZAWADI) is True
    assert len(town.sms(ZAWADI)) == 2


def test_r_a07_the_day_of_an_invitation_is_the_day_in_nairobi(town: Town) -> None:
    """At 01:30 there it is still yesterday in Greenwich."""
    invite, clock = town.world.services.recipients.invite, town.world.clock
    half_past_one = town.world.services.local.midnight(clock.now()) + timedelta(days=1, hours=1.5)
    clock.advance(seconds=(half_past_one - clock.now()).total_seconds())

    fresh = [invite(amina(town), ZAWADI)]
    clock.advance(hours=2)
    fresh += [invite(amina(town), ZAWADI)]
    clock.advance(hours=21)
    fresh += [invite(amina(town), ZAWADI)]

    assert fresh == [True, False, True]


def test_r_a07_many_who_invite_at_once_invite_once(town: Town) -> None:
    caller = amina(town)

    told = crowd(
        10, lambda _: insist(lambda: town.world.services.recipients.invite(caller, ZAWADI))
    )

    assert sorted(given(told)) == [False] * 9 + [True]
    assert len(town.sms(ZAWADI)) == 1


def test_r_a07_a_number_of_another_country_is_not_invited(town: Town, surgeon: Surgeon) -> None:
    before = surgeon.snapshot()

    with pytest.raises(NotAllowed):
        town.world.services.recipients.invite(amina(town), Phone("+255712345678"))

    assert surgeon.snapshot() == before


def test_r_a07_a_number_that_stopped_sms_is_not_invited(town: Town, surgeon: Surgeon) -> None:
    town.world.services.messages.opt_out(ZAWADI)
    before = surgeon.snapshot()

    with pytest.raises(OptedOut):
        town.world.services.recipients.invite(amina(town), ZAWADI)

    assert surgeon.snapshot() == before


def test_r_a07_an_invitation_is_in_the_audit_without_the_number(town: Town) -> None:
    town.world.services.recipients.invite(amina(town), ZAWADI)

    with town.world.db.reading() as reading:
        rows = reading.rows(
            "SELECT actor, subject, details FROM audit WHERE action = 'invitation.sent'"
        )
    assert rows == [(town.amina, None, None)]
