"""What a bad network does to a session."""

import pytest

from tests.simulators.desk import AMINA, BARAKA, Desk
from tests.simulators.stub import Reply, eventually


def test_a_duplicate_posts_each_hop_twice(desk: Desk) -> None:
    desk.fault({"name": "ussd.duplicate"})
    desk.dial()
    shown = desk.reply("1")

    assert [form["text"] for form in desk.app.asked("ussd")] == ["", "", "1", "1"]
    assert len({form["sessionId"] for form in desk.app.asked("ussd")}) == 1
    assert [hop["copy_of"] for hop in shown["hops"]] == ["", "ussd.duplicate"] * 2


def test_copies_are_not_counted_as_hops_of_the_caller(desk: Desk) -> None:
    desk.fault({"name": "ussd.duplicate"})
    desk.dial()
    desk.reply("0")

    [event] = desk.told("events")
    assert event["hopsCount"] == "2"


def test_a_late_duplicate_comes_after_the_next_hop(desk: Desk) -> None:
    desk.fault({"name": "ussd.late_duplicate", "seconds": 0.6, "times": 1})
    desk.dial()
    desk.reply("1")

    eventually(lambda: len(desk.app.requests) == 3)
    assert [form["text"] for form in desk.app.asked("ussd")] == ["", "1", ""]


def test_a_double_start_may_carry_another_text(desk: Desk) -> None:
    desk.fault({"name": "ussd.double_start", "text": "96"})
    desk.dial()
    desk.reply("1")

    texts = [form["text"] for form in desk.app.asked("ussd")]
    assert sorted(texts) == ["", "1", "96"]


def test_a_lost_answer_was_given_but_not_seen(desk: Desk) -> None:
    desk.dial()
    desk.fault({"name": "ussd.lost_answer"})
    shown = desk.reply("0")

    assert (shown["screen"], shown["operator_error"] is None) == ("", False)
    assert shown["hops"][-1]["answer"] == "END Bye"
    assert [event["status"] for event in desk.told("events")] == ["Success"]


def test_a_lost_request_never_arrives(desk: Desk) -> None:
    desk.fault({"name": "ussd.lost_request"})
    shown = desk.dial()

    assert shown["operator_error"]
    assert desk.app.asked("ussd") == []


def test_a_cut_shows_the_screen_and_drops_the_line(desk: Desk) -> None:
    desk.fault({"name": "ussd.cut"})
    shown = desk.dial()

    assert (shown["screen"], shown["ends"]) == ("You typed nothing", True)
    assert [event["status"] for event in desk.told("events")] == ["Incomplete"]


def test_a_slow_network_takes_its_time(desk: Desk) -> None:
    desk.fault({"name": "ussd.slow", "seconds": 0.3})
    desk.dial()

    [session] = desk.books("sessions")
    assert session["hops"][0]["faults"] == ["ussd.slow"]
    [event] = desk.hang_up() and desk.told("events")
    assert int(event["durationInMillis"]) >= 300


@pytest.mark.parametrize(("name", "count"), [("ussd.no_event", 0), ("event.duplicate", 2)])
def test_an_end_is_told_not_once(desk: Desk, name: str, count: int) -> None:
    desk.fault({"name": name, "phone": AMINA})
    for phone in (AMINA, BARAKA):
        desk.dial(phone)
        desk.hang_up(phone)

    events = desk.told("events", count + 1)
    assert [event["phoneNumber"] for event in events].count(AMINA) == count


def test_an_event_may_come_late(desk: Desk) -> None:
    desk.fault({"name": "event.delay", "seconds": 0.6})
    desk.dial()
    desk.hang_up()

    assert desk.app.asked("events") == []
    assert len(desk.told("events")) == 1


def test_a_fault_strikes_so_many_times_and_no_more(desk: Desk) -> None:
    desk.fault({"name": "ussd.lost_answer", "times": 2})

    ends = [desk.dial()["ends"] for _ in range(4)]

    assert ends == [True, True, False, False]
    [fault] = desk.http.get("/control/faults").json()["faults"]
    assert (fault["times"], fault["struck"]) == (0, 2)


def test_the_same_seed_gives_the_same_luck(desk: Desk) -> None:
    desk.app.menu = lambda _: Reply("END Hello")
    lucks = []
    for _ in range(2):
        desk.configure(seed=7)
        desk.fault({"name": "ussd.lost_answer", "rate": 0.5})
        lucks.append([desk.dial()["operator_error"] for _ in range(20)])

    assert lucks[0] == lucks[1]
    assert 0 < lucks[0].count(None) < 20


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "ussd.nonsense"},
        {"name": "ussd.slow", "rate": 2},
        {"name": "ussd.slow", "seconds": -1},
        {"name": "ussd.slow", "sconds": 1},
        {"name": "ussd.slow", "times": True},
        {"name": "sms.refuse", "status_code": 418},
        "ussd.slow",
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(desk: Desk, wish: object) -> None:
    desk.fault({"name": "ussd.cut"})

    answer = desk.http.put("/control/faults", json={"faults": [wish]})

    assert answer.status_code == 400
    assert [each["name"] for each in desk.http.get("/control/faults").json()["faults"]] == [
        "ussd.cut"
    ]


def test_faults_are_switched_off_together(desk: Desk) -> None:
    desk.fault({"name": "ussd.cut"}, {"name": "ussd.slow"})

    desk.http.delete("/control/faults")

    assert desk.dial()["ends"] is False
