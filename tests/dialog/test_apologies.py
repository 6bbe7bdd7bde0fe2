"""What a caller is told when something breaks: only what is known to be true."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Literal

import pytest
import structlog

from tests.dialog.toys import CONSTANTS, two_languages
from tests.people import AMINA, Handset, World
from ussd_app import log
from ussd_app.clock import Deadline
from ussd_app.dialog import Ask, End, Flow, Menu, _, do
from ussd_app.dialog.machine import Machine
from ussd_app.dialog.notices import UNREADABLE
from ussd_app.dialog.switchboard import SAVING_SECONDS, Hop, Switchboard
from ussd_app.errors import Invalid, NotBegun, NotEnough, TooMany, Unavailable

SECRET_NOTE = "+254700000002 typed 7306"


@dataclass
class Service:
    """Does as it is told, and remembers under which ref it was asked."""

    deed: Callable[[], None] = lambda: None
    language: str = "en"
    refs: list[str] = field(default_factory=list)


class Trouble(Flow):
    """A step at once, after a menu, and after a PIN."""

    @do(fine="top")
    def greet(self, app: Service) -> Literal["fine"]:
        self.language = app.language
        return "fine"

    top = Menu(_("Top"), (_("Work"), "work"), (_("PIN"), "pin"), back="bye")

    @do(fine="done")
    def work(self, app: Service) -> Literal["fine"]:
        app.refs.append(self.ref)
        app.deed()
        return "fine"

    pin = Ask(_("PIN:"), then="pay", back="top", secret=True)

    @do(fine="done")
    def pay(self, app: Service) -> Literal["fine"]:
        app.refs.append(self.ref)
        app.deed()
        return "fine"

    done = End(_("Done."))
    bye = End(_("Goodbye!"))


def raising(error: Exception) -> Callable[[], None]:
    def deed() -> None:
        raise error

    return deed


@dataclass
class Scene:
    service: Service
    phone: Handset


@pytest.fixture
def trouble(town: World) -> Scene:
    service = Service()
    machine = Machine(Trouble, service, two_languages(), constants=CONSTANTS, language="en")
    return Scene(service, Handset(Switchboard(machine, town.lines, town.sealer), AMINA))


@contextmanager
def logged() -> Iterator[list[dict[str, object]]]:
    """What is logged in the block, as the log of a process has it."""
    sink = StringIO()
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure("info", sink)
    lines: list[dict[str, object]] = []
    try:
        yield lines
    finally:
        lines += [json.loads(line) for line in sink.getvalue().splitlines()]
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)


BUG = RuntimeError(SECRET_NOTE)


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize("error", [BUG, NotEnough(5), KeyError("x"), AssertionError()], ids=repr)
def test_a_bug_is_told_with_a_reference_in_the_callers_language(
    error: Exception, language: str, trouble: Scene
) -> None:
    trouble.service.language = language
    trouble.phone.dial()
    trouble.service.deed = raising(error)

    said = trouble.phone.say("1")

    words = {
        "en": r"END Something went wrong\. Dial again, or call 0800724724\. Ref [0-9a-f]{8}\.",
        "sw": r"END Kuna hitilafu\. Piga tena, au piga 0800724724\. Kumb [0-9a-f]{8}\.",
    }
    assert re.fullmatch(words[language], said)


def test_the_reference_that_was_told_is_in_the_log_and_nothing_that_was_typed(
    trouble: Scene,
) -> None:
    trouble.phone.dial()
    trouble.service.deed = raising(BUG)

    with logged() as lines:
        said = trouble.phone.say("1")

    (line,) = lines
    assert line["event"] == "ussd.bug"
    assert line["ref"] == re.findall(r"Ref (\w+)", said)[0]
    assert line["error"] == ["RuntimeError: +# typed #"]


@pytest.mark.parametrize("error", [BUG, Unavailable("gone"), NotEnough(5)], ids=repr)
@pytest.mark.parametrize(
    ("language", "doubt"),
    [
        (
            "en",
            "END We are still checking your last step. Do not repeat it. Dial again in a minute.",
        ),
        (
            "sw",
            "END Bado tunahakiki ombi lako la mwisho. Usilirudie. Piga tena baada ya dakika moja.",
        ),
    ],
)
def test_r_a07_what_breaks_after_a_pin_is_never_told_as_not_done(
    language: str, doubt: str, error: Exception, trouble: Scene
) -> None:
    trouble.service.language = language
    trouble.phone.dial()
    trouble.phone.say("2")
    trouble.service.deed = raising(error)

    assert trouble.phone.say("7306") == doubt


def test_a_store_that_is_away_is_told_as_the_service_being_down(trouble: Scene) -> None:
    trouble.phone.dial()
    trouble.service.deed = raising(Unavailable("gone"))

    said = trouble.phone.say("1")

    assert said == "END The service is down. Please dial again in a few minutes."


def test_what_was_not_begun_after_a_pin_is_told_as_the_service_being_down(trouble: Scene) -> None:
    trouble.phone.dial()
    trouble.phone.say("2")
    trouble.service.deed = raising(NotBegun("a pepper is gone"))

    said = trouble.phone.say("7306")

    assert said == "END The service is down. Please dial again in a few minutes."


def test_a_service_that_is_asked_too_often_is_told_as_such(trouble: Scene) -> None:
    trouble.phone.dial()
    trouble.service.deed = raising(TooMany("x"))

    assert trouble.phone.say("1").startswith("END Too many requests.")


def test_a_value_that_a_step_cannot_read_ends_politely(trouble: Scene) -> None:
    trouble.phone.dial()
    trouble.service.deed = raising(Invalid(_("No.")))

    assert trouble.phone.say("1").startswith("END We could not read that.")


@pytest.mark.parametrize("error", [BUG, Unavailable("gone")], ids=repr)
def test_a_hop_that_broke_may_be_delivered_again_and_is_then_done_once(
    error: Exception, trouble: Scene
) -> None:
    trouble.phone.dial()
    trouble.service.deed = raising(error)
    trouble.phone.say("1")
    trouble.service.deed = lambda: None

    said = trouble.phone.hop()

    assert said == "END Done."
    assert len(set(trouble.service.refs)) == 1
    assert trouble.phone.hop() == said
    assert len(trouble.service.refs) == 2


def test_a_hop_that_broke_leaves_the_line_free_at_once(trouble: Scene) -> None:
    trouble.phone.dial()
    trouble.service.deed = raising(BUG)
    trouble.phone.say("1")
    other = Handset(trouble.phone.board, AMINA)

    assert other.dial().startswith("CON Top")


def test_a_dial_that_breaks_is_told_in_every_language(town: World) -> None:
    machine = Machine(Trouble, None, two_languages(), constants=CONSTANTS, language="en")
    phone = Handset(Switchboard(machine, town.lines, town.sealer), AMINA)

    said = phone.dial()

    assert "Something went wrong." in said
    assert "Kuna hitilafu." in said


@pytest.mark.parametrize(("first", "told"), [("en", ["en", "sw"]), ("fr", ["fr", "en"])])
def test_a_sentence_in_too_many_languages_for_a_screen_is_told_in_those_that_fit(
    first: str, told: list[str], town: World
) -> None:
    two = two_languages()
    catalogs = replace(
        two,
        names={**two.names, "fr": "Français"},
        texts={**two.texts, "fr": {UNREADABLE: "Nous n'avons pas pu lire cela. " * 3}},
    )
    machine = Machine(Trouble, Service(), catalogs, constants=CONSTANTS, language=first)
    board = Switchboard(machine, town.lines, town.sealer)

    reply = board.answer(Hop("", AMINA, "*384*96#", ""))

    expected = [catalogs.say(UNREADABLE, language, **CONSTANTS) for language in told]
    assert reply.body == "END " + "\n".join(expected)


def test_an_answer_is_bounded_by_what_is_left_of_the_hops_time(town: World) -> None:
    seen: list[float] = []

    @contextmanager
    def within(deadline: Deadline) -> Iterator[None]:
        seen.append(deadline.remaining())
        yield

    machine = Machine(Trouble, Service(), two_languages(), constants=CONSTANTS, language="en")
    board = Switchboard(machine, town.lines, town.sealer, within)

    board.answer(Hop("call", AMINA, "*384*96#", ""))

    (left,) = seen
    assert 2 < left <= 4 - SAVING_SECONDS


def test_the_answer_carries_the_name_of_its_screen(trouble: Scene) -> None:
    board = trouble.phone.board

    assert board.answer(Hop("c", AMINA, "*384*96#", "")).label == "Trouble.top"
    assert board.answer(Hop("c", AMINA, "*384*96#", "2")).label == "Trouble.pin"
    assert board.answer(Hop("c", AMINA, "*384*96#", "2")).label == "Trouble.pin"
