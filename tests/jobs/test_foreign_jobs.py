"""Somebody else writes to Redis: the worker calls nothing for them, and goes on."""

from __future__ import annotations

import json
import os
import pickle
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rq import Callback, Queue
from rq.job import Job
from rq.serializers import JSONSerializer, PickleSerializer
from rq.webhook import Webhook

from tests.jobs import trap
from tests.jobs.crew import Crew
from tests.messages.post import HELLO
from tests.people import AMINA
from ussd_app.jobs.queue import FUNCTION, NAME

TRAP = "tests.jobs.trap.spring"


class Bomb:
    """Does something when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, (f"touch {self.path}",)


def queue(crew: Crew, *, pickled: bool = False) -> Queue:
    serializer = PickleSerializer if pickled else JSONSerializer
    return Queue(NAME, connection=crew.world.redis, serializer=serializer)


def put(crew: Crew, data: bytes, **fields: str) -> None:
    """A job written by hand."""
    written: dict[str, bytes | str] = {
        "data": data,
        "created_at": "2026-01-01T00:00:00.000000Z",
        "origin": NAME,
        "status": "queued",
        "timeout": "45",
        **fields,
    }
    crew.world.redis.hset("rq:job:by-hand", mapping=written)  # type: ignore[arg-type]
    crew.world.redis.rpush(f"rq:queue:{NAME}", "by-hand")


def a_command(crew: Crew, path: Path) -> None:
    queue(crew).enqueue("os.system", f"touch {path}")


def a_command_in_pickle(crew: Crew, path: Path) -> None:
    queue(crew, pickled=True).enqueue(os.system, f"touch {path}")


def a_bomb_in_pickle(crew: Crew, path: Path) -> None:
    put(crew, pickle.dumps((FUNCTION, None, (Bomb(path),), {})))


def a_bomb_as_a_result(crew: Crew, path: Path) -> None:
    data = json.dumps(["os.system", None, [f"touch {path}"], {}]).encode()
    put(crew, data, result=pickle.dumps(Bomb(path)).decode("latin-1"))


def a_method_of_something(crew: Crew, path: Path) -> None:
    put(crew, json.dumps(["format", "{0}", [1, 2], {}]).encode())


def another_function_of_ours(crew: Crew, path: Path) -> None:
    queue(crew).enqueue("ussd_app.seeding.plant", 1, 2)


def a_trap(crew: Crew, path: Path) -> None:
    queue(crew).enqueue(TRAP, 1, 2)


def ours_with_words(crew: Crew, path: Path) -> None:
    queue(crew).enqueue(FUNCTION, "1", "2")


def ours_with_truths(crew: Crew, path: Path) -> None:
    queue(crew).enqueue(FUNCTION, True, True)


def ours_with_names(crew: Crew, path: Path) -> None:
    queue(crew).enqueue(FUNCTION, errand_id=1, fence=2)


def ours_with_one_number(crew: Crew, path: Path) -> None:
    queue(crew).enqueue(FUNCTION, 1)


def ours_with_three_numbers(crew: Crew, path: Path) -> None:
    queue(crew).enqueue(FUNCTION, 1, 2, 3)


def ours_with_a_trap_after_it(crew: Crew, path: Path) -> None:
    queue(crew).enqueue(FUNCTION, 1, 2, on_success=Callback(TRAP))


def ours_with_a_trap_after_its_failure(crew: Crew, path: Path) -> None:
    queue(crew).enqueue(FUNCTION, 1, 2, 3, on_failure=Callback(TRAP))


def a_trap_after_a_worker_that_died(crew: Crew, path: Path) -> None:
    job = queue(crew).create_job(FUNCTION, (1, 2), on_failure=Callback(TRAP))
    job.save()
    crew.world.redis.zadd(f"rq:wip:{NAME}", {f"{job.id}:of-the-dead": 1})


def ours_enqueued_on_a_day_that_is_none(crew: Crew, path: Path) -> None:
    put(crew, json.dumps([FUNCTION, None, [1, 2], {}]).encode(), enqueued_at="some day")


def ours_with_a_number_that_is_none(crew: Crew, path: Path) -> None:
    put(crew, json.dumps([FUNCTION, None, [1, 2], {}]).encode(), result_ttl="for ever")


def nonsense(crew: Crew, path: Path) -> None:
    put(crew, b"\x80\x04nonsense")


def nothing_at_all(crew: Crew, path: Path) -> None:
    put(crew, b"")


def an_id_without_a_job(crew: Crew, path: Path) -> None:
    crew.world.redis.rpush(f"rq:queue:{NAME}", "nobody")


@pytest.mark.parametrize(
    "foreign",
    [
        a_command,
        a_command_in_pickle,
        a_bomb_in_pickle,
        a_bomb_as_a_result,
        a_method_of_something,
        another_function_of_ours,
        a_trap,
        ours_with_words,
        ours_with_truths,
        ours_with_names,
        ours_with_one_number,
        ours_with_three_numbers,
        ours_with_a_trap_after_it,
        ours_with_a_trap_after_its_failure,
        a_trap_after_a_worker_that_died,
        ours_enqueued_on_a_day_that_is_none,
        ours_with_a_number_that_is_none,
        nonsense,
        nothing_at_all,
        an_id_without_a_job,
    ],
    ids=lambda value: value.__name__,
)
def test_a_foreign_job_is_not_called_and_holds_up_no_other(
    crew: Crew, tmp_path: Path, foreign: Callable[[Crew, Path], None]
) -> None:
    path = tmp_path / "touched"
    foreign(crew, path)
    crew.post.promise(AMINA)
    crew.relay()

    crew.work()

    assert (path.exists(), trap.sprung) == (False, [])
    assert crew.world.company.sms(AMINA) == [HELLO]
    assert (crew.waiting(), crew.failed_jobs()) == (0, [])


def test_a_foreign_job_sends_nothing_to_another_address(crew: Crew) -> None:
    asked: list[str] = []

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Ear) as ear:
        threading.Thread(target=ear.serve_forever, daemon=True).start()
        hook = Webhook(f"http://127.0.0.1:{ear.server_port}/told", "finished")
        queue(crew).enqueue(FUNCTION, 1, 2, webhooks=[hook])

        crew.work()

        ear.shutdown()
    assert asked == []


def test_a_foreign_job_is_thrown_away(crew: Crew, tmp_path: Path) -> None:
    a_command(crew, tmp_path / "touched")
    (job_id,) = queue(crew).get_job_ids()

    crew.work()

    assert Job.exists(job_id, connection=crew.world.redis) is False
