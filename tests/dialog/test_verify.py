"""What the verifier finds in flows that are broken on purpose, one fault each."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.dialog.toys import CONSTANTS, ENGLISH, two_languages
from ussd_app.dialog import Ask, End, Flow, Menu, Pick, Resume, Return, Text, Use, _, back_to, do
from ussd_app.dialog.machine import flows_under
from ussd_app.dialog.verify import verify
from ussd_app.values import Amount, Hidden, Name, Phone, Quantity

Options = list[tuple[str, str]]
TOO_WIDE = Text("W" * 157)


class Question(Flow):
    """A sound dialog for others to use."""

    name: Name

    ask = Ask(_("Your name?"), "name", then="answered", back="left")
    answered = Return()
    left = Return()


class Sound(Flow):
    """Nothing is wrong with it."""

    about: Name
    choice: Hidden
    amount: Quantity

    first = Menu(
        _("Hello! Call {support}."),
        (_("Go"), "question"),
        (_("List"), "list"),
        (_("Continue"), "resume"),
        back="bye",
    )
    question = Use(Question, take={"about": "name"}, answered="how_much", left="first")
    how_much = Ask(_("How much?"), "amount", then="weigh", back="first")

    @do(fine="pin", much=back_to("how_much", _("Too much.")))
    def weigh(self, app: Any) -> Literal["fine", "much"]:
        return "fine"

    pin = Ask(_("Your PIN:"), then="check", back="first", secret=True)

    @do(right="done", wrong=back_to("pin", _("Wrong.")))
    def check(self, app: Any) -> Literal["right", "wrong"]:
        return "right"

    list = Pick(_("Which?"), "choice", options="options", then="done", none="first", back="first")

    def options(self, app: Any) -> Options:
        return []

    resume = Resume(none="first")
    done = End(_("Done."))
    bye = End(_("Goodbye."))


class UnknownTarget(Flow):
    first = Menu(_("Hi"), (_("Go"), "serch"), (_("Search"), "search"), back="search")
    search = End(_("Found."))


class UnknownAndUnlikeAny(Flow):
    first = Menu(_("Hi"), (_("Go"), "zzz"), back="bye")
    bye = End(_("Goodbye."))


class OutcomeNotWired(Flow):
    @do(found="bye")
    def first(self, app: Any) -> Literal["found", "lost"]:
        return "found"

    bye = End(_("Goodbye."))


class WiredTooMuch(Flow):
    @do(found="bye", lost="bye")
    def first(self, app: Any) -> Literal["found"]:
        return "found"

    bye = End(_("Goodbye."))


class OutcomesNotPromised(Flow):
    @do(found="bye")
    def first(self, app: Any) -> str:
        return "found"

    bye = End(_("Goodbye."))


class UseNotWired(Flow):
    first = Use(Question, answered="bye")
    bye = End(_("Goodbye."))


class UseWiredTooMuch(Flow):
    first = Use(Question, answered="bye", left="bye", lost="bye")
    bye = End(_("Goodbye."))


class Unreachable(Flow):
    first = Menu(_("Hi"), back="bye")
    island = Menu(_("Nobody comes here"), back="bye")
    bye = End(_("Goodbye."))


class NoWayToAnEnd(Flow):
    first = Menu(_("Hi"), (_("Go"), "second"), back="bye")
    second = Menu(_("Round"), back="third")
    third = Menu(_("and round"), back="second")
    bye = End(_("Goodbye."))


class UsesItself(Flow):
    first = Menu(_("Hi"), back="again")


UsesItself.states = {**UsesItself.states, "again": Use(UsesItself)}


class Inner(Flow):
    first = Menu(_("Hi"), back="out")


class Outer(Flow):
    first = Use(Inner)


Inner.states = {**Inner.states, "out": Use(Outer)}


class TooWide(Flow):
    first = Menu(TOO_WIDE, back="bye")
    bye = End(_("Goodbye."))


class TooWideWhenFilled(Flow):
    amount: Amount

    @do(fine="shown")
    def first(self, app: Any) -> Literal["fine"]:
        self.amount = app
        return "fine"

    shown = End(_("{amount}{amount}{amount}{amount}{amount}{amount}{amount}"))


class TooWideWithItsReason(Flow):
    first = Menu(Text("W" * 90), (_("Go"), "weigh"), back="bye")

    @do(fine="bye", much=back_to("first", Text("V" * 60)))
    def weigh(self, app: Any) -> Literal["fine", "much"]:
        return "fine"

    bye = End(_("Goodbye."))


class TooWideWithAComplaint(Flow):
    to: Phone

    first = Ask(Text("W" * 120), "to", then="bye", back="bye")
    bye = End(_("Goodbye."))


class TooWideWhereGiven(Flow):
    first = Use(Question, answered="second", left="second")
    second = Use(TooWide)


class GivenTooMuch(Flow):
    about: Name

    shown = Menu(_("{about}"), back="left")
    left = Return()


class GivesTooMuch(Flow):
    first = Use(GivenTooMuch, give={"about": TOO_WIDE}, left="bye")
    bye = End(_("Goodbye."))


class GivenAndAsking(Flow):
    about: Name
    answer: Name

    ask = Ask(_("{about} Who?"), "answer", then="answered", back="left")
    answered = Return()
    left = Return()


class NeverFilled(Flow):
    name: Name

    first = Menu(_("Hello {name}!"), (_("Go"), "ask"), back="bye")
    ask = Ask(_("Who?"), "name", then="first", back="first")
    bye = End(_("Goodbye."))


class FilledOneWayOnly(Flow):
    name: Name

    first = Menu(_("Hi"), (_("Go"), "ask"), (_("Skip"), "bye"), back="out")
    ask = Ask(_("Who?"), "name", then="bye", back="out")
    bye = End(_("Goodbye {name}."))
    out = End(_("Goodbye."))


class NotFilledWhenGoingBack(Flow):
    name: Name

    first = Ask(_("Who?"), "name", then="bye", back="bye")
    bye = End(_("Goodbye {name}."))


class NotFilledByAnEmptyList(Flow):
    choice: Hidden

    first = Pick(_("Which?"), "choice", options="list", then="bye", none="bye", back="out")
    bye = End(_("Goodbye {choice}."))
    out = End(_("Goodbye."))

    def list(self, app: Any) -> Options:
        return []


class NotFilledByADialogThatWasLeft(Flow):
    name: Name

    first = Use(Question, take={"name": "name"}, answered="bye", left="bye")
    bye = End(_("Goodbye {name}."))


class GivesWhatItHasYetToTake(Flow):
    name: Name

    first = Use(
        GivenAndAsking,
        give={"about": _("For {name}:")},
        take={"name": "answer"},
        answered="bye",
        left="out",
    )
    bye = End(_("Goodbye {name}."))
    out = End(_("Goodbye."))


class NotDeclared(Flow):
    first = Ask(_("Who?"), "name", then="bye", back="bye")
    bye = End(_("Goodbye."))


class StepFillsUndeclared(Flow):
    @do(fine="bye")
    def first(self, app: Any) -> Literal["fine"]:
        self.nmae = "Amina"
        return "fine"

    bye = End(_("Goodbye."))


class SecretRemembered(Flow):
    pin: Hidden

    first = Ask(_("PIN:"), "pin", then="check", back="bye", secret=True)

    @do(fine="bye")
    def check(self, app: Any) -> Literal["fine"]:
        return "fine"

    bye = End(_("Goodbye."))


class SecretGoesNowhere(Flow):
    first = Ask(_("PIN:"), then="bye", back="bye", secret=True)
    bye = End(_("Goodbye."))


class AnswerForgotten(Flow):
    first = Ask(_("Who?"), then="bye", back="bye")
    bye = End(_("Goodbye."))


class TenOptions(Flow):
    first = Menu(_("Hi"), *((Text(f"{n}"), "bye") for n in range(10)), back="bye")
    bye = End(_("Goodbye."))


class ListWithoutRoom(Flow):
    choice: Hidden

    first = Pick(Text("W" * 120), "choice", options="list", then="bye", back="bye")
    bye = End(_("Goodbye."))

    def list(self, app: Any) -> Options:
        return []


class ListOfNothing(Flow):
    choice: Hidden

    first = Pick(_("Which?"), "choice", options="lits", then="bye", back="bye")
    bye = End(_("Goodbye."))


class OffersOfNothing(Flow):
    to: Phone

    first = Ask(_("Whom?"), "to", then="bye", back="bye", offers="recent")
    bye = End(_("Goodbye."))


class NoWayBack(Flow):
    to: Phone

    first = Ask(_("Whom?"), "to", then="bye")
    bye = End(_("Goodbye."))


class InnerMenuWithoutBack(Flow):
    first = Menu(_("Hi"), (_("Go"), "left"))
    left = Return()


class UsesMenuWithoutBack(Flow):
    first = Use(InnerMenuWithoutBack, left="bye")
    bye = End(_("Goodbye."))


class ReasonWithoutScreen(Flow):
    first = Menu(_("Hi"), (_("Go"), "weigh"), back="bye")

    @do(fine="bye", much=back_to("again", _("Too much.")))
    def weigh(self, app: Any) -> Literal["fine", "much"]:
        return "fine"

    @do(fine="first")
    def again(self, app: Any) -> Literal["fine"]:
        return "fine"

    bye = End(_("Goodbye."))


class Telling(Flow):
    """Waits to be given what it shows."""

    about: Name

    shown = Menu(_("{about}"), back="left")
    left = Return()


class NotGiven(Flow):
    first = Use(Telling, left="bye")
    bye = End(_("Goodbye."))


class GivesAStranger(Flow):
    first = Use(Telling, give={"about": _("This"), "abuot": _("That")}, left="bye")
    bye = End(_("Goodbye."))


class TakesAStranger(Flow):
    name: Name

    first = Use(Question, take={"name": "nmae"}, answered="bye", left="bye")
    bye = End(_("Goodbye."))


class ReasonTooWideForTheList(Flow):
    choice: Hidden

    first = Pick(_("Which?"), "choice", options="list", then="weigh", back="bye")

    def list(self, app: Any) -> Options:
        return []

    @do(fine="bye", gone=back_to("first", Text("V" * 150)))
    def weigh(self, app: Any) -> Literal["fine", "gone"]:
        return "fine"

    bye = End(_("Goodbye."))


class Wide(Flow):
    """Fits alone, and leaves no room for a reason."""

    first = Menu(Text("W" * 110), back="left")
    left = Return()


class ReasonTooWideForTheDialog(Flow):
    first = Menu(_("Hi"), (_("Go"), "weigh"), back="bye")

    @do(fine="bye", much=back_to("wide", Text("V" * 60)))
    def weigh(self, app: Any) -> Literal["fine", "much"]:
        return "fine"

    wide = Use(Wide, left="bye")
    bye = End(_("Goodbye."))


class LossTooWideForASecret(Flow):
    """Where a call begins, the line that its place was lost may stand above any screen."""

    first = Ask(Text("W" * 140), then="check", back="bye", secret=True)

    @do(fine="bye")
    def check(self, app: Any) -> Literal["fine"]:
        return "fine"

    bye = End(_("Goodbye."))


class Deepest(Flow):
    end = End(_("The end."))


class Deeper(Flow):
    deepest = Use(Deepest)


class EndTwoDialogsDeep(Flow):
    first = Use(Deeper)


class HandsBackToNobody(Flow):
    first = Menu(_("Hi"), (_("Go"), "bye"), back="left")
    left = Return()
    bye = End(_("Goodbye."))


class Nothing(Flow):
    pass


FAULTS: dict[type[Flow], list[str]] = {
    UnknownTarget: ["first: 'Go' leads to 'serch', which is no state; did you mean 'search'?"],
    UnknownAndUnlikeAny: ["first: 'Go' leads to 'zzz', which is no state"],
    OutcomeNotWired: ["first: returns ['found', 'lost'], wired ['found']"],
    WiredTooMuch: ["first: returns ['found'], wired ['found', 'lost']"],
    OutcomesNotPromised: ["first: returns [], wired ['found']"],
    UseNotWired: ["first: Question ends in ['answered', 'left'], wired ['answered']"],
    UseWiredTooMuch: [
        "first: Question ends in ['answered', 'left'], wired ['answered', 'left', 'lost']"
    ],
    Unreachable: ["island: unreachable"],
    NoWayToAnEnd: ["second: no way to an end", "third: no way to an end"],
    NeverFilled: ["first: shows {name}, which some way here has not filled"],
    FilledOneWayOnly: ["bye: shows {name}, which some way here has not filled"],
    NotFilledWhenGoingBack: ["bye: shows {name}, which some way here has not filled"],
    NotFilledByAnEmptyList: ["bye: shows {choice}, which some way here has not filled"],
    NotFilledByADialogThatWasLeft: ["bye: shows {name}, which some way here has not filled"],
    GivesWhatItHasYetToTake: ["first: shows {name}, which some way here has not filled"],
    NotDeclared: ["first: fills 'name', which the flow does not declare"],
    StepFillsUndeclared: ["first: fills 'nmae', which the flow does not declare"],
    SecretRemembered: ["first: a secret must not be remembered"],
    SecretGoesNowhere: ["first: a secret must go straight to a step that uses it"],
    AnswerForgotten: ["first: an answer must be remembered, or be a secret"],
    TenOptions: ["first: more than 9 options"],
    ListOfNothing: ["first: no method 'lits'"],
    OffersOfNothing: ["first: no method 'recent'"],
    NoWayBack: ["first: no way back"],
    ReasonWithoutScreen: ["weigh: the reason for 'much' has no screen to stand on"],
    NotGiven: ["first: does not give 'about', which Telling never fills itself"],
    GivesAStranger: ["first: hands over 'abuot'; Telling has no such variable"],
    TakesAStranger: ["first: hands over 'nmae'; Question has no such variable"],
    HandsBackToNobody: ["left: hands back to nobody"],
    Nothing: ["no states"],
}


@pytest.mark.parametrize("flow", FAULTS, ids=lambda flow: flow.__name__)
def test_a_broken_flow_is_told_what_is_wrong(flow: type[Flow]) -> None:
    assert verify(flow, ENGLISH, CONSTANTS) == [
        f"{flow.__name__}.{fault}" for fault in FAULTS[flow]
    ]


@pytest.mark.parametrize("flow", [Sound, EndTwoDialogsDeep], ids=lambda flow: flow.__name__)
def test_a_sound_flow_has_no_fault(flow: type[Flow]) -> None:
    catalogs = two_languages(_word_for_word(flow))

    assert verify(flow, catalogs, CONSTANTS) == []


@pytest.mark.parametrize(
    ("flow", "path"),
    [
        pytest.param(UsesItself, "UsesItself > UsesItself", id="at once"),
        pytest.param(Outer, "Outer > Inner > Outer", id="through another"),
    ],
)
def test_a_flow_that_uses_itself_is_refused_before_anything_else(
    flow: type[Flow], path: str
) -> None:
    assert verify(flow, ENGLISH, CONSTANTS) == [f"uses itself: {path}"]


TOO_WIDE_AT: dict[type[Flow], str] = {
    TooWide: "TooWide.first: 165 of 156 characters",
    TooWideWhenFilled: "TooWideWhenFilled.shown: 175 of 156 characters",
    TooWideWithItsReason: "TooWideWithItsReason.first: 165 of 156 characters",
    TooWideWithAComplaint: "TooWideWithAComplaint.first: 166 of 156 characters",
    TooWideWhereGiven: "TooWide.first: 175 of 156 characters",
    GivesTooMuch: "GivenTooMuch.shown: 175 of 156 characters",
    ListWithoutRoom: "ListWithoutRoom.first: leaves 19 characters for an item of the list",
    ReasonTooWideForTheList: "ReasonTooWideForTheList.first",
    ReasonTooWideForTheDialog: "Wide.first: 189 of 156 characters",
    LossTooWideForASecret: "LossTooWideForASecret.first",
}


@pytest.mark.parametrize("flow", TOO_WIDE_AT, ids=lambda flow: flow.__name__)
def test_a_screen_that_can_get_too_wide_is_found(flow: type[Flow]) -> None:
    faults = verify(flow, ENGLISH, CONSTANTS)

    assert [fault for fault in faults if fault.startswith(f"en: {TOO_WIDE_AT[flow]}")], faults


def test_an_inner_menu_needs_a_way_back_though_the_first_one_does_not() -> None:
    faults = verify(UsesMenuWithoutBack, ENGLISH, CONSTANTS)

    assert faults == ["InnerMenuWithoutBack.first: no way back"]


class Greeting(Flow):
    name: Name

    first = Ask(_("What are you called?"), "name", then="hello", back="bye")
    hello = End(_("Good to hear you, {name}."))
    bye = End(_("Bye then."))


SWAHILI = {
    "What are you called?": "Unaitwa nani?",
    "Good to hear you, {name}.": "Nafurahi kukusikia, {name}.",
    "Bye then.": "Kwaheri basi.",
}


@pytest.mark.parametrize(
    ("swahili", "faults"),
    [
        ({}, []),
        (
            {"Bye then.": "W" * 157},
            [f"sw: Greeting.bye: 157 of 156 characters: '{'W' * 157}'"],
        ),
        (
            {"Good to hear you, {name}.": "Nafurahi kukusikia, {jina}."},
            ["sw: Greeting.hello: other placeholders in 'Nafurahi kukusikia, {jina}.'"],
        ),
        (
            {"Good to hear you, {name}.": "Nafurahi kukusikia."},
            ["sw: Greeting.hello: other placeholders in 'Nafurahi kukusikia.'"],
        ),
    ],
    ids=["sound", "too wide", "another name", "a name left out"],
)
def test_r_a16_a_fault_of_one_language_alone_is_found(
    swahili: dict[str, str], faults: list[str]
) -> None:
    catalogs = two_languages({**SWAHILI, **swahili})

    assert verify(Greeting, catalogs, CONSTANTS) == faults


def test_r_a16_a_text_without_a_translation_is_found() -> None:
    catalogs = two_languages({k: v for k, v in SWAHILI.items() if k != "Bye then."})

    assert verify(Greeting, catalogs, CONSTANTS) == [
        "sw: Greeting.bye: no translation of 'Bye then.'"
    ]


def test_a_text_of_signs_alone_needs_no_translation() -> None:
    class Signs(Flow):
        first = Menu(_("{support}: *123#"), back="bye")
        bye = End(_("..."))

    assert verify(Signs, two_languages(), CONSTANTS) == []


def test_every_fault_is_told_at_once_in_reading_order() -> None:
    class Broken(Flow):
        pin: Hidden
        name: Name

        first = Menu(_("Hello {name}"), (_("Go"), "serch"), (_("PIN"), "secret"), back="search")

        @do(found="bye")
        def search(self, app: Any) -> Literal["found", "lost"]:
            return "found"

        island = End(_("Nobody comes here."))
        secret = Ask(_("PIN:"), "pin", then="bye", secret=True)
        bye = End(_("Goodbye."))

    assert verify(Broken, ENGLISH, CONSTANTS) == [
        "Broken.first: 'Go' leads to 'serch', which is no state; did you mean 'search'?",
        "Broken.search: returns ['found', 'lost'], wired ['found']",
        "Broken.island: unreachable",
        "Broken.secret: a secret must not be remembered",
        "Broken.secret: a secret must go straight to a step that uses it",
        "Broken.secret: no way back",
    ]


def test_a_flow_used_twice_tells_its_fault_once() -> None:
    class Twice(Flow):
        first = Menu(_("Hi"), (_("One"), "one"), (_("Two"), "two"), back="bye")
        one = Use(InnerMenuWithoutBack, left="first")
        two = Use(InnerMenuWithoutBack, left="first")
        bye = End(_("Goodbye."))

    assert verify(Twice, ENGLISH, CONSTANTS) == ["InnerMenuWithoutBack.first: no way back"]


def _word_for_word(root: type[Flow]) -> dict[str, str]:
    """A translation of every text that leaves it as it is."""
    states = [state for flow in flows_under(root) for state in flow.states.values()]
    return {text: text for state in states for text in state.texts()}
