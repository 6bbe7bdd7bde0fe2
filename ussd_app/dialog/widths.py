"""Measure every screen in every language at its widest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ussd_app.dialog.flow import Ask, Flow, Menu, Pick, Screen, Use
from ussd_app.dialog.machine import leaves
from ussd_app.dialog.screen import (
    BUDGET,
    CHANGED,
    EVERYWHERE,
    FORGOTTEN,
    HELP,
    ITEM_ROOM_LEAST,
    NOT_AN_OPTION,
    RESUMED,
    View,
    compose,
    numbered,
    room_for_items,
)
from ussd_app.text import SOURCE_LANGUAGE, Catalogs, Text, fill, placeholders, septets, to_gsm7

OFFER_WIDEST = "W" * 20
Widest = Mapping[str, str]


def widths(root: type[Flow], catalogs: Catalogs, constants: Mapping[str, str]) -> list[str]:
    """Every screen that is too wide, and every text a language lacks or has other names in."""
    faults: list[str] = []
    for language in catalogs.languages:
        ruler = _Ruler(catalogs, language, constants)
        faults += [f"{language}: {fault}" for text in EVERYWHERE for fault in ruler.wording(text)]
        faults += [f"{language}: {fault}" for fault in ruler.measure(root, {}, depth=1)]
    return list(dict.fromkeys(faults))


class _Ruler:
    def __init__(self, catalogs: Catalogs, language: str, constants: Mapping[str, str]) -> None:
        self.catalogs, self.language, self.constants = catalogs, language, constants
        self.measured: list[tuple[type[Flow], Widest]] = []

    def translate(self, source: str) -> str:
        return self.catalogs.translate(source, self.language)

    def wording(self, text: Text) -> Iterator[str]:
        """Faults of a translation itself."""
        if self.language == SOURCE_LANGUAGE or not has_words(text):
            return
        if text not in self.catalogs.texts[self.language]:
            yield f"no translation of {text!r}"
        elif placeholders(self.translate(text)) != placeholders(text):
            yield f"other placeholders in {self.translate(text)!r}"

    def measure(self, flow: type[Flow], given: Widest, *, depth: int) -> Iterator[str]:
        """Faults of the screens of `flow` when it is used with the widest of what it is given."""
        if (flow, given) in self.measured:
            return
        self.measured.append((flow, given))
        kinds: Mapping[str, Any] = flow.variables()
        widest = {
            **self.constants,
            **{name: kind.widest for name, kind in kinds.items()},
            **given,
        }
        for name, state in flow.states.items():
            for text in state.texts():
                yield from (f"{flow.__name__}.{name}: {fault}" for fault in self.wording(text))
            if isinstance(state, Screen):
                yield from self._screen(flow, state, widest, has_home=depth > 1)
            if isinstance(state, Use):
                handed = {n: fill(self.translate(t), widest) for n, t in state.give.items()}
                yield from self.measure(state.flow, handed, depth=depth + 1)

    def _screen(
        self, flow: type[Flow], state: Screen, widest: Widest, *, has_home: bool
    ) -> Iterator[str]:
        place = f"{flow.__name__}.{state.name}"
        blank = View(
            state, widest, self.translate, has_home=has_home, exits=leaves(flow, state), more=False
        )
        if isinstance(state, Pick):
            if (room := room_for_items(blank)) < ITEM_ROOM_LEAST:
                yield f"{place}: leaves {room} characters for an item of the list"
            return
        rows = numbered([OFFER_WIDEST] * 3) if isinstance(state, Ask) and state.offers else []
        for why in self._reasons(flow, state, widest):
            shown = compose(View(**{**_fields(blank), "why": why, "rows": rows}))
            if (size := septets(shown)) > BUDGET:
                yield f"{place}: {size} of {BUDGET} characters: {shown!r}"

    def _reasons(self, flow: type[Flow], state: Screen, widest: Widest) -> set[str]:
        """Every line of explanation that may stand above this screen."""
        texts: list[Text] = [Text("")]
        texts += [
            edge.why
            for other in flow.states.values()
            for edge in other.edges()
            if edge.target == state.name and edge.why
        ]
        if isinstance(state, Menu):
            texts += [HELP, NOT_AN_OPTION, RESUMED, FORGOTTEN, CHANGED]
        if isinstance(state, Ask) and state.into:
            kind: Any = flow.variables()[state.into]
            texts += [HELP, RESUMED, FORGOTTEN, CHANGED, *getattr(kind, "complaints", ())]
        return {to_gsm7(fill(self.translate(text), widest)) for text in texts}


def has_words(text: str) -> bool:
    """Whether anything but placeholders and signs is left to translate."""
    blank = dict.fromkeys(placeholders(text), "")
    return any(c.isalpha() for c in fill(text, blank))


def _fields(view: View) -> dict[str, Any]:
    return {name: getattr(view, name) for name in view.__dataclass_fields__}
