"""One call through the flows, answer by answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, strategies as st

from tests.dialog import shop
from tests.dialog.shop import RIGHT, Buy, Shop, Till
from tests.dialog.toys import CONSTANTS, Call, leads_back, machine, two_languages
from ussd_app.dialog import Ask, End, Flow, Menu, Pick, Return, Text, Use, _, back_to, do
from ussd_app.dialog.flow import Cut
from ussd_app.dialog.machine import Machine
from ussd_app.dialog.screen import BUDGET, CHANGED, NOT_AN_OPTION
from ussd_app.dialog.session import Session
from ussd_app.dialog.turn import STEPS_MOST
from ussd_app.dialog.verify import verify
from ussd_app.text import septets
from ussd_app.values import Name, Phone

FRIEND = Phone("+254700000002")
TOP = "Shop\n1. Buy\n2. Call\n0. Exit"


def calling(till: Till | None = None) -> tuple[Call, Till]:
    till = till or Till()
    return Call(machine(Shop, till)), till


def at(*ahead: str, till: Till | None = None) -> Call:
    """A call at the place that these answers lead to."""
    call, _till = calling(till)
    call.dial()
    call.say(*ahead)
    return call


def test_the_toy_itself_is_sound() -> None:
    assert verify(Shop, machine(Shop).catalogs, CONSTANTS) == []


def test_a_call_begins_at_the_first_state() -> None:
    call, _till = calling()

    assert call.dial() == TOP


# What is typed


@pytest.mark.parametrize(
    "typed",
    ["1", " 1 ", "01", "001", "1.", "1)", "1#", " 1. ", "١", "۱", "１", "l", "I", "1\t"],
)
def test_an_option_is_chosen_however_a_keypad_writes_it(typed: str) -> None:
    call = at(typed)

    assert call.place == "who"


@pytest.mark.parametrize(
    "typed",
    ["3", "9", "", " ", "*", "#", "11", "1 1", "-1", "+1", "1.0", "0001", "one", "½", "😀", "1" * 500],
)  # fmt: skip
def test_what_is_no_option_shows_the_same_screen_with_the_reason(typed: str) -> None:
    call = at()

    said = call.say(typed)

    assert said == f"{NOT_AN_OPTION}\n{TOP}"
    assert not call.over


@pytest.mark.parametrize("typed", ["0", " 0 ", "0.", "0#", "٠"])
def test_the_key_that_leads_back_is_read_as_tolerantly_as_an_option(typed: str) -> None:
    call = at("1")

    assert call.say(typed) == TOP


@pytest.mark.parametrize("typed", ["000", " 000 ", "000.", "000#", "٠٠٠"])
def test_the_key_that_leads_home_is_read_as_tolerantly_as_an_option(typed: str) -> None:
    call = at("1", "Amina")

    assert call.say(typed) == TOP


@pytest.mark.parametrize("typed", ["9", " 9 ", "9.", "09", "٩"])
def test_the_key_that_turns_the_page_is_read_as_tolerantly_as_an_option(typed: str) -> None:
    call = at("2", "0712345678", "1")

    assert "1. Kind 8" in call.say(typed)


@pytest.mark.parametrize("typed", ["2", " 2 ", "2.", "2)", "02", "2#", "٢"])
def test_an_offer_is_chosen_however_a_keypad_writes_it(typed: str) -> None:
    till = Till(friends=[("Amina", Phone("+254700000001")), ("Baraka", FRIEND)])
    call = at("2", till=till)

    said = call.say(typed)

    assert said.startswith("Ringing 0700000002.")


def test_where_offers_stand_an_answer_may_be_typed_as_well() -> None:
    till = Till(friends=[("Baraka", FRIEND)])
    call = at("2", till=till)

    said = call.say("0712 345 678")

    assert said.startswith("Ringing 0712345678.")


def test_an_offer_wider_than_was_proven_is_shortened() -> None:
    call = at("2", till=Till(friends=[("W" * 60, FRIEND)]))

    assert call.said
    assert call.said.text == f"Call whom?\n1. {'W' * 18}..\n0. Back 000. Home"


def test_no_more_than_three_offers_are_shown() -> None:
    till = Till(friends=[(f"Friend {n}", FRIEND) for n in range(5)])

    call = at("2", till=till)

    assert call.said
    assert call.said.text == (
        "Call whom?\n1. Friend 0\n2. Friend 1\n3. Friend 2\n0. Back 000. Home"
    )


def test_an_answer_that_cannot_be_read_is_asked_for_again() -> None:
    call = at("1", "Amina")

    said = call.say("a few")

    assert said.startswith("Type the amount in digits, like 50.\nHow much for Amina?")


def test_a_star_inside_an_answer_belongs_to_it() -> None:
    call = at("1")

    said = call.say("A*B")

    assert said.startswith("How much for A*B?")


@given(st.text(max_size=300))
def test_no_mistyping_ends_a_call(typed: str) -> None:
    for place in ((), ("1",), ("1", "Amina"), ("1", "Amina", "5", "1"), ("2",)):
        call = at(*place)
        before = call.place

        call.say(typed)

        assert not call.over or (before == "top" and leads_back(typed))


# Reasons and help


def test_three_wrong_answers_in_a_row_offer_help() -> None:
    call = at("1", "Amina")

    said = call.say("much", "more", "most")

    assert said == (
        "Type the amount in digits, like 50.\nHelp? Call 0800724724.\n"
        "How much for Amina?\n0. Back 000. Home"
    )


def test_three_answers_in_a_row_that_a_step_refuses_offer_help() -> None:
    call = at("1", "Amina", "1000", "2000")

    said = call.say("3000")

    assert said.startswith("Too much.\nHelp? Call 0800724724.\nHow much for Amina?")


def test_an_answer_that_cannot_be_read_and_one_that_is_refused_are_both_wrong() -> None:
    call = at("1", "Amina", "much", "2000")

    said = call.say("more")

    assert said.startswith("Type the amount in digits, like 50.\nHelp? Call 0800724724.\n")


def test_three_wrong_secrets_in_a_row_offer_help() -> None:
    call = at("1", "Amina", "5", "1", "8642", "8642")

    said = call.say("8642")

    assert said.startswith("Wrong.\nHelp? Call 0800724724.\n5 for Amina.")


def test_where_a_reason_leaves_no_room_the_help_stands_in_its_place() -> None:
    class Wordy(Shop):
        top = Menu(_("W" * 100), (_("Again"), "top"), back="bye")
        bye = End(_("Goodbye."))

    call = Call(machine(Wordy, Till()))
    call.dial()
    assert call.say("7", "8").startswith("Choose a number below.\nWWW")

    said = call.say("9")

    assert said.startswith("Help? Call 0800724724.\nWWW")
    assert septets(said) <= BUDGET


def test_good_news_is_no_wrong_answer() -> None:
    """A line of explanation above another screen than the one that was answered."""

    class Talking(Shop):
        top = Menu(_("Top"), (_("Speak"), "speak"), (_("Quiet"), "bye"), back="bye")

        @do(spoken=back_to("heard", _("We speak now.")))
        def speak(self, app: Till) -> Literal["spoken"]:
            return "spoken"

        heard = Menu(_("Heard"), (_("Again"), "top"), back="bye")
        bye = End(_("Goodbye."))

    call = Call(machine(Talking, Till()))
    call.dial()
    call.say("7", "8")

    said = call.say("1", "9")

    assert said.startswith("Choose a number below.\nHeard")


def test_a_right_answer_in_between_takes_the_wrong_ones_back() -> None:
    call = at("1", "Amina", "much", "more")

    said = call.say("0", "Amina", "much")

    assert said.startswith("Type the amount in digits")


def test_a_reason_stands_above_one_screen_only() -> None:
    call = at("1", "Amina", "1000")
    assert call.said
    assert call.said.text.startswith("Too much.\nHow much for Amina?")

    said = call.say("0", "Amina")

    assert said.startswith("How much for Amina?")


# Moving about


def test_going_back_keeps_what_was_answered() -> None:
    call = at("1", "Amina", "5")

    said = call.say("0")

    assert said.startswith("How much for Amina?")


def test_home_forgets_what_was_under_way() -> None:
    call = at("1", "Amina", "5", "000")

    assert call.place == "top"
    assert "Amina" not in call.kept.decode()


def test_home_is_not_offered_where_one_is_at_home() -> None:
    call = at()

    assert call.said
    assert "000" not in call.said.text


def test_a_dialog_is_given_words_filled_where_it_is_used() -> None:
    call = at("1", "Amina", "5")

    said = call.say("1")

    assert said.startswith("5 for Amina.\nPIN:")


def test_what_is_put_in_is_never_read_as_a_placeholder() -> None:
    till = Till(friends=[("{to} {support}", FRIEND)])

    call = at("2", till=till)

    assert call.said
    assert "1. {to} {support}\n" in call.said.text


def test_a_dialog_ends_in_the_outcome_that_was_wired() -> None:
    call = at("1", "Amina", "5", "1", RIGHT)

    assert call.said
    assert call.said.text == "Sold 5 to Amina."
    assert call.over


def test_what_a_dialog_hands_over_is_taken() -> None:
    class Asking(Flow):
        name: Name

        top = Use(Question, take={"name": "answer"}, answered="hello")
        hello = End(_("Hello {name}!"))

    call = Call(machine(Asking))
    call.dial()

    assert call.say("Amina") == "Hello Amina!"


class Question(Flow):
    answer: Name

    @do(asked="asked")
    def ask(self, app: Any) -> Literal["asked"]:
        return "asked"

    asked = Ask(_("Who?"), "answer", then="answered", back="answered")
    answered = Return()


# Refs and secrets


def test_all_that_is_done_in_one_dialog_is_done_under_one_ref() -> None:
    till = Till()

    at("1", "Amina", "5", "1", RIGHT, till=till)

    assert [ref for ref, _name, _much in till.sold] == till.refs


def test_a_dialog_entered_again_has_another_ref() -> None:
    till = Till()

    at("1", "Amina", "5", "000", "1", "Amina", "5", till=till)

    first, second = till.refs
    assert first != second


def test_r_a03_a_secret_is_for_the_step_it_was_asked_for_and_no_other() -> None:
    till = Till()

    at("1", "Amina", "5", "1", RIGHT, till=till)

    assert till.typed == [RIGHT, ""]


@pytest.mark.parametrize("typed", ["8642", RIGHT])
def test_r_a03_a_secret_is_nowhere_in_what_is_kept(typed: str) -> None:
    call = at("1", "Amina", "5", "1")

    call.say(typed)

    assert typed not in call.kept.decode()


def test_a_wrong_secret_leads_where_the_step_says() -> None:
    call = at("1", "Amina", "5", "1", "8642")

    assert call.said
    assert call.said.text == "Wrong.\n5 for Amina.\nPIN:\n0. Back 000. Home"


# Answers given in advance


@pytest.mark.parametrize(
    ("ahead", "place"),
    [
        ([], "top"),
        (["1"], "who"),
        (["1", "Amina"], "how_much"),
        (["1", "Amina", "5"], "sure"),
        (["1", "Amina", "1000", "5"], "how_much"),  # never past what a step refuses
        (["1", "Amina", "5", "1"], "sure"),  # never past a consent
        (["1", "Amina", "5", "1", RIGHT], "sure"),
        (["2", "0712345678", "1", "9", "2"], "rung"),
        (["3", "1"], "top"),  # not past what cannot be used
        (["1", "Amina", "much", "5"], "how_much"),
        (["0", "1"], "bye"),  # not past the end
        (["1", "0", "2"], "whom"),
        (["", "1"], "top"),
        (["000", "1"], "who"),
    ],
)
def test_answers_dialled_with_the_code_are_walked_as_far_as_is_proper(
    ahead: list[str], place: str
) -> None:
    call, _till = calling()

    call.dial(ahead)

    assert call.place == place


def test_r_a03_a_secret_dialled_with_the_code_is_not_heard() -> None:
    class Locked(Flow):
        top = Use(shop.Pin, give={"about": _("Here")}, confirmed="bye", cancelled="bye")
        bye = End(_("Goodbye!"))

    till = Till()
    call = Call(machine(Locked, till))

    call.dial([RIGHT, RIGHT])

    assert call.place == "enter"
    assert till.typed == []


def test_what_stopped_the_walk_is_told() -> None:
    call, _till = calling()

    said = call.dial(["1", "Amina", "much", "5"])

    assert said.startswith("Type the amount in digits, like 50.\nHow much for Amina?")


@pytest.mark.parametrize(
    ("typed", "place"),
    [("1*Amina", "how_much"), ("1*Amina*5*1", "sure"), ("2*nobody", "whom"), ("*1", "top")],
)
def test_several_answers_at_once_are_walked_from_a_menu(typed: str, place: str) -> None:
    call = at()

    call.say(typed)

    assert call.place == place


def test_several_answers_at_once_are_no_consent() -> None:
    call = at("1", "Amina", "5")

    said = call.say(f"1*{RIGHT}")

    assert said.startswith(NOT_AN_OPTION)
    assert call.place == "sure"


# Languages


def test_r_a16_a_step_may_change_the_language() -> None:
    catalogs = two_languages({"Shop": "Duka"})
    call = Call(machine(Shop, Till(swahili=True), catalogs))

    said = call.dial()

    assert said.startswith("Duka\n")
    assert said.endswith("0. Toka")


def test_r_a16_what_is_not_translated_is_shown_in_english_and_never_as_a_key() -> None:
    call = Call(machine(Shop, Till(swahili=True), two_languages()))

    assert call.dial().startswith("Shop\n1. Buy")


# Cut calls


def cut_at(*ahead: str) -> tuple[Call, Cut, Till]:
    """A call cut at that place, and what it leaves to the next one."""
    till = Till()
    call = at(*ahead, till=till)
    session = call.session
    cut, frames = call.machine.cut(session)
    following = Call(call.machine)
    following.dial(cut=cut)
    kept = following.session
    kept.before = frames if cut.resumable else []
    following.kept = kept.dump()
    return following, cut, till


@pytest.mark.parametrize(
    ("place", "resumed"),
    [
        (["1"], "For whom?"),
        (["1", "Amina"], "How much for Amina?"),
        (["1", "Amina", "5"], "How much for Amina?"),  # not into a consent
        (["1", "Amina", "5", "1"], "How much for Amina?"),  # nor into a PIN
        (["1", "Amina", "5", "1", "8642"], "How much for Amina?"),
        (["1", "Amina", "much"], "How much for Amina?"),
        (["2", "0712345678", "1", "9"], "Which kind?\n1. Kind 8\n"),
    ],
)
def test_r_a15_a_cut_call_goes_on_from_its_last_safe_screen(place: list[str], resumed: str) -> None:
    following, _cut, _till = cut_at(*place)

    said = following.say("1")

    assert said.startswith(f"Welcome back.\n{resumed}")


def test_r_a15_whoever_does_not_want_to_go_on_starts_anew() -> None:
    following, _cut, _till = cut_at("1", "Amina")

    assert following.say("2") == TOP


def test_r_a15_at_the_first_menu_there_is_nothing_to_go_back_to() -> None:
    following, cut, _till = cut_at("1", "0")

    assert not cut.resumable
    assert following.place == "top"


def test_r_a15_what_is_done_after_a_cut_is_done_under_another_ref() -> None:
    following, _cut, till = cut_at("1", "Amina", "5")

    following.say("1", "5")

    first, second = till.refs
    assert first != second


def test_r_a15_a_call_cut_at_a_pin_leaves_the_refs_of_what_it_was_for() -> None:
    call = at("1", "Amina", "5", "1")

    cut, _frames = call.machine.cut(call.session)

    assert cut.refs.keys() == {"Shop", "Buy", "Pin"}


@pytest.mark.parametrize("place", [["1"], ["1", "Amina"], ["1", "Amina", "5"]])
def test_r_a15_a_call_cut_before_a_pin_leaves_no_refs(place: list[str]) -> None:
    call = at(*place)

    cut, _frames = call.machine.cut(call.session)

    assert cut.refs == {}


def test_r_a15_going_on_twice_leads_to_the_menu() -> None:
    following, _cut, _till = cut_at("1", "Amina")
    following.say("1")
    session = following.session
    session.frames = [replace(session.frames[0], state="cut_off", safe="")]
    following.kept = session.dump()

    assert following.say("1") == TOP


# Deploys


class Renamed(Flow):
    """Buy, after a deploy: another state where one was."""

    name: Name
    much: Name

    who = Buy.states["who"]
    quantity = Ask(_("Quantity?"), "much", then="left", back="who")
    left = Return()


class Forgetful(Flow):
    """Buy, after a deploy: a variable is gone."""

    much: Name

    who = Ask(_("For whom?"), "much", then="how_much", back="left")
    how_much = Ask(_("How much?"), "much", then="left", back="who")
    left = Return()


class Worked(Flow):
    """Buy, after a deploy: a screen has become a step."""

    name: Name

    who = Ask(_("For whom?"), "name", then="how_much", back="left")

    @do(fine="left")
    def how_much(self, app: Any) -> Literal["fine"]:
        return "fine"

    left = Return()


def deployed(buy: type[Flow] | None) -> Machine:
    """The shop with another Buy, or none."""
    states: dict[str, Any] = {
        "top": Menu(_("New shop"), (_("Buy"), "buy"), back="bye"),
        "buy": End(_("Sold out.")),
        "bye": End(_("Goodbye!")),
    }
    if buy:
        states["buy"] = Use(type("Buy", (buy,), {}), left="top")
    return machine(type("Shop", (Flow,), states), Till())


@pytest.mark.parametrize(
    "buy",
    [
        pytest.param(Renamed, id="a state was renamed"),
        pytest.param(Forgetful, id="a variable is gone"),
        pytest.param(Worked, id="a screen became a step"),
        pytest.param(None, id="a flow is gone"),
    ],
)
def test_a_call_whose_place_a_deploy_removed_starts_again_and_is_told_so(
    buy: type[Flow] | None,
) -> None:
    call = at("1", "Amina")
    call.machine = deployed(buy)

    said = call.say("5")

    assert said == f"{CHANGED}\nNew shop\n1. Buy\n0. Exit"
    assert not call.over


def test_a_call_in_a_dialog_that_is_used_elsewhere_by_now_starts_again() -> None:
    class Elsewhere(Flow):
        top = Menu(_("New shop"), (_("Go"), "middle"), back="bye")
        middle = Menu(_("Middle"), (_("Buy"), "buy2"), back="bye")
        buy = End(_("Here one used to buy."))
        buy2 = Use(Buy, left="top")
        bye = End(_("Goodbye!"))

    call = at("1")
    call.machine = machine(type("Shop", (Elsewhere,), {}), Till())

    said = call.say("0")

    assert said.startswith(CHANGED)


def test_r_a15_a_cut_call_whose_place_a_deploy_removed_leads_to_the_menu() -> None:
    following, _cut, _till = cut_at("1", "Amina")
    session = following.session
    session.before[-1].flow = "Sell"
    following.kept = session.dump()

    assert following.say("1") == TOP


# Limits, and what is kept


def test_steps_that_go_round_for_ever_are_stopped_loudly() -> None:
    class Round(Flow):
        @do(again="first", enough="bye")
        def first(self, app: list[int]) -> Literal["again", "enough"]:
            app.append(1)
            return "again"

        bye = End(_("Goodbye!"))

    turned: list[int] = []

    with pytest.raises(RuntimeError, match="no screen after 20 steps at Round"):
        machine(Round, turned).begin(FRIEND)
    assert len(turned) == STEPS_MOST


def test_what_is_kept_of_a_call_comes_back_as_it_was() -> None:
    call = at("2", "0712345678", "1", "9")
    session = call.session

    assert Session.load(session.dump()) == session


def test_what_is_kept_of_a_call_is_small() -> None:
    call = at("1", "Amina Wanjiru", "5", "1")

    assert len(call.kept) < 700
    assert json.loads(call.kept)


def test_the_machine_tells_whoever_watches_of_every_edge_it_takes() -> None:
    walked: list[tuple[str, str, str, str]] = []
    call = Call(machine(Shop, Till(), watch=lambda *edge: walked.append(edge)))

    call.dial(["1", "Amina"])

    assert walked == [
        ("Shop", "greet", "english", "top"),
        ("Shop", "top", "Buy", "buy"),
        ("Buy", "who", "name", "how_much"),
    ]


def test_the_label_of_a_screen_names_its_state() -> None:
    call = at("1", "Amina")

    assert call.said
    assert call.said.label == "Buy.how_much"


def test_a_list_without_anything_in_it_can_still_be_left() -> None:
    class Empty(Flow):
        kind: Name

        top = Pick(_("Nothing?"), "kind", options="kinds", then="bye", back="bye")

        def kinds(self, app: Any) -> list[tuple[str, str]]:
            return []

        bye = End(_("Goodbye!"))

    call = Call(machine(Empty))
    call.dial()

    assert call.say("1") == f"{NOT_AN_OPTION}\nNothing?\n0. Exit"
    assert call.say("0") == "Goodbye!"


def test_a_text_is_filled_by_plain_names_only() -> None:
    class Sly(Flow):
        name: Name

        top = Ask(_("Name?"), "name", then="hello", back="hello")
        hello = End(Text("{name} {name.__class__} {} {name!r}"))

    call = Call(machine(Sly))
    call.dial()

    assert call.say("Amina") == "Amina {name.__class__} {} {name!r}"
