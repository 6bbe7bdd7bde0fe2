"""Compose one screen: a line of explanation, the text, the choices, the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ussd_app.dialog.flow import BACK_KEY, HOME_KEY, MORE_KEY, End, Menu, Pick, Screen
from ussd_app.text import Text, _, fill, septets, shorten, to_gsm7

BUDGET = 160 - len("CON ")  # septets a screen may hold (Safaricom: 160, the prefix included)
ITEMS_MOST = 8  # on a page; 9 turns it
ITEM_ROOM_LEAST = 20  # septets that every list must leave for an item
OFFER_ROOM = 20  # septets that every question with offers must leave for each

BACK = _("Back")
EXIT = _("Exit")
HOME = _("Home")
MORE = _("More")

Translate = Callable[[str], str]


@dataclass(frozen=True)
class View:
    """All that decides what one screen shows."""

    state: Screen
    values: Mapping[str, object]
    translate: Translate
    why: str = ""
    rows: Sequence[str] = field(default=())
    more: bool = False
    has_home: bool = False
    exits: bool = False


def compose(view: View) -> str:
    """The screen's text in GSM-7, without the `CON ` or `END ` before it. Empty lines go."""
    translate = view.translate
    heading = fill(translate(view.state.text), view.values)
    rows = list(view.rows)
    if isinstance(view.state, Menu):
        rows = numbered(fill(translate(label), view.values) for label, _to in view.state.options)
    full = _joined(view.why, heading, *rows, keys(view))
    if isinstance(view.state, Pick) and view.why and septets(full) > BUDGET:
        return _joined(view.why, *rows, keys(view))  # pages are cut for a heading or a reason
    return full


def _joined(*lines: str) -> str:
    return to_gsm7("\n".join(line for line in "\n".join(lines).split("\n") if line.strip()))


def keys(view: View) -> str:
    """The last line: which keys turn the page, lead back, and home."""
    if isinstance(view.state, End):
        return ""
    shown = []
    if view.more:
        shown.append(f"{MORE_KEY}. {view.translate(MORE)}")
    if view.state.back or view.exits:
        shown.append(f"{BACK_KEY}. {view.translate(EXIT if view.exits else BACK)}")
    if view.has_home:
        shown.append(f"{HOME_KEY}. {view.translate(HOME)}")
    return " ".join(shown)


def shown_offers(labels: Iterable[str]) -> list[str]:
    """Numbered rows of answers to choose from, each in the room that was proven for it."""
    return numbered(shorten(to_gsm7(label), OFFER_ROOM) for label in labels)


def numbered(labels: Iterable[str]) -> list[str]:
    """'1. Send', '2. Balance' and so on."""
    return [f"{n}. {label}" for n, label in enumerate(labels, 1)]


def room_for_items(view: View) -> int:
    """Septets that a page of `view` leaves for items, beside a heading or a reason and all keys."""
    blank = replace(view, why="", rows=(), more=True)
    heading = septets(to_gsm7(fill(view.translate(view.state.text), view.values)))
    reason = max(septets(to_gsm7(fill(view.translate(t), view.values))) for t in REASONS)
    return BUDGET - septets(compose(blank)) - max(0, reason - heading) - len("\n")


def paginate(labels: Sequence[str], room: int) -> list[list[str]]:
    """Numbered rows in pages that each fit in `room` septets; numbers start again on each page.

    Nothing is dropped or repeated; an item too long for a page of its own is shortened.
    """
    pages: list[list[str]] = [[]]
    left = room
    for label in labels:
        row = shorten(to_gsm7(label.replace("\n", " ")), room - len("1. \n"))
        size = septets(row) + len("1. \n")
        if pages[-1] and (size > left or len(pages[-1]) == ITEMS_MOST):
            pages.append([])
            left = room
        left -= size
        pages[-1].append(f"{len(pages[-1]) + 1}. {row}")
    return pages


HELP = _("Help? Call {support}.")
NOT_AN_OPTION = _("Choose a number below.")
CHANGED = _("The menu has changed.")
FORGOTTEN = _("We lost your place.")
RESUMED = _("Welcome back.")
REASONS = (HELP, NOT_AN_OPTION, CHANGED, FORGOTTEN, RESUMED)
EVERYWHERE: tuple[Text, ...] = (BACK, EXIT, HOME, MORE, *REASONS)
