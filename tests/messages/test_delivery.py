"""What becomes of an SMS: sent, reported, ended; once, and never too late."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests.db.crowd import crowd, eventually, insist, raised
from tests.db.surgery import Surgeon
from tests.messages.post import HELLO, PRICE, Post
from tests.people import AMINA, BARAKA, World
from ussd_app.errors import Unclear
from ussd_app.messages.delivery import Delivery

UNKNOWN = {"id": "ATPid_unknown", "status": "Success", "phoneNumber": BARAKA}


@dataclass(frozen=True)
class Taken:
    """The company took it."""

    provider_id: str = "ATPid_1"
    cost: int = 80


@dataclass
class Fast:
    """A company whose reports arrive before its answer does, if that arrives at all."""

    reports: tuple[str, ...]
    answers: bool = True
    delivery: Delivery | None = None

    def send(self, to: str, body: str) -> Taken:
        assert self.delivery
        for status in self.reports:
            self.delivery.report("ATPid_1", status=status, phone=to, failure=None)
        if not self.answers:
            raise Unclear("no answer")
        return Taken()


@dataclass
class Meeting:
    """A company whose report is still being written down when its answer comes."""

    world: World
    surgeon: Surgeon
    reporting: threading.Thread | None = None

    def send(self, to: str, body: str) -> Taken:
        def report() -> None:
            self.world.services.delivery.report("ATPid_1", status="Success", phone=to, failure=None)

        self.reporting = threading.Thread(target=report)
        self.reporting.start()
        eventually(
            lambda: self.surgeon.one(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            )
        )
        return Taken()


class Free:
    """A company that does not say what an SMS cost."""

    def send(self, to: str, body: str) -> Taken:
        return Taken(cost=0)


def spend(world: World) -> list[tuple[object, ...]]:
    with world.db.reading() as reading:
        return list(reading.rows("SELECT day, cost, count FROM sms_spend ORDER BY day"))


def test_an_sms_goes_out_once(world: World, post: Post) -> None:
    message = post.promise(AMINA)

    assert world.sms(AMINA) == [HELLO]
    assert post.state(message) == "sent"
    assert world.run_errands() == 0


def test_an_sms_that_was_sent_keeps_the_companys_id_of_it(world: World, post: Post) -> None:
    message = post.promise(AMINA)

    world.run_errands()

    (taken,) = post.taken()
    assert post.column(message, "provider_id") == taken["id"]
    assert (post.column(message, "attempts"), post.column(message, "copies")) == (1, 1)


@pytest.mark.parametrize("deed", ["unknown", "ended"])
def test_there_is_nothing_to_carry_of_what_is_not_under_way(
    world: World, post: Post, surgeon: Surgeon, deed: str
) -> None:
    message = post.promise(AMINA)
    world.run_errands()
    before = surgeon.snapshot()

    until = world.services.delivery.carry(message if deed == "ended" else 999_999)

    assert until is None
    assert surgeon.snapshot() == before
    assert len(post.taken()) == 1


def test_an_sms_carried_by_many_at_once_goes_out_once(world: World, post: Post) -> None:
    message = post.promise(AMINA)

    told = crowd(10, lambda _: insist(lambda: world.services.delivery.carry(message)))

    assert raised(told) == []
    assert len(post.taken()) == 1
    assert post.state(message) == "sent"


def test_an_sms_is_delivered_when_it_is_reported_so(world: World, post: Post) -> None:
    message = post.promise(AMINA)
    world.run_errands()

    post.bring_all()

    assert [form["status"] for form in post.reports()] == ["Sent", "Buffered", "Success"]
    assert post.state(message) == "delivered"


def test_an_sms_that_never_arrives_has_failed_and_why(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.undelivered", "reason": "UserInBlackList"})
    message = post.promise(AMINA)
    world.run_errands()

    post.bring_all()

    assert (post.state(message), post.column(message, "failure")) == ("failed", "UserInBlackList")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Success", "delivered"),
        ("Failed", "failed"),
        ("Rejected", "failed"),
        ("Sent", "sent"),
        ("Submitted", "sent"),
        ("Buffered", "sent"),
        ("AbsentSubscriber", "sent"),
        ("Expired", "sent"),
        ("Whatever", "sent"),
    ],
)
def test_a_report_ends_an_sms_if_it_is_final(
    world: World, post: Post, status: str, state: str
) -> None:
    message = post.promise(AMINA)
    world.run_errands()
    report = {**post.reports()[0], "status": status}

    post.bring(report)

    assert post.state(message) == state


@pytest.mark.parametrize("later", ["Success", "Failed", "Rejected", "Sent", "Buffered"])
@pytest.mark.parametrize(("first", "state"), [("Success", "delivered"), ("Failed", "failed")])
def test_an_end_is_the_end(world: World, post: Post, first: str, state: str, later: str) -> None:
    message = post.promise(AMINA)
    world.run_errands()
    report = post.reports()[0]

    for status in (first, later):
        post.bring({**report, "status": status})

    assert post.state(message) == state


@pytest.mark.parametrize("name", ["report.duplicate", "report.reorder"])
def test_reports_that_come_twice_or_in_disorder_end_alike(
    world: World, post: Post, name: str
) -> None:
    world.company.fault({"name": name})
    messages = [post.promise(phone) for phone in (AMINA, BARAKA)]
    world.run_errands()

    post.bring_all()

    statuses = [form["status"] for form in post.reports(AMINA)]
    assert statuses != ["Sent", "Buffered", "Success"]
    assert [post.state(message) for message in messages] == ["delivered", "delivered"]


def test_a_report_brought_again_changes_nothing(world: World, post: Post, surgeon: Surgeon) -> None:
    post.promise(AMINA)
    world.run_errands()
    post.bring_all()
    before = surgeon.snapshot()

    post.bring_all()

    assert surgeon.snapshot() == before


def test_a_report_brought_by_many_at_once_counts_once(world: World, post: Post) -> None:
    message = post.promise(AMINA)
    world.run_errands()
    final = post.reports()[-1]

    told = crowd(10, lambda _: insist(lambda: post.bring(final)))

    assert raised(told) == []
    assert post.state(message) == "delivered"


def test_a_report_that_meets_the_answer_is_heeded(
    world: World, post: Post, surgeon: Surgeon
) -> None:
    surgeon.cut("""
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON delivery_report
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()
    """)
    company = Meeting(world, surgeon)
    message = post.promise(AMINA)

    post.delivery(company).carry(message)

    assert company.reporting
    company.reporting.join()
    assert post.state(message) == "delivered"


def test_a_report_of_an_unknown_sms_is_heeded_for_none(world: World, post: Post) -> None:
    message = post.promise(AMINA)
    world.run_errands()

    post.bring(UNKNOWN, {**UNKNOWN, "phoneNumber": AMINA})

    assert post.state(message) == "sent"


@pytest.mark.parametrize(
    ("reports", "state"),
    [(("Sent",), "sent"), (("Sent", "Success"), "delivered"), (("Failed",), "failed")],
)
def test_a_report_may_come_before_the_answer(
    world: World, post: Post, reports: tuple[str, ...], state: str
) -> None:
    fast = Fast(reports)
    fast.delivery = post.delivery(fast)
    message = post.promise(AMINA)

    until = fast.delivery.carry(message)

    assert (until, post.state(message)) == (None, state)
    assert post.column(message, "provider_id") == "ATPid_1"


def test_a_report_that_came_when_the_answer_did_not_is_taken_for_it(
    world: World, post: Post
) -> None:
    fast = Fast(("Sent", "Success"), answers=False)
    fast.delivery = post.delivery(fast)
    message = post.promise(AMINA)

    until = fast.delivery.carry(message)
    world.clock.advance(seconds=61)

    assert until is not None
    assert fast.delivery.carry(message) is None
    assert (post.state(message), post.column(message, "copies")) == ("delivered", 1)


def test_an_sms_that_comes_too_late_is_not_sent(world: World, post: Post) -> None:
    message = post.promise(AMINA, hours=1)
    world.clock.advance(hours=1)

    world.run_errands()

    assert (post.state(message), post.column(message, "failure")) == ("expired", "too late")
    assert post.taken() == []


def test_an_sms_that_comes_just_in_time_is_sent(world: World, post: Post) -> None:
    message = post.promise(AMINA, hours=1)
    world.clock.advance(minutes=59, seconds=30)

    world.run_errands()

    assert post.state(message) == "sent"


def test_what_sms_cost_is_summed_by_the_day(world: World, post: Post) -> None:
    today = world.services.local.date(world.clock.now())
    for body in (HELLO, HELLO, "x" * 161):
        post.promise(AMINA, body)
    world.run_errands()
    world.clock.advance(seconds=5)
    world.run_errands()
    world.clock.advance(days=1)
    post.promise(AMINA)

    world.run_errands()

    assert spend(world) == [(today, 80 + 80 + 160, 3), (today + timedelta(days=1), 80, 1)]


def test_an_sms_that_was_refused_costs_nothing(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.refuse", "status_code": 403})
    post.promise(AMINA)

    world.run_errands()

    assert [row[1:] for row in spend(world)] == [(0, 0)]


def test_an_sms_that_was_refused_for_now_costs_nothing(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.refuse", "status_code": 405})
    post.promise(AMINA)

    world.run_errands()

    assert [row[1:] for row in spend(world)] == [(0, 0)]


@pytest.mark.parametrize("reports", [(), ("Success",)])
def test_an_sms_whose_cost_is_never_told_costs_what_one_usually_does(
    world: World, post: Post, reports: tuple[str, ...]
) -> None:
    fast = Fast(reports, answers=False)
    fast.delivery = post.delivery(fast)
    message = post.promise(AMINA)

    fast.delivery.carry(message)
    world.clock.advance(seconds=61)
    fast.delivery.carry(message)

    copies = post.column(message, "copies")
    assert copies == (1 if reports else 2)
    assert [row[1:] for row in spend(world)] == [(copies * PRICE, copies)]


def test_an_sms_that_is_taken_for_nothing_costs_what_one_usually_does(
    world: World, post: Post
) -> None:
    post.delivery(Free()).carry(post.promise(AMINA))

    assert [row[1:] for row in spend(world)] == [(PRICE, 1)]


def test_of_many_sent_at_once_only_as_many_go_as_the_money_is_for(world: World, post: Post) -> None:
    delivery = post.delivery(world.services.delivery._sms, daily_most=3 * PRICE)
    messages = [post.promise(f"+2547220000{number:02}") for number in range(12)]

    told = crowd(12, lambda n: insist(lambda: delivery.carry(messages[n])))

    assert raised(told) == []
    assert len(post.taken()) == 3
    assert [row[1:] for row in spend(world)] == [(3 * PRICE, 3)]


def test_silence_of_the_company_spends_the_days_money_too(world: World, post: Post) -> None:
    world.company.fault({"name": "sms.error_after"}, {"name": "report.drop"})
    delivery = post.delivery(world.services.delivery._sms, daily_most=2 * PRICE)
    messages = [post.promise(phone) for phone in (AMINA, BARAKA, "+254722000001")]

    for message in messages:
        delivery.carry(message)

    assert [post.state(message) for message in messages] == ["unclear", "unclear", "waiting"]
    assert len(post.taken()) == 2


def test_that_the_days_money_is_spent_is_told_once_a_day(world: World, post: Post) -> None:
    delivery = post.delivery(world.services.delivery._sms, daily_most=PRICE)
    messages = [post.promise(phone, hours=48) for phone in (AMINA, BARAKA, "+254722000001")]

    told = []
    for _day in range(2):
        with capture_logs() as said:
            for message in messages * 2:
                delivery.carry(message)
        told.append([(line["event"], line["log_level"]) for line in said])
        world.clock.advance(days=1)

    assert told == [[("sms.spend_cap_reached", "error")]] * 2


def test_costs_of_many_sent_at_once_are_all_summed(world: World, post: Post) -> None:
    messages = [post.promise(f"+2547220000{number:02}") for number in range(12)]

    told = crowd(12, lambda n: insist(lambda: world.services.delivery.carry(messages[n])))

    assert raised(told) == []
    assert [row[1:] for row in spend(world)] == [(12 * 80, 12)]


def test_when_the_days_money_is_spent_sms_wait(world: World, post: Post) -> None:
    delivery = post.delivery(world.services.delivery._sms, daily_most=160)
    messages = [post.promise(phone) for phone in (AMINA, BARAKA, "+254722000001")]

    until = [delivery.carry(message) for message in messages]

    assert until[:2] == [None, None]
    assert until[2] is not None
    assert 890 < (until[2] - world.clock.now()).total_seconds() <= 900
    assert [post.state(message) for message in messages] == ["sent", "sent", "waiting"]


def test_the_next_day_has_money_of_its_own(world: World, post: Post) -> None:
    delivery = post.delivery(world.services.delivery._sms, daily_most=80)
    first, second = post.promise(AMINA), post.promise(BARAKA, hours=48)
    delivery.carry(first)
    delivery.carry(second)
    now, local = world.clock.now(), world.services.local
    world.clock.advance(seconds=86_400 - (now - local.midnight(now)).total_seconds())

    assert delivery.carry(second) is None
    assert post.state(second) == "sent"


def test_an_sms_waiting_for_money_is_not_sent_when_it_is_too_late(world: World, post: Post) -> None:
    delivery = post.delivery(world.services.delivery._sms, daily_most=0)
    message = post.promise(AMINA, hours=1)
    delivery.carry(message)
    world.clock.advance(hours=1)

    assert delivery.carry(message) is None
    assert post.state(message) == "expired"
