"""When the company fails: what is known of an SMS, when it is tried again, and how often it comes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from tests.db.crowd import crowd, insist, raised
from tests.messages.post import HELLO, Post
from tests.people import AMINA, AT_API_KEY, AT_USERNAME, BARAKA, World
from ussd_app.gateways.africastalking import AfricasTalkingSms

TAKEN_ALL_THE_SAME = ["sms.error_after", "sms.reset_after"]
NOT_TAKEN = ["sms.error_before", "sms.reset"]
UNCLEAR_SECONDS = 60


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("name", [*TAKEN_ALL_THE_SAME, *NOT_TAKEN])
def test_an_sms_without_an_answer_is_unclear_for_a_minute(
    world: World, post: Post, name: str
) -> None:
    world.company.fault({"name": name, "times": 1})
    message = post.promise(AMINA)

    world.run_errands()

    assert post.state(message) == "unclear"
    assert UNCLEAR_SECONDS - 10 < post.due(message) <= UNCLEAR_SECONDS
    assert len(post.taken()) == (name in TAKEN_ALL_THE_SAME)


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_an_sms_that_was_not_taken_is_sent_again_and_comes_once(
    world: World, post: Post, name: str
) -> None:
    world.company.fault({"name": name, "times": 1})
    message = post.promise(AMINA)
    world.run_errands()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)

    assert world.sms(AMINA) == [HELLO]
    post.bring_all()
    assert (post.state(message), len(post.taken())) == ("delivered", 1)


@pytest.mark.parametrize("name", TAKEN_ALL_THE_SAME)
def test_an_sms_that_is_reported_is_not_sent_again(world: World, post: Post, name: str) -> None:
    world.company.fault({"name": name, "times": 1})
    message = post.promise(AMINA)
    world.run_errands()

    post.bring_all()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)
    world.run_errands()

    assert (post.state(message), len(post.taken())) == ("delivered", 1)
    assert post.column(message, "provider_id") == post.taken()[0]["id"]


@pytest.mark.parametrize("name", TAKEN_ALL_THE_SAME)
def test_an_sms_that_nobody_reports_comes_twice_and_not_three_times(
    world: World, post: Post, name: str
) -> None:
    world.company.fault({"name": name}, {"name": "report.drop"})
    message = post.promise(AMINA)
    for _ in range(4):
        world.run_errands()
        world.clock.advance(seconds=UNCLEAR_SECONDS + 1)

    assert (post.state(message), post.column(message, "failure")) == ("failed", "no answer")
    assert len(post.taken()) == 2


def test_an_sms_sent_again_ends_by_the_reports_of_its_second_copy(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.error_after", "times": 1})
    message = post.promise(AMINA)
    world.run_errands()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)
    world.run_errands()

    post.bring_all()

    first, second = post.taken()
    assert first["id"] != second["id"] == post.column(message, "provider_id")
    assert (post.state(message), post.column(message, "copies")) == ("delivered", 2)


def test_a_silent_company_leaves_an_sms_unclear(world: World, post: Post) -> None:
    """Both ways of being silent at once, for their time-out is nine seconds."""
    world.company.fault(
        {"name": "sms.hang_before", "phone": AMINA, "seconds": 14, "times": 1},
        {"name": "sms.hang_after", "phone": BARAKA, "seconds": 14, "times": 1},
    )
    not_taken, taken = post.promise(AMINA), post.promise(BARAKA)
    with ThreadPoolExecutor(2) as threads:
        until = list(threads.map(world.services.delivery.carry, (not_taken, taken)))
    states = [post.state(message) for message in (not_taken, taken)]

    post.bring_all()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)
    world.run_errands()
    post.bring_all()

    assert (states, None in until) == (["unclear", "unclear"], False)
    assert [post.state(message) for message in (not_taken, taken)] == ["delivered", "delivered"]
    assert [len(post.taken(phone)) for phone in (AMINA, BARAKA)] == [1, 1]


@pytest.mark.parametrize("code", [401, 402, 403, 404, 406, 409])
def test_an_sms_refused_for_good_is_not_tried_again(world: World, post: Post, code: int) -> None:
    world.company.fault({"name": "sms.refuse", "status_code": code})
    message = post.promise(AMINA)

    world.run_errands()
    world.clock.advance(hours=2)
    world.run_errands()

    assert post.state(message) == "failed"
    assert str(post.column(message, "failure")).startswith(f"{code} ")
    assert post.refused() == [code]


@pytest.mark.parametrize("code", [405, 407, 500, 501, 502])
def test_an_sms_refused_for_now_is_tried_again(world: World, post: Post, code: int) -> None:
    world.company.fault({"name": "sms.refuse", "status_code": code, "times": 2})
    message = post.promise(AMINA)
    world.run_errands()
    meanwhile = (post.state(message), post.refused(), round(post.due(message)))
    world.clock.advance(seconds=31)

    assert world.sms(AMINA) == [HELLO]
    assert meanwhile == ("waiting", [code, code], 30)
    assert (post.state(message), post.column(message, "copies")) == ("sent", 1)


@pytest.mark.parametrize("name", ["sms.processed", "sms.queued"])
def test_an_sms_taken_in_other_words_is_sent(world: World, post: Post, name: str) -> None:
    world.company.fault({"name": name})
    message = post.promise(AMINA)
    world.run_errands()

    post.bring_all()

    assert (post.state(message), len(post.taken())) == ("delivered", 1)


def test_sms_taken_without_an_id_are_known_by_their_reports(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.no_id"})
    messages = [post.promise(phone) for phone in (AMINA, BARAKA)]
    world.run_errands()
    before = [post.state(message) for message in messages]

    post.bring_all()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)
    world.run_errands()

    assert before == ["unclear", "unclear"]
    assert [post.state(message) for message in messages] == ["delivered", "delivered"]
    assert len(post.taken()) == 2


def test_an_unknown_sender_name_is_refused_for_good(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.invalid_sender"})
    message = post.promise(AMINA)

    world.run_errands()

    assert (post.state(message), post.column(message, "failure")) == ("failed", "InvalidSenderId")


def test_an_answer_with_a_charset_is_an_answer(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.charset"})
    message = post.promise(AMINA)

    assert world.sms(AMINA) == [HELLO]
    assert post.state(message) == "sent"


def test_pauses_grow_until_it_is_too_late(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.refuse", "status_code": 405})
    message = post.promise(AMINA, hours=4)
    valid_until: datetime = post.column(message, "valid_until")
    pauses = []

    while (until := world.services.delivery.carry(message)) is not None:
        pauses.append(round((until - world.clock.now()).total_seconds()))
        world.clock.advance(seconds=pauses[-1])

    assert pauses == [0, 30, 120, 600, 3600, 3600, 3600, 3600]
    assert post.state(message) == "expired"
    assert len(post.refused()) == 8
    assert world.clock.now() - valid_until < timedelta(hours=1)


def test_a_company_that_cannot_be_reached_is_tried_again(
    world: World, post: Post, closed_port: int
) -> None:
    away = AfricasTalkingSms(f"http://127.0.0.1:{closed_port}", AT_USERNAME, AT_API_KEY)
    message = post.promise(AMINA)

    until = post.delivery(away).carry(message)

    assert until is not None
    assert (post.state(message), post.column(message, "copies")) == ("waiting", 0)
    assert post.column(message, "failure") == "no connection"
    assert world.sms(AMINA) == [HELLO]


def test_an_unclear_sms_is_not_sent_again_when_it_is_too_late(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.error_before", "times": 1})
    message = post.promise(AMINA, hours=0.01)
    world.run_errands()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)

    world.run_errands()

    assert (post.state(message), post.taken()) == ("expired", [])


def test_an_unclear_sms_is_not_sent_again_to_who_opted_out(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.error_before", "times": 1})
    message = post.promise(AMINA)
    world.run_errands()
    world.services.messages.opt_out(AMINA)
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)

    world.run_errands()

    assert (post.state(message), post.taken()) == ("suppressed", [])


def test_while_one_sms_is_unclear_the_next_to_that_number_waits(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.error_after", "times": 1})
    first = post.promise(AMINA)
    world.run_errands()
    second, elsewhere = post.promise(AMINA, "Second"), post.promise(BARAKA)

    world.run_errands()

    assert [post.state(one) for one in (first, second, elsewhere)] == ["unclear", "waiting", "sent"]
    assert 0 < post.due(second) <= 1


def test_the_next_sms_goes_once_the_one_before_is_settled(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.error_after", "times": 1})
    post.promise(AMINA)
    world.run_errands()
    second = post.promise(AMINA, "Second")
    world.run_errands()

    post.bring_all()
    world.clock.advance(seconds=2)
    world.run_errands()

    assert post.state(second) == "sent"
    assert [sms["text"] for sms in post.taken(AMINA)] == [HELLO, "Second"]


def test_of_many_to_one_number_at_once_one_is_under_way(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.hang_after", "seconds": 0.7, "times": 1})
    messages = [post.promise(AMINA, f"SMS {number}") for number in range(8)]

    told = crowd(8, lambda n: insist(lambda: world.services.delivery.carry(messages[n])))

    assert raised(told) == []
    assert len(post.taken()) == 1
    assert sorted(post.state(message) for message in messages) == ["sent"] + ["waiting"] * 7


def test_a_worker_that_died_while_sending_leaves_an_sms_unclear(world: World, post: Post) -> None:
    message = died_while_sending(world, post)

    world.run_errands()

    assert (post.state(message), post.taken()) == ("unclear", [])
    assert 0 < post.due(message) <= UNCLEAR_SECONDS


def test_an_sms_of_a_worker_that_died_is_sent_after_a_minute(world: World, post: Post) -> None:
    message = died_while_sending(world, post)
    world.run_errands()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)

    world.run_errands()

    assert (post.state(message), len(post.taken())) == ("sent", 1)


def test_an_sms_of_a_worker_that_died_is_known_by_its_report(world: World, post: Post) -> None:
    message = died_while_sending(world, post)
    post.bring({"id": "ATPid_lost", "status": "Success", "phoneNumber": AMINA})

    world.run_errands()

    assert (post.state(message), post.column(message, "provider_id")) == ("delivered", "ATPid_lost")
    assert post.taken() == []


def test_a_report_from_before_the_try_is_not_taken_for_it(world: World, post: Post) -> None:
    post.bring({"id": "ATPid_older", "status": "Success", "phoneNumber": AMINA})
    world.clock.advance(seconds=1)
    world.company.fault({"name": "sms.error_before", "times": 1})
    message = post.promise(AMINA)
    world.run_errands()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)

    world.run_errands()

    assert (post.state(message), len(post.taken())) == ("sent", 1)


def test_a_report_to_another_number_is_not_taken_for_it(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.error_before", "times": 1})
    message = post.promise(AMINA)
    world.run_errands()

    post.bring({"id": "ATPid_strange", "status": "Success", "phoneNumber": BARAKA})

    assert post.state(message) == "unclear"


def test_a_late_report_of_a_second_copy_is_not_taken_for_the_next_sms(
    world: World, post: Post
) -> None:
    world.company.fault(
        {"name": "sms.error_after", "times": 1}, {"name": "report.drop", "times": 3}
    )
    first = post.promise(AMINA)
    world.run_errands()
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)
    world.run_errands()
    stray = {"id": post.taken()[0]["id"], "status": "Success", "phoneNumber": AMINA}
    world.company.fault({"name": "sms.error_before", "times": 1})
    second = post.promise(AMINA, "Second")
    world.run_errands()

    post.bring(stray)
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)
    world.run_errands()

    assert (post.state(first), post.state(second)) == ("sent", "sent")
    assert [sms["text"] for sms in post.taken()] == [HELLO, HELLO, "Second"]


def test_a_report_that_comes_after_a_second_try_was_refused_is_taken_for_it(
    world: World, post: Post
) -> None:
    """Taken and unanswered, then refused for now, then reported: a third try is not needed."""
    world.company.fault({"name": "sms.error_after", "times": 1})
    message = post.promise(AMINA)
    world.run_errands()
    world.company.fault({"name": "sms.refuse", "status_code": 405, "times": 2})
    world.clock.advance(seconds=UNCLEAR_SECONDS + 1)
    world.run_errands()

    post.bring_all()
    world.clock.advance(minutes=5)
    world.run_errands()

    assert (post.state(message), len(post.taken())) == ("delivered", 1)


def died_while_sending(world: World, post: Post) -> int:
    """An SMS whose worker wrote down that it was going to send it, and nothing after that."""
    message = post.promise(AMINA)
    with world.db.work() as work:
        work.run(
            """
            UPDATE message SET state = 'sending', tried_at = %s, attempts = 1, copies = 1
            WHERE id = %s
            """,
            world.clock.now(),
            message,
        )
    return message


MIXED_FAULTS = (
    {"name": "sms.error_before", "rate": 0.2},
    {"name": "sms.error_after", "rate": 0.2},
    {"name": "sms.reset", "rate": 0.1},
    {"name": "sms.reset_after", "rate": 0.1},
    {"name": "sms.refuse", "status_code": 405, "rate": 0.2},
    {"name": "sms.charset", "rate": 0.5},
    {"name": "report.duplicate", "rate": 0.3},
    {"name": "report.reorder", "rate": 0.3},
)


def until_all_have_ended(world: World, post: Post, messages: list[int]) -> list[str]:
    """Run errands and bring reports, minute after minute; how each message ended."""
    for _ in range(60):
        world.run_errands()
        post.bring_all()
        states = [post.state(message) for message in messages]
        if set(states) <= {"delivered", "failed"}:
            return states
        world.clock.advance(seconds=30)
    raise AssertionError("some are still under way")


def test_whatever_goes_wrong_an_sms_that_is_reported_comes_once(world: World, post: Post) -> None:
    world.company.fault(*MIXED_FAULTS)
    phones = [f"+2547220000{number:02}" for number in range(25)]
    messages = [post.promise(phone) for phone in phones]

    states = until_all_have_ended(world, post, messages)

    came = {phone: len(post.taken(phone)) for phone in phones}
    lost = {phone for phone, state in zip(phones, states, strict=True) if state == "failed"}
    assert {phone: count for phone, count in came.items() if count != 1} == dict.fromkeys(lost, 0)


def test_whatever_goes_wrong_no_sms_comes_a_third_time(world: World, post: Post) -> None:
    world.company.fault(*MIXED_FAULTS, {"name": "report.drop", "rate": 0.4})
    bodies = [f"SMS {number}" for number in range(12)]
    messages = [post.promise((AMINA, BARAKA)[n % 2], body) for n, body in enumerate(bodies)]

    for _ in range(40):
        world.run_errands()
        post.bring_all()
        world.clock.advance(seconds=30)

    came = [sms["text"] for sms in post.taken()]
    assert max(came.count(body) for body in bodies) <= 2
    assert {post.state(message) for message in messages} <= {"delivered", "sent", "failed"}
