"""Measure every screen in every language at its widest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from ussd_app.dialog import notices
from ussd_app.dialog.flow import OFFERS_MOST, Ask, Edge, End, Flow, Menu, Pick, Screen, State, Use
from ussd_app.dialog.screen import (
    BUDGET,
    CHANGED,
    EVERYWHERE,
    FORGOTTEN,
    HELP,
    ITEM_ROOM_LEAST,
    NOT_AN_OPTION,
    OFFER_ROOM,
    RESUMED,
    View,
    compose,
    numbered,
    paginate,
    room_for_items,
)
from ussd_app.dialog.session import is_safe
from ussd_app.dialog.turn import leaves
from ussd_app.text import SOURCE_LANGUAGE, Catalogs, Text, fill, placeholders, septets, to_gsm7

NOTHING = ""
Values = Mapping[str, str]
Lines = set[str]


def widths(root: type[Flow], catalogs: Catalogs, constants: Values) -> list[str]:
    """Every screen that is too wide, and every text a language lacks or has other names in."""
    faults: list[str] = []
    for language in catalogs.languages:
        ruler = _Ruler(catalogs, language, constants)
        faults += [f"{language}: {fault}" for fault in ruler.everywhere()]
        faults += [f"{language}: {fault}" for fault in ruler.menus(root)]
    return list(dict.fromkeys(faults))


class _Ruler:
    def __init__(self, catalogs: Catalogs, language: str, constants: Values) -> None:
        self.catalogs, self.language, self.constants = catalogs, language, constants
        self._known: dict[object, dict[str, Lines]] = {}
        self._readings: dict[str, str] = {}

    def everywhere(self) -> Iterator[str]:
        """Faults of what belongs to no flow."""
        for text in EVERYWHERE:
            yield from self._wording(text)
        for text in notices.ALL:
            yield from self._wording(text)
            yield from _too_wide(self._say(text, {**self.constants, "ref": notices.REF_WIDEST}))

    def menus(self, root: type[Flow]) -> Iterator[str]:
        """Faults of a whole menu tree."""
        lines = {self._say(text, self.constants) for text in (CHANGED, FORGOTTEN)}
        yield from self._measure(root, {}, {NOTHING, *lines}, depth=1)

    def _measure(
        self, flow: type[Flow], given: Values, lines: Lines, *, depth: int
    ) -> Iterator[str]:
        """Faults of `flow`, used with the widest of what it is given, below any of `lines`."""
        values = self._widest(flow, given)
        above = self._above(flow, values, lines)
        for name, state in flow.states.items():
            place = f"{flow.__name__}.{name}"
            for text in (*state.texts(), *_complaints(flow, state)):
                yield from (f"{place}: {fault}" for fault in self._wording(text))
            if isinstance(state, Screen):
                view = View(
                    state,
                    values,
                    self._translate,
                    has_home=depth > 1,
                    exits=leaves(flow, state),
                )
                own = {self._say(text, values) for text in _reasons(flow, state, depth=depth)}
                yield from (f"{place}: {fault}" for fault in self._screen(view, above[name] | own))
            if isinstance(state, Use):
                handed = self._handed(state, values)
                yield from self._measure(state.flow, handed, above[name], depth=depth + 1)

    def _screen(self, view: View, lines: Lines) -> Iterator[str]:
        """Faults of one screen below each of `lines`."""
        if isinstance(view.state, Pick):
            if (room := room_for_items(view)) < ITEM_ROOM_LEAST:
                yield f"leaves {room} characters for an item of the list"
                return
            view = self._fullest_page(view)
        elif isinstance(view.state, Ask) and view.state.offers:
            view = replace(view, rows=numbered(["W" * OFFER_ROOM] * OFFERS_MOST))
        for why in sorted(lines):
            yield from _too_wide(compose(replace(view, why=why)))

    def _fullest_page(self, view: View) -> View:
        """A list below its narrowest heading: most room for items, least for a line in its place."""
        narrow = replace(view, values={**dict.fromkeys(view.values, ""), **self.constants})
        (page,) = paginate(["W" * BUDGET], room_for_items(narrow))
        return replace(narrow, rows=page, more=True)

    def _above(self, flow: type[Flow], values: Values, lines: Lines) -> dict[str, Lines]:
        """For each state, the lines of explanation that may arrive with the caller."""
        key = (flow, frozenset(values.items()), frozenset(lines))
        if key not in self._known:
            self._known[key] = self._arriving(flow, values, lines)
        return self._known[key]

    def _arriving(self, flow: type[Flow], values: Values, lines: Lines) -> dict[str, Lines]:
        above: dict[str, Lines] = {name: set() for name in flow.states}
        above[flow.start()] |= lines
        queue = [flow.start()]
        while queue:
            here = queue.pop()
            state = flow.states[here]
            for edge in state.edges():
                arriving = self._along(state, edge, above[here], values)
                if not arriving <= above[edge.target]:
                    above[edge.target] |= arriving
                    queue.append(edge.target)
        return above

    def _along(self, state: State, edge: Edge, lines: Lines, values: Values) -> Lines:
        """What arrives along `edge`: its own reason, or any line that nothing has shown yet."""
        if edge.why:
            return {self._say(edge.why, values)}
        match state:
            case Use():
                inner = self._widest(state.flow, self._handed(state, values))
                return self._above(state.flow, inner, lines)[edge.label]
            case Screen() if not (isinstance(state, Pick) and edge.target == state.none):
                return {NOTHING}
            case _:
                return lines

    def _widest(self, flow: type[Flow], given: Values) -> Values:
        kinds: Mapping[str, Any] = flow.variables()
        own = {name: kind.widest for name, kind in kinds.items()}
        return {**self.constants, **own, **given}

    def _handed(self, use: Use, values: Values) -> Values:
        return {name: self._say(text, values) for name, text in use.give.items()}

    def _wording(self, text: Text) -> Iterator[str]:
        """Faults of a translation itself."""
        if self.language == SOURCE_LANGUAGE:
            return
        said = self.catalogs.translate(text, self.language)
        if placeholders(said) != placeholders(text):
            yield f"other placeholders in {said!r}"
        if has_words(text) and text not in self.catalogs.texts[self.language]:
            yield f"no translation of {text!r}"

    def _translate(self, source: str) -> str:
        """As callers read it, or the source where the translation cannot even be filled."""
        if source not in self._readings:
            said = self.catalogs.translate(source, self.language)
            is_fillable = placeholders(said) == placeholders(source)
            self._readings[source] = said if is_fillable else source
        return self._readings[source]

    def _say(self, text: Text, values: Values) -> str:
        return to_gsm7(fill(self._translate(text), values))


@cache
def has_words(text: str) -> bool:
    """Whether anything but placeholders and signs is left to translate."""
    blank = dict.fromkeys(placeholders(text), "")
    return any(c.isalpha() for c in fill(text, blank))


def _complaints(flow: type[Flow], state: State) -> tuple[Text, ...]:
    """What the type of an answer may complain of."""
    if isinstance(state, Ask) and state.into:
        kind: Any = flow.variables()[state.into]
        return getattr(kind, "complaints", ())
    return ()


def _reasons(flow: type[Flow], state: Screen, *, depth: int) -> Iterator[Text]:
    """Lines that the screen itself may be shown again with, or gone on at after a cut."""
    if not isinstance(state, End):
        yield HELP  # for who was wrong too often, where the reason leaves it no room
    if isinstance(state, Menu | Pick):
        yield NOT_AN_OPTION
    yield from _complaints(flow, state)
    if depth > 1 and is_safe(state) and not isinstance(state, End):
        yield RESUMED


def _too_wide(shown: str) -> Iterator[str]:
    if (size := septets(shown)) > BUDGET:
        yield f"{size} of {BUDGET} characters: {shown!r}"
