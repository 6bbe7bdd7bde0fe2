"""Lists in as many pages as they take: nothing dropped, nothing repeated, every page fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import example, given, settings, strategies as st

from tests.dialog.toys import CONSTANTS, ENGLISH, Call, machine, two_languages
from ussd_app.dialog import End, Flow, Menu, Pick, Return, Use, _, do
from ussd_app.dialog.screen import BUDGET, ITEM_ROOM_LEAST, ITEMS_MOST, paginate
from ussd_app.dialog.turn import ITEMS_KEPT_MOST
from ussd_app.text import BASIC, EXTENSION, Catalogs, septets, to_gsm7
from ussd_app.values import Hidden

LANGUAGES = two_languages()
ROW = re.compile(r"(\d)\. (.*)", re.DOTALL)

any_text = st.text(max_size=200)
gsm7_text = st.text(alphabet=sorted(BASIC | EXTENSION), max_size=60)
labels = st.lists(any_text | gsm7_text | st.sampled_from(["", " ", "x", "\n"]), max_size=500)
long_lists = st.integers(0, 500).map(lambda size: [f"Item {n}" for n in range(size)])


@dataclass
class Shelf:
    """A service with one list, which may change between two answers."""

    labels: list[str]


class Choosing(Flow):
    """One list; what was chosen is shown."""

    choice: Hidden

    top = Menu(_("Hi"), (_("Go"), "pick"), back="bye")
    pick = Pick(
        _("Which one of them?"), "choice", options="options", then="chosen", none="none", back="bye"
    )

    def options(self, app: Shelf) -> list[tuple[str, Hidden]]:
        return [(label, Hidden(f"value-{n}")) for n, label in enumerate(app.labels)]

    chosen = End(_("{choice}"))
    none = End(_("Nothing there."))
    bye = End(_("Goodbye."))


def at_the_list(labels: list[str], catalogs: Catalogs = ENGLISH, language: str = "en") -> Call:
    call = Call(machine(Choosing, Shelf(labels), catalogs, language=language))
    call.dial(["1"])
    return call


def rows_of(screen: str) -> list[str]:
    """The numbered rows of a page. Items hold no line break, so that a line is a row."""
    numbered = [ROW.fullmatch(line) for line in screen.split("\n")]
    return [found[0] for found in numbered if found and not re.match(r"9\. |0\. ", found[0])]


def pages_of(call: Call) -> list[str]:
    """Every page from the first to the last."""
    assert call.said
    pages = [call.said.text]
    while has_more(pages[-1]):
        pages.append(call.say("9"))
    return pages


def has_more(screen: str) -> bool:
    return screen.rsplit("\n", maxsplit=1)[-1].startswith("9. ")


def as_shown(label: str) -> str:
    return to_gsm7(label.replace("\n", " "))


@settings(max_examples=60)
@given(labels=labels | long_lists, room=st.integers(ITEM_ROOM_LEAST, 150))
@example(labels=["{" * 200], room=ITEM_ROOM_LEAST)
@example(labels=["", "", "", "", "", "", "", "", ""], room=ITEM_ROOM_LEAST)
def test_r_a16_pages_hold_every_item_once_in_order_and_fit(labels: list[str], room: int) -> None:
    pages = paginate(labels, room)

    items = [item for page in pages for item in page]
    assert len(items) == len(labels)
    for item, label in zip(items, labels, strict=True):
        shown = item[len("1. ") :]
        assert shown == as_shown(label) or as_shown(label).startswith(shown.removesuffix(".."))
    for page in pages:
        assert len(page) <= ITEMS_MOST
        assert sum(septets(row) + 1 for row in page) <= room
        assert [row[:3] for row in page] == [f"{n}. " for n in range(1, len(page) + 1)]
    assert all(pages) or labels == []


@settings(max_examples=30)
@given(labels=labels | long_lists, language=st.sampled_from(["en", "sw"]))
def test_r_a16_every_page_of_a_list_fits_a_screen_with_its_keys(
    labels: list[str], language: str
) -> None:
    call = at_the_list(labels, LANGUAGES, language)

    pages = pages_of(call)

    assert all(septets(page) <= BUDGET for page in pages)
    assert all(has_more(page) for page in pages[:-1])
    assert not has_more(pages[-1])


@settings(max_examples=25)
@given(size=st.integers(1, 120), width=st.integers(1, 130), data=st.data())
def test_the_item_chosen_on_a_page_is_the_one_that_stood_there(
    size: int, width: int, data: st.DataObject
) -> None:
    call = at_the_list([f"{n} ".ljust(width, "x") for n in range(size)])
    pages = [rows_of(page) for page in pages_of(call)]
    page = data.draw(st.integers(0, len(pages) - 1))
    row = data.draw(st.integers(0, len(pages[page]) - 1))
    call = at_the_list([f"{n} ".ljust(width, "x") for n in range(size)])
    call.say(*["9"] * page)

    said = call.say(str(row + 1))

    place = sum(len(earlier) for earlier in pages[:page]) + row
    assert said == f"value-{place}"


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 17, 49, 50, 51, 499, ITEMS_KEPT_MOST])
def test_r_a16_the_pages_of_a_list_show_all_of_it_and_nothing_twice(size: int) -> None:
    call = at_the_list([f"Item {n}" for n in range(size)])

    shown = [row[3:] for page in pages_of(call) for row in rows_of(page)]

    assert shown == [f"Item {n}" for n in range(size)]


def test_the_last_item_of_the_longest_list_can_be_chosen() -> None:
    call = at_the_list(["W" * 120] * ITEMS_KEPT_MOST)

    said = call.say(*["9"] * (ITEMS_KEPT_MOST - 1), "1")

    assert said == f"value-{ITEMS_KEPT_MOST - 1}"


def test_a_list_that_is_longer_than_can_be_kept_is_an_error_and_not_cut() -> None:
    with pytest.raises(ValueError, match=r"Choosing\.options: 501 of 500 items"):
        at_the_list(["Item"] * (ITEMS_KEPT_MOST + 1))


def test_zero_leads_to_the_page_before_and_from_the_first_one_out() -> None:
    call = at_the_list([f"Item {n}" for n in range(30)])
    first, second, third = pages_of(call)[:3]
    call = at_the_list([f"Item {n}" for n in range(30)])
    call.say("9", "9")

    back = call.say("0"), call.say("0"), call.say("0")

    assert third not in back
    assert back == (second, first, "Goodbye.")


@settings(max_examples=25)
@given(labels=st.lists(gsm7_text, min_size=1, max_size=50), language=st.sampled_from(["en", "sw"]))
def test_a_reason_above_a_page_never_changes_which_items_are_on_it(
    labels: list[str], language: str
) -> None:
    call = at_the_list(labels, LANGUAGES, language)

    for page in pages_of(at_the_list(labels, LANGUAGES, language)):
        for _attempt in range(4):  # from the third on, help is offered instead
            complained = call.say("banana")

            assert septets(complained) <= BUDGET
            assert rows_of(complained) == rows_of(page)
            assert has_more(complained) == has_more(page)
        call.say("9")


def test_nine_is_no_choice_on_the_last_page() -> None:
    call = at_the_list([f"Item {n}" for n in range(9)])
    call.say("9")

    said = call.say("9")

    assert said.startswith("Choose a number below.\nWhich one of them?\n1. Item 8")


def test_a_number_beyond_the_page_is_no_choice() -> None:
    call = at_the_list([f"Item {n}" for n in range(9)])
    call.say("9")

    said = call.say("2")

    assert said.startswith("Choose a number below.")


def test_a_page_without_more_says_nothing_of_more() -> None:
    call = at_the_list(["Only"])

    assert call.said
    assert call.said.text == "Which one of them?\n1. Only\n0. Exit"


def test_an_item_too_long_for_a_page_is_shortened() -> None:
    call = at_the_list(["x" * 300, "short"])

    (row,) = rows_of(pages_of(call)[0])

    assert re.fullmatch(r"1\. x{60,}\.\.", row)


def test_a_list_that_changes_between_two_answers_stays_as_it_was_shown() -> None:
    shelf = Shelf([f"Item {n}" for n in range(20)])
    call = Call(machine(Choosing, shelf))
    call.dial(["1"])
    shelf.labels = ["Gone"]

    said = call.say("9", "1")

    assert said == "value-8"


def test_a_list_is_taken_anew_when_it_is_entered_again() -> None:
    class Again(Choosing):
        pick = Pick(_("Which one of them?"), "choice", options="options", then="top", back="top")

    shelf = Shelf(["Old"])
    call = Call(machine(Again, shelf))
    call.dial(["1"])
    shelf.labels = ["New"]

    said = call.say("1", "1")

    assert "1. New" in said


def test_an_empty_list_goes_another_way() -> None:
    call = at_the_list([])

    assert call.place == "none"
    assert call.over


def test_a_choice_that_looks_like_a_key_is_shown_and_cannot_be_mistaken_for_it() -> None:
    call = at_the_list(["0. Back", "9. More"])

    said = call.say("2")

    assert said == "value-1"


def test_paging_of_a_list_used_in_another_dialog_leaves_room_for_home() -> None:
    class Outer(Flow):
        top = Menu(_("Hi"), (_("Go"), "inner"), back="bye")
        inner = Use(Inner, left="top")
        bye = End(_("Goodbye."))

    call = Call(machine(Outer, Shelf(["W" * 40] * 20)))
    call.dial(["1"])

    pages = pages_of(call)

    assert all("000. Home" in page and septets(page) <= BUDGET for page in pages)


class Inner(Flow):
    choice: Hidden

    pick = Pick(_("Which?"), "choice", options="options", then="take", back="left")

    def options(self, app: Shelf) -> list[tuple[str, Hidden]]:
        return [(label, Hidden("")) for label in app.labels]

    @do(taken="left")
    def take(self, app: Any) -> Literal["taken"]:
        return "taken"

    left = Return()


def test_constants_may_stand_in_the_heading_of_a_list() -> None:
    class Titled(Flow):
        choice: Hidden

        top = Pick(_("Call {support}:"), "choice", options="options", then="bye", back="bye")

        def options(self, app: Shelf) -> list[tuple[str, Hidden]]:
            return [(label, Hidden("")) for label in app.labels]

        bye = End(_("Goodbye."))

    call = Call(machine(Titled, Shelf(["W" * 150] * 9)))

    said = call.dial()

    assert said.startswith(f"Call {CONSTANTS['support']}:\n1. W")
    assert septets(said) <= BUDGET
