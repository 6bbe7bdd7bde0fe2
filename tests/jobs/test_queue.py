"""From the outbox through Redis to the worker: nothing is lost, done twice, or kept."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from tests.db.surgery import Surgeon
from tests.jobs.contents import contents
from tests.jobs.crew import Crew
from tests.messages.post import HELLO
from tests.people import AMINA, BARAKA
from ussd_app.db import Database
from ussd_app.db.outbox import QUEUED_LEASE
from ussd_app.jobs.carrier import Carrier
from ussd_app.jobs.queue import BACKLOG_MOST, NAME, queue
from ussd_app.jobs.relay import Relay
from ussd_app.transfers.payments import Order

AT_ONCE = Retry(NoBackoff(), 0)


class Torn(Queue):
    """A queue whose connection breaks when something is put on it."""

    def enqueue_many(self, *_args: Any, **_kwargs: Any) -> list[Job]:
        raise redis.ConnectionError


def test_an_sms_goes_through_relay_redis_and_worker(crew: Crew) -> None:
    message = crew.post.promise(AMINA)

    handed = crew.relay()
    crew.work()

    assert handed == 1
    assert crew.world.company.sms(AMINA) == [HELLO]
    assert crew.post.state(message) == "sent"
    assert (crew.waiting(), crew.failed_jobs()) == (0, [])


def test_a_payment_tells_both_sides_through_the_queue(crew: Crew) -> None:
    amina, baraka = crew.world.join(AMINA, "Amina"), crew.world.join(BARAKA, "Baraka")
    amount = crew.world.services.tokens.first.whole(5)
    crew.world.services.payments.send(Order("a-key", amina, baraka, amount))

    for _ in range(2):
        crew.relay()
        crew.work()

    assert [len(crew.world.company.sms(phone)) for phone in (AMINA, BARAKA)] == [2, 2]


def test_a_job_holds_two_numbers_and_nothing_else(crew: Crew) -> None:
    crew.post.promise(AMINA, "A secret 7391")
    crew.relay()

    (job,) = queue(crew.world.redis).get_jobs()

    with crew.world.db.reading() as reading:
        errand, fence = reading.the_row("SELECT id, fence FROM errand")
    assert json.loads(job.data) == ["ussd_app.jobs.carry", None, [errand, fence], {}]
    written = b" ".join(contents(crew.world.redis))
    assert (AMINA.encode() in written, b"A secret" in written) == (False, False)


def test_nothing_of_a_job_stays_in_redis(crew: Crew) -> None:
    crew.post.promise(AMINA)
    crew.relay()

    crew.work()

    assert [*crew.world.redis.scan_iter("rq:job:*")] == []
    assert [*crew.world.redis.scan_iter("rq:queue:*")] == []


def test_a_job_nobody_takes_leaves_redis_when_its_lease_ends(crew: Crew) -> None:
    crew.post.promise(AMINA)
    crew.relay()

    (job,) = crew.world.redis.scan_iter("rq:job:*")

    assert 0 < crew.world.redis.ttl(job) <= QUEUED_LEASE.total_seconds()


def test_what_a_dead_worker_had_in_hand_is_forgotten(crew: Crew) -> None:
    crew.world.redis.rpush(f"rq:queue:{NAME}:intermediate", "1-1")

    crew.work()

    assert [*crew.world.redis.scan_iter("rq:queue:*")] == []


def test_a_worker_told_to_stop_ends_what_it_has_begun_and_begins_nothing(crew: Crew) -> None:
    first, second = crew.promise("sms", 1), crew.promise("sms", 2)
    crew.relay()
    seen: list[int] = []

    def stop(subject: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        seen.append(subject)

    crew.work(crew.carrier({"sms": stop}))

    assert seen == [1]
    assert (crew.row(first), crew.row(second)) == (None, ("queued", 1, 0, None))


def test_a_worker_says_when_it_is_ready(crew: Crew) -> None:
    with capture_logs() as said:
        crew.work()

    assert [one["event"] for one in said] == ["worker.ready"]


def test_a_lost_queue_loses_no_errand(crew: Crew) -> None:
    messages = [crew.post.promise(phone) for phone in (AMINA, BARAKA)]
    crew.relay()
    crew.world.redis.flushall()
    crew.work()
    lost = [crew.post.state(message) for message in messages]
    crew.world.clock.advance(seconds=26)

    crew.relay()
    crew.work()

    assert lost == ["waiting", "waiting"]
    assert [crew.world.company.sms(phone) for phone in (AMINA, BARAKA)] == [[HELLO], [HELLO]]


def test_a_job_that_comes_twice_is_done_once(crew: Crew) -> None:
    crew.post.promise(AMINA)
    crew.relay()
    crew.world.clock.advance(seconds=26)
    crew.relay()

    crew.work()

    assert len(crew.post.taken()) == 1
    assert (crew.waiting(), crew.failed_jobs()) == (0, [])


def test_two_relays_do_not_hand_over_the_same(crew: Crew) -> None:
    for number in range(5):
        crew.post.promise(f"+2547220000{number:02}")

    handed = [crew.relay(), crew.relay()]

    assert (handed, crew.waiting()) == ([5, 0], 5)


@pytest.mark.parametrize(("waiting", "handed"), [(BACKLOG_MOST - 1, 1), (BACKLOG_MOST, 0)])
def test_a_full_queue_leaves_errands_in_the_outbox(crew: Crew, waiting: int, handed: int) -> None:
    crew.post.promise(AMINA)
    crew.world.redis.rpush(f"rq:queue:{NAME}", *(f"job-{n}" for n in range(waiting)))

    assert crew.relay() == handed


def test_without_redis_errands_stay_in_the_outbox(crew: Crew, surgeon: Surgeon) -> None:
    crew.post.promise(AMINA)
    nowhere = redis.Redis(unix_socket_path="/nonexistent/redis.sock", retry=AT_ONCE)
    before = surgeon.snapshot()

    handed = Relay(crew.world.db, crew.world.clock, queue(nowhere)).turn()

    assert handed == 0
    assert surgeon.snapshot() == before
    nowhere.close()


def test_errands_that_did_not_reach_the_queue_come_back_after_the_lease(crew: Crew) -> None:
    crew.post.promise(AMINA)
    torn = Torn(NAME, connection=crew.world.redis, serializer=JSONSerializer)
    Relay(crew.world.db, crew.world.clock, torn).turn()
    at_once = crew.relay()
    crew.world.clock.advance(seconds=26)

    assert (at_once, crew.relay()) == (0, 1)
    crew.work()
    assert len(crew.post.taken()) == 1


def test_an_errand_that_no_queue_carries_holds_up_no_other(crew: Crew) -> None:
    crew.promise("of a later version", 1)
    crew.post.promise(AMINA)

    crew.relay()
    crew.work()

    assert crew.world.company.sms(AMINA) == [HELLO]


def test_a_bug_in_a_handler_leaves_no_trace_in_redis(crew: Crew) -> None:
    def bug(_subject: int) -> None:
        raise ValueError("PIN 7391")

    crew.post.promise(AMINA)
    crew.relay()

    crew.work(crew.carrier({"sms": bug}))

    with crew.world.db.reading() as reading:
        row = reading.the_row("SELECT state, attempts, failure FROM errand")
    assert row == ("due", 1, "ValueError")
    assert crew.failed_jobs() == []
    assert traces(crew) == []


def test_a_database_that_is_away_leaves_no_trace_in_redis(crew: Crew) -> None:
    away = Database("postgresql://nobody@/nothing?host=/nonexistent", name="test")
    crew.post.promise(AMINA)
    crew.relay()

    crew.work(Carrier(away, crew.world.clock, {"sms": lambda _: None}))
    crew.world.clock.advance(seconds=26)

    assert crew.failed_jobs() == []
    assert traces(crew) == []
    assert crew.relay() == 1
    crew.work()
    assert crew.world.company.sms(AMINA) == [HELLO]


def test_an_end_that_cannot_be_written_leaves_no_trace_in_redis(
    crew: Crew, surgeon: Surgeon
) -> None:
    crew.promise("sms", 7)
    crew.relay()
    surgeon.sabotage("DELETE", "errand")

    crew.work(crew.carrier({"sms": lambda _: None}))

    assert crew.failed_jobs() == []
    assert traces(crew) == []


def traces(crew: Crew) -> list[bytes]:
    """Tracebacks anywhere in Redis."""
    return [one for one in contents(crew.world.redis) if b"Traceback" in one]
