"""Whoever wants no SMS gets none."""

from __future__ import annotations

import pytest

from tests.db.crowd import crowd, insist, raised
from tests.db.surgery import Surgeon
from tests.messages.post import HELLO, Post
from tests.people import AMINA, BARAKA, World


@pytest.mark.parametrize("body", ["STOP", "stop", " Stop\n", "ACHA", "acha", "KOMESHA"])
def test_a_word_that_means_stop_stops_sms(world: World, post: Post, body: str) -> None:
    world.services.messages.take_in("in-1", phone=AMINA, body=body)
    message = post.promise(AMINA)

    assert world.sms(AMINA) == []
    assert (post.state(message), post.column(message, "failure")) == ("suppressed", "opted out")


@pytest.mark.parametrize("body", ["", "Hello", "STOP it", "Please stop", "START", "NISAIDIE"])
def test_any_other_words_stop_nothing(world: World, post: Post, body: str) -> None:
    world.services.messages.take_in("in-1", phone=AMINA, body=body)
    post.promise(AMINA)

    assert world.sms(AMINA) == [HELLO]


@pytest.mark.parametrize("body", ["START", "start", "ANZA", " anza "])
def test_a_word_that_means_start_starts_them_again(world: World, post: Post, body: str) -> None:
    world.services.messages.opt_out(AMINA)
    world.services.messages.take_in("in-1", phone=AMINA, body=body)
    post.promise(AMINA)

    assert world.sms(AMINA) == [HELLO]


def test_the_companys_word_stops_sms_too(world: World, post: Post) -> None:
    world.services.messages.opt_out(AMINA)
    post.promise(AMINA)

    assert world.sms(AMINA) == []


def test_only_who_opted_out_gets_none(world: World, post: Post) -> None:
    world.services.messages.opt_out(AMINA)
    post.promise(BARAKA)

    assert world.sms(BARAKA) == [HELLO]


def test_opting_out_twice_is_opting_out(world: World, surgeon: Surgeon) -> None:
    world.services.messages.opt_out(AMINA)
    before = surgeon.snapshot()

    world.services.messages.opt_out(AMINA)

    assert surgeon.snapshot() == before


def test_an_sms_that_comes_twice_is_heeded_once(world: World, post: Post) -> None:
    take_in = world.services.messages.take_in
    take_in("in-1", phone=AMINA, body="STOP")
    take_in("in-2", phone=AMINA, body="START")

    take_in("in-1", phone=AMINA, body="STOP")

    post.promise(AMINA)
    assert world.sms(AMINA) == [HELLO]


def test_an_sms_that_comes_many_times_at_once_is_one(world: World) -> None:
    take_in = world.services.messages.take_in

    told = crowd(10, lambda _: insist(lambda: take_in("in-1", phone=AMINA, body="Hello")))

    with world.db.reading() as reading:
        rows = reading.rows("SELECT provider_id, phone, body FROM inbound_message")
    assert raised(told) == []
    assert rows == [("in-1", AMINA, "Hello")]


@pytest.mark.parametrize("body", ["PIN 7306", "PIN 7 3 0 6", "PIN 7\n3\n0\n6", "73-06"])
def test_r_a03_a_pin_that_somebody_texts_is_not_kept(world: World, body: str) -> None:
    world.services.messages.take_in("in-1", phone=AMINA, body=body)

    with world.db.reading() as reading:
        ((kept,),) = reading.rows("SELECT body FROM inbound_message")
    assert kept in ("PIN ****", "****")


def test_what_was_promised_before_is_not_sent_either(world: World, post: Post) -> None:
    message = post.promise(AMINA)
    world.services.messages.opt_out(AMINA)

    assert world.sms(AMINA) == []
    assert post.state(message) == "suppressed"
