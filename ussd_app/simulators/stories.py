"""Stories: what a visitor may watch, or do by hand, step by step on the telephones of the page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from ussd_app.simulators.errors import Refused
from ussd_app.simulators.numbers import phone_number
from ussd_app.simulators.wishes import fields, listed, matching, number, words

MAX_STEPS, MAX_MOVES, MAX_PINS = 40, 20, 9
MAX_SENTENCE = 400
MAX_SECONDS = 10**9
NEW = "{new}"
_WHAT = {
    "dial": (r"[0-9*#]{0,100}", "dial a code such as *384*96#, or leave it out"),
    "choose": (r".{1,100}", "choose the words beside a number"),
    "press": (r"[0-9*#]{1,100}|\{(pin|new)\}", "press digits, * and #, or {pin} or {new}"),
    "read": (r"", "an SMS is read, with nothing in `what`"),
}

Deed = Literal["dial", "choose", "press", "read"]


@dataclass(frozen=True, kw_only=True)
class Move:
    """One thing a hand does with a telephone, and the words that must be seen then.

    `what` is dialled (empty: the service code), chosen (the words beside a number of the list on
    the screen) or pressed; an SMS is only read. In both `what` is chosen and what `sees` says, "…"
    stands for anything. Pressed, "{pin}" is the PIN on the phone's card, and
    "{new}" the one that the step chooses. The move is made
    only `when` these words are on the screen; `sees` must be seen all the same.
    """

    do: Deed
    sees: str
    what: str = ""
    when: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is done on one telephone and why, or how many seconds are waited for.

    It dials anew, so that it may follow whatever was done by hand. Of `pins`, the one after the PIN
    on the phone's card is chosen in it, and is on the card from then on.
    """

    phone: str
    text: str
    why: str
    moves: tuple[Move, ...] = ()
    seconds: int = 0
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Story:
    """A title, a sentence, and steps."""

    title: str
    about: str
    steps: tuple[Step, ...]


def story(wish: Any) -> Story:
    """Read one; the refusal names the step and the move that are at fault."""
    if isinstance(wish, Story):
        return wish
    hint = "a story has title, about and steps"
    told = fields(wish, allowed={"title", "about", "steps"}, hint=hint)
    title = _said(told, "title", most=40)
    with _at(f"“{title}”"):
        steps = tuple(
            _step(each, place)
            for place, each in enumerate(listed(told.get("steps"), most=MAX_STEPS), 1)
        )
        if not steps:
            raise Refused("a story has at least one step")
        return Story(title=title, about=_said(told, "about"), steps=steps)


def _step(wish: Any, place: int) -> Step:
    with _at(f"step {place}"):
        hint = "a step has phone, text, why, and moves or seconds, and perhaps pins"
        allowed = {"phone", "text", "why", "moves", "seconds", "pins"}
        told = fields(wish, allowed=allowed, hint=hint)
        moves = tuple(
            _move(each, count)
            for count, each in enumerate(listed(told.get("moves", []), most=MAX_MOVES), 1)
        )
        seconds = int(number(told.get("seconds", 0), 0, MAX_SECONDS, whole=True))
        if bool(moves) == bool(seconds):
            raise Refused(hint)
        pins = tuple(
            matching(each, pattern=r"[0-9]{1,12}", hint="pins are digits")
            for each in listed(told.get("pins", []), most=MAX_PINS)
        )
        if not pins and any(move.what == NEW for move in moves):
            raise Refused(f"a step that presses {NEW} has pins")
        presses = [move.do for move in moves if move.do != "read"]
        if presses and presses[0] != "dial":
            raise Refused("a step dials before it chooses or presses anything")
        return Step(
            phone=phone_number(told.get("phone")),
            text=_said(told, "text"),
            why=_said(told, "why"),
            moves=moves,
            seconds=seconds,
            pins=pins,
        )


def _move(wish: Any, place: int) -> Move:
    with _at(f"move {place}"):
        hint = "a move has do, sees and perhaps what and when"
        told = fields(wish, allowed={"do", "sees", "what", "when"}, hint=hint)
        do = told.get("do")
        if do not in _WHAT:
            raise Refused("do is one of " + ", ".join(_WHAT))
        what = matching(told.get("what", ""), pattern=_WHAT[do][0], hint=_WHAT[do][1])
        when = words(told.get("when", ""), most=MAX_SENTENCE)
        return Move(do=do, what=what, sees=_said(told, "sees"), when=when)


def _said(told: dict[str, Any], name: str, *, most: int = MAX_SENTENCE) -> str:
    with _at(name):
        if not (said := words(told.get(name), most=most)).strip():
            raise Refused("say something")
        return said


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Let a refusal say where the fault is."""
    try:
        yield
    except Refused as refusal:
        raise Refused(f"{place}: {refusal.message}") from refusal
