"""A caller who hangs up on an answer learns at the next dial what it would have told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.dialog.evidence import payments
from tests.people import PIN, Handset, World

PAID = "CON Your last payment: 20 UMOJA went to Baraka O at "
NOT_SENT = "CON You were cut off. Your payment was NOT sent, nothing was taken."
HOME = "CON Umoja\nHello Amina!"
ASKED = ["1", "0700000002", "20"]


@pytest.fixture
def at_pin(amina: Handset) -> Handset:
    """Amina, asked for the PIN that sends 20 to Baraka."""
    amina.dial()
    assert "Your PIN:" in amina.say(*ASKED)
    return amina


def test_r_a15_a_payment_that_was_hung_up_on_is_told_at_the_next_dial(at_pin: Handset) -> None:
    assert at_pin.say(PIN).startswith("END Sent 20 UMOJA")
    at_pin.cut_off()

    assert at_pin.dial().startswith(PAID)


def test_r_a15_a_payment_that_was_hung_up_on_before_it_was_made_is_told_at_the_next_dial(
    at_pin: Handset,
) -> None:
    at_pin.cut_off()
    assert at_pin.say(PIN).startswith("END Sent 20 UMOJA")

    assert at_pin.dial().startswith(PAID)


def test_a_payment_whose_answer_was_shown_is_not_told_again(at_pin: Handset) -> None:
    at_pin.say(PIN)

    assert at_pin.dial().startswith(HOME)


def test_r_a15_a_refusal_that_was_hung_up_on_is_told_and_the_call_may_go_on(
    amina: Handset, scene: World
) -> None:
    amina.dial()
    amina.say("1", "0700000002", "101")
    assert amina.say(PIN).startswith("CON Not sent: you have only 100 UMOJA.")
    amina.cut_off()

    assert amina.dial().startswith(NOT_SENT)
    assert amina.say("1").startswith("CON Welcome back.\nHow much for Baraka O?")
    assert amina.say("20", PIN).startswith("END Sent 20 UMOJA")
    assert payments(scene) == 1


def test_a_call_cut_after_going_back_from_the_pin_is_only_offered_to_go_on(
    at_pin: Handset,
) -> None:
    at_pin.say("0")
    at_pin.cut_off()

    assert at_pin.dial().startswith("CON You were cut off. Go on where you were?")


def test_r_a15_what_became_of_a_payment_is_told_until_the_caller_has_seen_it(
    at_pin: Handset,
) -> None:
    at_pin.say(PIN)
    at_pin.cut_off()

    for _time in range(3):
        assert at_pin.dial().startswith(PAID)
        at_pin.cut_off()
    assert at_pin.say("1").startswith(HOME)
    assert at_pin.dial().startswith(HOME)


def test_r_a15_the_offer_to_go_on_stands_until_the_caller_has_seen_it(at_pin: Handset) -> None:
    for _time in range(3):
        assert at_pin.dial().startswith(NOT_SENT)

    assert at_pin.say("1").startswith("CON Welcome back.\nHow much for Baraka O?")


def test_a_late_answer_of_the_call_before_takes_nothing_back(at_pin: Handset) -> None:
    """The PIN arrives after the next call was told that nothing was sent, and has paid."""
    before = replace(at_pin)
    at_pin.cut_off()
    at_pin.dial("1")
    at_pin.say("2", "1", *ASKED[1:], PIN)

    assert before.say(PIN).startswith("END Nothing was sent.")
    before.cut_off()

    assert at_pin.dial().startswith(HOME)


def test_a_deed_that_is_no_payment_needs_no_telling(amina: Handset) -> None:
    amina.dial()
    amina.say("4", "1", "Amina Njeri")
    assert amina.say(PIN).startswith("END From now on you are Amina Njeri.")
    amina.cut_off()

    assert amina.dial().startswith(HOME)
