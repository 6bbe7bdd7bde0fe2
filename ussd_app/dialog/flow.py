"""The words menus are written in.

A flow is a class. Its annotations are what it remembers; its assignments are what it shows, in
reading order; the first is where it starts. Every way out of every state is declared, so that the
verifier can prove it and the drawing cannot lie.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, ClassVar, Literal, Protocol, Self, get_args, get_origin, get_type_hints

from ussd_app.text import Text
from ussd_app.values import Phone

BACK_KEY = "0"
HOME_KEY = "000"  # an amount, a phone number and a PIN are never this; telcos keep 00 and 98
MORE_KEY = "9"
OPTIONS_MOST = 9
OFFERS_MOST = 3


class Value(Protocol):
    """What a variable's type offers: how it is read, what it complains of, how wide it gets."""

    widest: ClassVar[str]

    @classmethod
    def parse(cls, typed: str, near: str = "") -> Self: ...


@dataclass(frozen=True)
class Edge:
    """A way out: what takes it, where it leads, the line of explanation it carries, what it fills."""

    label: str
    target: str
    why: Text | None = None
    sets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class BackTo:
    """A target with a line of explanation above its screen."""

    target: str
    why: Text


def back_to(target: str, why: Text) -> BackTo:
    """Lead to `target` and say why above its screen."""
    return BackTo(target, why)


Target = str | BackTo


class State:
    """One node of the graph; its name is the attribute it is bound to."""

    name: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def edges(self) -> tuple[Edge, ...]:
        """Every way out."""
        return ()

    def words(self) -> tuple[Text, ...]:
        """Every text of its own that it shows or hands on."""
        return ()

    def texts(self) -> tuple[Text, ...]:
        """Its words, and the lines of explanation on its ways out."""
        return (*self.words(), *(edge.why for edge in self.edges() if edge.why))


class Screen(State):
    """A state that shows something; `back` is where 0 leads."""

    def __init__(self, text: Text, *, back: str | None = None) -> None:
        self.text, self.back = text, back

    def words(self) -> tuple[Text, ...]:
        return (self.text,)

    def _back_edge(self) -> tuple[Edge, ...]:
        return (Edge(BACK_KEY, self.back),) if self.back else ()

    @property
    def typed_ahead(self) -> bool:
        """Whether an answer dialled in advance may pass this screen unseen."""
        return True


class End(Screen):
    """Show the text and hang up."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)


class Menu(Screen):
    """A numbered choice. `confirm` asks for consent: never passed ahead, never resumed into."""

    def __init__(
        self,
        text: Text,
        *options: tuple[Text, str],
        back: str | None = None,
        confirm: bool = False,
    ) -> None:
        super().__init__(text, back=back)
        self.options, self.confirm = options, confirm

    def edges(self) -> tuple[Edge, ...]:
        return (*(Edge(label, target) for label, target in self.options), *self._back_edge())

    def words(self) -> tuple[Text, ...]:
        return (self.text, *(label for label, _target in self.options))

    @property
    def typed_ahead(self) -> bool:
        return not self.confirm


class Ask(Screen):
    """One question; the type of `into` parses the answer, words the complaint, bounds the width.

    `offers` names a method that gives up to three (label, value) answers to choose by number.
    A `secret` answer is never remembered: it goes straight to the step `then`, for that turn only.
    """

    def __init__(
        self,
        text: Text,
        into: str | None = None,
        *,
        then: str,
        back: str | None = None,
        secret: bool = False,
        offers: str | None = None,
    ) -> None:
        super().__init__(text, back=back)
        self.into, self.then, self.secret, self.offers = into, then, secret, offers

    def edges(self) -> tuple[Edge, ...]:
        label = "****" if self.secret else self.into or ""
        return (Edge(label, self.then, sets=_names(self.into)), *self._back_edge())

    @property
    def typed_ahead(self) -> bool:
        return not self.secret


class Pick(Screen):
    """A list, in as many pages as it takes; the method `options` gives (label, value) pairs.

    The list is taken once, when the state is entered: turning pages neither drops nor repeats.
    """

    def __init__(
        self,
        text: Text,
        into: str,
        *,
        options: str,
        then: str,
        none: str | None = None,
        back: str | None = None,
    ) -> None:
        super().__init__(text, back=back)
        self.into, self.options, self.then, self.none = into, options, then, none

    def edges(self) -> tuple[Edge, ...]:
        none = (Edge("none", self.none),) if self.none else ()
        return (Edge(self.into, self.then, sets=_names(self.into)), *none, *self._back_edge())


class Do(State):
    """Work without a screen: one service call, then one of the outcomes its annotation lists."""

    def __init__(self, work: Callable[..., str], targets: Mapping[str, Target]) -> None:
        self.work = work
        self.routes = {outcome: _edge(outcome, target) for outcome, target in targets.items()}

    def edges(self) -> tuple[Edge, ...]:
        return self._edges

    @cached_property
    def _edges(self) -> tuple[Edge, ...]:
        sets = _assigned(self.work)
        return tuple(replace(edge, sets=sets) for edge in self.routes.values())

    def outcomes(self) -> frozenset[str]:
        """The outcomes the return annotation promises, so that none can hide in the body."""
        promised = get_type_hints(self.work).get("return")
        return frozenset(get_args(promised) if get_origin(promised) is Literal else ())


class Use(State):
    """Run another flow; its outcomes are the ways out.

    `give` fills its variables with texts worded here; `take` copies its variables back, written
    {ours: theirs}.
    """

    def __init__(
        self,
        flow: type[Flow],
        *,
        give: Mapping[str, Text] | None = None,
        take: Mapping[str, str] | None = None,
        **outcomes: Target,
    ) -> None:
        self.flow, self.give, self.take = flow, dict(give or {}), dict(take or {})
        self.routes = {outcome: _edge(outcome, target) for outcome, target in outcomes.items()}

    def edges(self) -> tuple[Edge, ...]:
        sets = frozenset(self.take)  # at most: only what the other flow has filled by then
        return tuple(replace(edge, sets=sets) for edge in self.routes.values())

    def words(self) -> tuple[Text, ...]:
        return tuple(self.give.values())


class Return(State):
    """Give control back to the flow that used this one; the state's name is the outcome."""


class Resume(State):
    """Take the caller back to the last safe screen of the call that was cut, or to `none`."""

    def __init__(self, *, none: str) -> None:
        self.none = none

    def edges(self) -> tuple[Edge, ...]:
        return (Edge("none", self.none),)


def do(**targets: Target) -> Callable[[Callable[..., str]], Do]:
    """Make a method a state; the keywords say where each outcome leads."""
    return lambda work: Do(work, targets)


@dataclass(frozen=True)
class Cut:
    """What is known of the same phone's last call when it did not come to an end.

    `refs` holds, by name, the refs of the dialogs that had led to a PIN: something may have been
    done under them. `forgotten` says that calls were lost, so that nothing at all is known. `midway`
    says that this call begins with answers: dialled with the code, or given to a call that was
    under way until the organisation ended it.
    """

    refs: Mapping[str, str] = field(default_factory=dict)
    resumable: bool = False
    forgotten: bool = False
    midway: bool = False


class Flow:
    """A dialog; an instance is one caller's place in it, for the length of one step."""

    states: ClassVar[Mapping[str, State]] = {}
    _variables: ClassVar[Mapping[str, type]]

    caller: Phone
    ref: str
    """Made when the dialog is entered: a deed done twice under it is done once."""
    typed: str
    """The secret just typed, for the step it was asked for."""
    language: str
    cut: Cut | None

    def __init_subclass__(cls) -> None:
        own = {n: s for n, s in vars(cls).items() if isinstance(s, State)}
        cls.states = {**cls.states, **own}

    @classmethod
    def start(cls) -> str:
        """The state it begins with."""
        return next(iter(cls.states))

    @classmethod
    def variables(cls) -> Mapping[str, type]:
        """What it remembers between answers, with the type of each."""
        if "_variables" not in vars(cls):
            known = get_type_hints(Flow)
            hints = get_type_hints(cls)
            cls._variables = {name: kind for name, kind in hints.items() if name not in known}
        return cls._variables

    @classmethod
    def outcomes(cls) -> frozenset[str]:
        """The ways in which it hands back."""
        return frozenset(s.name for s in cls.states.values() if isinstance(s, Return))


def _edge(outcome: str, target: Target) -> Edge:
    if isinstance(target, BackTo):
        return Edge(outcome, target.target, target.why)
    return Edge(outcome, target)


def _names(variable: str | None) -> frozenset[str]:
    return frozenset({variable} if variable else ())


@cache
def _assigned(work: Callable[..., Any]) -> frozenset[str]:
    """The `self` attributes that the body of `work` assigns, or what its `sets` attribute lists."""
    if (told := getattr(work, "sets", None)) is not None:
        return frozenset(told)
    tree = ast.parse(textwrap.dedent(inspect.getsource(work)))
    return frozenset(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    ) - {"language"}
