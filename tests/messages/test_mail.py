"""Letters: one for each deed, sent after it, and nothing secret left behind."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.people import World
from ussd_app.commands.reconcile import INVARIANTS
from ussd_app.errors import NotAllowed
from ussd_app.messages.mail import ATTEMPTS_MOST, Letter
from ussd_app.text import Text

TO = "wambui@example.org"
CODE = "48151623"
UNCLEAR_SECONDS = 121


def letter(key: str = "one", *, secret: str | None = CODE, hours: float = 24) -> Letter:
    return Letter(
        key=key,
        kind="test",
        to=TO,
        language="en",
        subject=Text("Karibu {name}"),
        text=Text("Your code is {code}.\n.\nÀsante — {name}") if secret else Text("Hello"),
        values={"name": "Wambui Njoroge-Ôtieno"},
        secret=secret,
        hours=hours,
    )


def promise(world: World, *letters: Letter) -> int:
    with world.db.work() as work:
        return world.services.mail.queue(work, *letters)


def column(world: World, name: str) -> Any:
    with world.db.reading() as reading:
        return reading.the_row(f"SELECT {name} FROM letter ORDER BY id DESC LIMIT 1")[0]


def go_on(world: World, *, times: int, seconds: float = UNCLEAR_SECONDS) -> None:
    for _ in range(times):
        world.run_errands()
        world.clock.advance(seconds=seconds)


def test_a_letter_arrives_as_it_was_written_and_leaves_no_secret(world: World) -> None:
    promise(world, letter())

    assert CODE not in column(world, "body")
    (came,) = world.letters(TO)

    assert came.subject == "Karibu Wambui Njoroge-Ôtieno"
    assert came.text.splitlines() == [
        f"Your code is {CODE}.",
        ".",
        "Àsante — Wambui Njoroge-Ôtieno",
    ]
    assert (column(world, "state"), column(world, "sealed")) == ("sent", None)
    assert CODE not in column(world, "body")


def test_a_letter_is_one_however_often_it_is_promised(world: World) -> None:
    assert [promise(world, letter()), promise(world, letter())] == [1, 0]

    assert len(world.letters(TO)) == 1
    world.clock.advance(hours=2)
    assert len(world.letters(TO)) == 1


def test_a_letter_goes_with_its_deed_or_not_at_all(world: World) -> None:
    def fails_after_it() -> None:
        with world.db.work() as work:
            world.services.mail.queue(work, letter())
            raise NotAllowed

    with pytest.raises(NotAllowed):
        fails_after_it()

    assert world.letters(TO) == []


def test_a_busy_server_is_asked_again(world: World) -> None:
    world.company.fault({"name": "mail.busy", "times": 2})
    promise(world, letter())
    go_on(world, times=3)

    assert (column(world, "state"), column(world, "attempts")) == ("sent", 3)
    assert len(world.letters(TO)) == 1


def test_a_server_that_stays_away_is_given_up_aloud(world: World) -> None:
    world.company.fault({"name": "mail.busy"})
    promise(world, letter(hours=1000))
    with capture_logs() as told:
        go_on(world, times=ATTEMPTS_MOST + 2, seconds=3601)

    assert (column(world, "state"), column(world, "sealed")) == ("failed", None)
    assert column(world, "attempts") == ATTEMPTS_MOST
    assert [line["event"] for line in told if line["log_level"] == "error"] == ["mail.given_up"]
    assert TO not in str(told)


def test_a_letter_that_would_come_too_late_is_not_sent(world: World) -> None:
    promise(world, letter(hours=1))
    world.clock.advance(hours=2)

    assert world.letters(TO) == []
    assert (column(world, "state"), column(world, "sealed")) == ("expired", None)


def test_an_address_refused_for_good_is_not_tried_again(world: World) -> None:
    world.company.fault({"name": "mail.refuse", "times": 1})
    promise(world, letter())
    with capture_logs() as told:
        go_on(world, times=3, seconds=3601)

    assert (column(world, "state"), column(world, "failure")) == ("failed", "550")
    assert world.letters(TO) == []
    assert [line["event"] for line in told] == ["mail.rejected"]


def test_a_lost_letter_is_sent_once_more(world: World) -> None:
    world.company.fault({"name": "mail.reset", "times": 1})
    promise(world, letter())
    go_on(world, times=2)

    assert column(world, "state") == "sent"
    assert len(world.letters(TO)) == 1


def test_a_lost_answer_brings_a_second_copy_of_the_same_letter_and_no_third(world: World) -> None:
    world.company.fault({"name": "mail.reset_after"})
    promise(world, letter())
    world.run_errands()
    assert len(world.letters(TO)) == 1  # not before its time
    go_on(world, times=5)

    first, second = world.letters(TO)
    assert first.identity == second.identity
    assert (column(world, "state"), column(world, "failure")) == ("failed", "no answer")


def test_a_worker_killed_in_the_middle_leaves_a_letter_that_goes_on(world: World) -> None:
    promise(world, letter())
    with world.db.work() as work:
        work.run(
            """
            UPDATE letter SET state = 'sending', tried_at = %s, attempts = 1, copies = 1
            """,
            world.clock.now(),
        )
    world.run_errands()
    assert (column(world, "state"), world.letters(TO)) == ("unclear", [])
    go_on(world, times=2)

    assert column(world, "state") == "sent"
    assert len(world.letters(TO)) == 1


def test_a_letter_sealed_with_another_key_is_not_sent(world: World) -> None:
    promise(world, letter())
    with world.db.work() as work:
        work.run("UPDATE letter SET sealed = %s", b"x" * 64)
    with capture_logs() as told:
        assert world.letters(TO) == []

    assert column(world, "state") == "failed"
    assert "mail.unreadable" in [line["event"] for line in told]


def test_what_is_always_true_of_letters(world: World) -> None:
    promise(world, letter())
    mine = [one for one in INVARIANTS if "letter" in one.name]
    assert len(mine) == 2
    with world.db.work() as work:
        assert [work.rows(one.query) for one in mine] == [[], []]
        work.run("DELETE FROM errand")
        work.run("UPDATE letter SET state = 'sent'")
        assert [len(work.rows(one.query)) for one in mine] == [0, 1]
        work.run("UPDATE letter SET state = 'waiting'")
        assert [len(work.rows(one.query)) for one in mine] == [1, 0]
