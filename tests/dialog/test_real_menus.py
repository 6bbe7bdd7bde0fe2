"""The menus callers read: sound, complete in every language, and never too wide for a screen."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from menus.home import Home
from tests.dialog.toys import CALLER
from tests.people import settings_for
from ussd_app import bootstrap
from ussd_app.commands import menus
from ussd_app.commands.menus import WIDEST_CONSTANTS
from ussd_app.dialog import notices
from ussd_app.dialog.flow import Ask, End, Flow, Menu, Pick, Screen, Use
from ussd_app.dialog.machine import Machine, flows_under
from ussd_app.dialog.screen import (
    BUDGET,
    CHANGED,
    EVERYWHERE,
    FORGOTTEN,
    HELP,
    NOT_AN_OPTION,
    RESUMED,
)
from ussd_app.dialog.session import Frame, Session
from ussd_app.dialog.turn import Turn
from ussd_app.dialog.verify import verify
from ussd_app.dialog.widths import has_words
from ussd_app.text import Text, placeholders, septets

CATALOGS = bootstrap.catalogs()
LANGUAGES = CATALOGS.languages
OTHER_LANGUAGES = tuple(CATALOGS.texts)
FLOWS = flows_under(Home)
STATES = [(flow, state) for flow in FLOWS for state in flow.states.values()]
SCREENS = [(flow, state) for flow, state in STATES if isinstance(state, Screen)]
SCREEN_TEXTS = sorted({text for _flow, state in STATES for text in state.texts()})
COMPLAINTS = sorted(
    {
        complaint
        for flow, state in STATES
        if isinstance(state, Ask) and state.into
        for complaint in getattr(flow.variables()[state.into], "complaints", ())
    }
)
TEXTS = sorted({*SCREEN_TEXTS, *COMPLAINTS, *EVERYWHERE, *notices.ALL})
SOME = 40  # others in each run; the soak tries them all
WIDE_ITEM = "W" * 60


def faults_with(changed: Mapping[str, str], *, without: str = "") -> list[str]:
    """The faults of the menus when Swahili says something else, or does not know a text."""
    swahili = {**CATALOGS.texts["sw"], **changed}
    swahili.pop(without, None)
    return verify(Home, replace(CATALOGS, texts={"sw": swahili}), WIDEST_CONSTANTS)


def test_r_a16_the_menus_have_no_fault_with_the_widest_names() -> None:
    assert menus.faults() == []


def test_r_a16_the_menus_have_no_fault_with_the_names_that_are_set() -> None:
    assert menus.faults(settings_for()) == []


def test_r_a16_english_and_swahili_are_there() -> None:
    assert CATALOGS.names.items() >= {"en": "English", "sw": "Kiswahili"}.items()


def untranslated_unnoticed(texts: Iterable[Text]) -> list[Text]:
    return [t for t in texts if has_words(t) and not faults_with({}, without=t)]


def test_r_a16_a_text_of_any_screen_left_untranslated_is_a_fault() -> None:
    assert untranslated_unnoticed(random.sample(SCREEN_TEXTS, SOME)) == []


@pytest.mark.soak
def test_r_a16_each_text_of_each_screen_left_untranslated_is_a_fault() -> None:
    assert untranslated_unnoticed(SCREEN_TEXTS) == []


def test_r_a16_a_text_of_every_screen_left_untranslated_is_a_fault() -> None:
    unnoticed = [text for text in EVERYWHERE if not faults_with({}, without=text)]

    assert unnoticed == []


def test_r_a16_a_complaint_left_untranslated_is_a_fault() -> None:
    unnoticed = [text for text in COMPLAINTS if not faults_with({}, without=text)]

    assert unnoticed == []


def test_r_a16_a_notice_left_untranslated_is_a_fault() -> None:
    unnoticed = [text for text in notices.ALL if not faults_with({}, without=text)]

    assert unnoticed == []


def wide_unnoticed(texts: Iterable[Text]) -> list[Text]:
    return [
        text
        for text in texts
        if has_words(text) and not faults_with({text: CATALOGS.translate(text, "sw") + "W" * 157})
    ]


def test_r_a16_any_text_made_too_wide_in_swahili_alone_is_a_fault() -> None:
    assert wide_unnoticed(random.sample(TEXTS, SOME)) == []


@pytest.mark.soak
def test_r_a16_each_text_made_too_wide_in_swahili_alone_is_a_fault() -> None:
    assert wide_unnoticed(TEXTS) == []


def test_r_a16_an_organisation_with_too_long_a_name_is_a_fault() -> None:
    faults = verify(Home, CATALOGS, {**WIDEST_CONSTANTS, "org": "W" * 100})

    assert faults


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
@pytest.mark.parametrize("notice", notices.ALL, ids=lambda text: text.split(".")[0])
def test_r_a16_every_notice_speaks_every_language(notice: Text, language: str) -> None:
    said = CATALOGS.translate(notice, language)

    assert said != notice
    assert placeholders(said) == placeholders(notice)


@pytest.mark.parametrize("notice", [n for n in notices.ALL if n != notices.UNSURE])
def test_r_a16_a_notice_in_all_languages_at_once_fits_a_screen(notice: Text) -> None:
    values = {**WIDEST_CONSTANTS, "ref": "0123abcd"}
    said = [CATALOGS.say(notice, language, **values) for language in LANGUAGES]

    assert septets("END " + "\n".join(said)) <= 160


@pytest.mark.parametrize("language", LANGUAGES)
def test_r_a16_the_doubt_about_a_last_step_fits_a_screen(language: str) -> None:
    """It is told in the caller's own language: at a PIN that is known."""
    assert septets("END " + CATALOGS.say(notices.UNSURE, language)) <= 160


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("flow", "state"), SCREENS, ids=[f"{flow.__name__}.{state.name}" for flow, state in SCREENS]
)
def test_r_a16_every_screen_at_its_widest_fits_under_every_line(
    flow: type[Flow], state: Screen, language: str
) -> None:
    """Rendered by the machine itself, and so not by the code that proves it beforehand."""
    for memory in memories(flow, language):
        for why in lines_above(flow, state):
            shown = render(flow, state, memory, why, language)

            assert septets(shown) <= BUDGET, shown
            assert "{" not in shown
            assert "None" not in shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("flow", "state"), SCREENS, ids=[f"{flow.__name__}.{state.name}" for flow, state in SCREENS]
)
def test_every_screen_that_goes_on_names_the_key_that_leads_away(
    flow: type[Flow], state: Screen, language: str
) -> None:
    shown = render(flow, state, memories(flow, language)[0], None, language)

    assert isinstance(state, End) or "0. " in shown.split("\n")[-1]


def test_the_drawing_in_the_tree_shows_the_menus_as_they_are() -> None:
    assert menus.is_current()


def render(
    flow: type[Flow], state: Screen, memory: dict[str, Any], why: Text | None, language: str
) -> str:
    machine = Machine(Home, None, CATALOGS, constants=WIDEST_CONSTANTS, language=language)
    frames = [Frame(flow.__name__, state.name, dict(memory))]
    if flow is not Home:
        frames.insert(0, Frame("Home", "menu", memories(Home, language)[0], safe="menu"))
    if isinstance(state, Pick):
        frames[-1].items = [[WIDE_ITEM, ""] for _ in range(20)]
        frames[-1].page = 1
    elif isinstance(state, Ask) and state.offers:
        frames[-1].items = [[f"{'W' * 15}..678", ""] for _ in range(3)]
    turn = Turn(machine, Session(frames, language), CALLER)
    if why is not None:
        turn.say_why(why)
    return turn.show().text


def lines_above(flow: type[Flow], state: Screen) -> Iterator[Text | None]:
    """Every line that may stand above this screen."""
    yield None
    if isinstance(state, End):
        lines = []
    elif isinstance(state, Ask) and state.secret:
        lines = [FORGOTTEN, HELP]
    else:
        lines = [FORGOTTEN, RESUMED, CHANGED, HELP]
    if isinstance(state, Menu | Pick):
        lines.append(NOT_AN_OPTION)
    if isinstance(state, Ask) and state.into:
        lines += getattr(flow.variables()[state.into], "complaints", ())
    yield from lines
    for other in flow.states.values():
        for edge in other.edges():
            if edge.target == state.name and edge.why:
                yield edge.why


def memories(flow: type[Flow], language: str) -> list[dict[str, Any]]:
    """The widest that the flow may remember, for each dialog that uses it."""
    return [{**widest(flow), **given} for given in handed(flow, language)] or [widest(flow)]


def widest(flow: type[Flow]) -> dict[str, Any]:
    as_kept: dict[str, Any] = {
        "Amount": [999_999_999, "W" * 12, 2],
        "Count": 99,
        "Phone": "+254712345678",
    }
    return {
        name: as_kept.get(kind.__name__, getattr(kind, "widest", ""))
        for name, kind in flow.variables().items()
    }


def handed(flow: type[Flow], language: str) -> list[dict[str, str]]:
    """What each user of the flow gives it, worded with its own widest values."""
    found = []
    for user, state in STATES:
        if isinstance(state, Use) and state.flow is flow:
            turn = Turn(
                Machine(Home, None, CATALOGS, constants=WIDEST_CONSTANTS, language=language),
                Session([Frame(user.__name__, state.name, widest(user))], language),
                CALLER,
            )
            found.append({name: turn._worded(text) for name, text in state.give.items()})
    return found
