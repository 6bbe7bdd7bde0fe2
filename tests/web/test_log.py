"""What is logged: events in JSON, and nothing that a thief could use."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import psycopg
import pytest
import structlog

from tests.people import AMINA, World
from ussd_app import log
from ussd_app.errors import Unavailable

PHONE, PIN = "+254700000001", "7306"


class Sink(StringIO):
    """Where the log goes, line by line."""

    @property
    def text(self) -> str:
        """All of it but the times: a moment's digits may be anybody's PIN."""
        return re.sub(r"\d\d:\d\d:\d\d\.\d+", "", self.getvalue())

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        (only,) = self.lines
        return only


@pytest.fixture
def sink() -> Iterator[Sink]:
    """The log of a process, configured and put back."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    made = Sink()
    log.configure("info", made)
    yield made
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def logger() -> Any:
    return structlog.get_logger("tests")


def test_every_line_is_one_json_object_with_its_event_level_and_time(sink: Sink) -> None:
    logger().info("sms.sent", message=5)
    logger().warning("sms.unclear", why="no answer\nat all")

    first, second = sink.lines
    assert (first["event"], first["level"], first["message"]) == ("sms.sent", "info", 5)
    assert first["timestamp"].endswith("Z")
    assert (second["level"], second["why"]) == ("warning", "no answer\nat all")


def test_what_is_below_the_level_is_not_logged(sink: Sink) -> None:
    logger().debug("too.fine")

    assert sink.getvalue() == ""


@pytest.mark.parametrize(
    ("typed", "logged"),
    [
        (PHONE, "+#"),
        ("0700000001", "#"),
        (PIN, "#"),
        (f"1*0700000002*20*{PIN}", "1*#*20*#"),
        (f"the PIN is {PIN}.", "the PIN is #."),
        ("٧٣٠٦", "#"),
        ("200", "200"),
        ("Home.menu", "Home.menu"),
    ],
)
def test_r_a03_longer_runs_of_digits_are_blanked_in_fields(
    typed: str, logged: str, sink: Sink
) -> None:
    logger().info("hop", text=typed)

    assert sink.line["text"] == logged


def test_r_a03_digits_are_blanked_in_the_event_itself(sink: Sink) -> None:
    logger().info(f"typed {PIN}")

    assert sink.line["event"] == "typed #"


@dataclass
class Hop:
    phone: str
    text: str


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"text": f"1*{PIN}"}, id="a mapping"),
        pytest.param([PHONE, PIN], id="a list"),
        pytest.param((PIN,), id="a tuple"),
        pytest.param({PHONE: {"deep": [PIN]}}, id="deep inside"),
        pytest.param(int(PIN), id="a number"),
        pytest.param([{"pin": int(PIN)}], id="a number deep inside"),
        pytest.param(f"text=1*{PIN}".encode(), id="bytes"),
        pytest.param(Hop(PHONE, PIN), id="an object"),
        pytest.param(ValueError(f"not {PIN}"), id="an exception under another name"),
    ],
)
def test_r_a03_digits_are_blanked_in_fields_of_any_kind(value: object, sink: Sink) -> None:
    logger().info("hop", value=value)

    assert PIN not in sink.text
    assert PHONE not in sink.getvalue()


@pytest.mark.parametrize("name", ["message", "errand"])
def test_r_a03_a_text_is_no_number_of_a_thing(name: str, sink: Sink) -> None:
    logger().info("hop", **{name: f"typed {PIN}"})

    assert sink.line[name] == "typed #"


@pytest.mark.parametrize("value", [None, True, 3, 200, 0.5, [1, 2], {"left": 2}])
def test_what_holds_no_longer_run_of_digits_is_told_as_it_is(value: object, sink: Sink) -> None:
    logger().info("hop", value=value)

    assert sink.line["value"] == value


def test_references_and_numbers_of_things_can_still_be_read(sink: Sink) -> None:
    logger().info("ussd.bug", ref="0123456789", message=123456, errand=98765)

    assert (sink.line["ref"], sink.line["message"], sink.line["errand"]) == (
        "0123456789",
        123456,
        98765,
    )


def fail(error: Exception) -> None:
    raise error


def ask_in_vain() -> None:
    try:
        fail(ValueError(f"PIN {PIN}\nof {PHONE}"))
    except ValueError as error:
        raise Unavailable(f"no answer for {PHONE}") from error


def test_an_error_is_told_by_its_kinds_and_places_and_without_its_values(sink: Sink) -> None:
    try:
        ask_in_vain()
    except Unavailable as error:
        logger().error("ussd.bug", exc_info=error)

    assert sink.line["error"] == ["Unavailable: no answer for +#", "ValueError: PIN #"]
    assert all(place.startswith("test_log.py:") for place in sink.line["places"])
    assert PIN not in sink.text
    assert PHONE not in sink.getvalue()


@pytest.mark.parametrize("how", ["exc_info=True", "exception", "error=", "a tuple"])
def test_an_error_is_told_however_it_is_handed_over(how: str, sink: Sink) -> None:
    try:
        fail(KeyError(PHONE))
    except KeyError as error:
        if how == "exc_info=True":
            logger().error("bug", exc_info=True)
        elif how == "exception":
            logger().exception("bug")
        elif how == "error=":
            logger().warning("bug", error=error)
        else:
            logger().error("bug", exc_info=(KeyError, error, error.__traceback__))

    assert sink.line["error"] == ["KeyError: '+#'"]
    assert PHONE not in sink.getvalue()


def test_an_error_that_is_only_a_word_is_kept(sink: Sink) -> None:
    logger().warning("sms.rejected", error="InvalidSenderId")

    assert sink.line["error"] == "InvalidSenderId"


def test_an_error_that_caused_itself_ends_the_telling(sink: Sink) -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one

    logger().error("bug", exc_info=one)

    assert sink.line["error"] == ["ValueError: one", "ValueError: other"]


def test_r_a03_the_values_of_a_row_that_postgresql_names_are_not_logged(
    sink: Sink, world: World
) -> None:
    world.join(AMINA, "Amina Wanjiru")
    insert = (
        "INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)"
        " SELECT 999, phone, 'Amina Secret', language, status, tier, terms_at, joined_at FROM member"
    )
    with pytest.raises(psycopg.errors.UniqueViolation) as raised, world.db.work() as work:
        work.run(insert)
    assert PHONE in str(raised.value)

    logger().error("ussd.bug", exc_info=raised.value)

    assert "DETAIL" not in sink.getvalue()
    assert "Amina" not in sink.getvalue()
    assert "700000001" not in sink.getvalue()
    assert "uq_member_phone" in sink.getvalue()


def test_libraries_are_logged_the_same_way(sink: Sink) -> None:
    logging.getLogger("urllib3").warning("Retrying %s for %s", PHONE, "x")

    assert sink.line["event"] == "Retrying +# for x"
    assert sink.line["level"] == "warning"


def test_r_a03_an_error_that_a_library_logs_is_told_without_its_values(sink: Sink) -> None:
    try:
        fail(RuntimeError(f"PIN {PIN}\nDETAIL: Key (phone)=({PHONE})"))
    except RuntimeError:
        logging.getLogger("library").exception("failed for %s", PHONE)

    assert sink.line["event"] == "failed for +#"
    assert sink.line["error"] == ["RuntimeError: PIN #"]
    assert PIN not in sink.text
    assert "700000001" not in sink.getvalue()


def test_libraries_that_chatter_are_not_logged(sink: Sink) -> None:
    logging.getLogger("urllib3").info("Starting new HTTP connection")

    assert sink.getvalue() == ""


@pytest.mark.parametrize("level", ["debug", "INFO", "warning", "error"])
def test_any_of_the_levels_may_be_set(level: str, sink: Sink) -> None:
    log.configure(level, sink)

    logger().error("bug")

    assert sink.line["event"] == "bug"
