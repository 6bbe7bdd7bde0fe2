"""The work between one answer and the next screen, one answer at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ussd_app.dialog.flow import (
    BACK_KEY,
    HOME_KEY,
    MORE_KEY,
    OFFERS_MOST,
    Ask,
    Cut,
    Do,
    Edge,
    End,
    Flow,
    Menu,
    Pick,
    Resume,
    Return,
    Screen,
    State,
    Use,
    Value,
)
from ussd_app.dialog.keys import choice_of, key_of, number_of
from ussd_app.dialog.screen import (
    BUDGET,
    HELP,
    RESUMED,
    View,
    compose,
    paginate,
    room_for_items,
    shown_offers,
)
from ussd_app.dialog.session import Frame, Session, dump_value, is_safe, loaded, new_ref
from ussd_app.dialog.traces import A_SECRET, NOT_KEPT, kept
from ussd_app.errors import Invalid
from ussd_app.text import Text, fill, septets
from ussd_app.values import Phone

if TYPE_CHECKING:
    from ussd_app.dialog.machine import Machine

STEPS_MOST = 20  # without a screen in one turn; more is a loop
ITEMS_KEPT_MOST = 500  # of a list
WRONG_BEFORE_HELP = 3  # answers in a row

Watch = Callable[[str, str, str, str], None]


@dataclass(frozen=True)
class Said:
    """What the caller is shown: `label` names the state, `over` hangs up.

    `pressed` are the answers that led here, as far as they are kept.
    """

    text: str
    label: str
    over: bool
    pressed: tuple[str, ...] = ()


class Turn:
    """One answer of a caller at a place of the machine."""

    def __init__(
        self, machine: Machine, session: Session, caller: Phone, cut: Cut | None = None
    ) -> None:
        self.machine, self.session, self.caller, self.cut = machine, session, caller, cut
        self.typed = ""
        self.why = ""
        self.needs_help = False
        self.pressed: list[str] = []

    @property
    def frame(self) -> Frame:
        return self.session.frames[-1]

    @property
    def flow(self) -> type[Flow]:
        return self.machine.flows[self.frame.flow]

    @property
    def state(self) -> State:
        return self.flow.states[self.frame.state]

    @property
    def screen(self) -> Screen:
        state = self.state
        assert isinstance(state, Screen)
        return state

    def hear(self, typed: str) -> bool:
        """Take one answer as far as the next screen; False if it could not be used.

        One that a step refuses, so that the same question is asked again, is as wrong as one that
        cannot be read.
        """
        self.why = ""
        self.session.telling = {}
        key, asked = key_of(typed), (self.frame.flow, self.frame.state)
        try:
            if key == HOME_KEY:
                self._go_home()
                taken = key
            elif key == BACK_KEY and self.frame.page:
                self.frame.page -= 1
                taken = key
            elif key == BACK_KEY and self.screen.back:
                self._follow(Edge(BACK_KEY, self.screen.back))
                taken = key
            else:
                taken = self._answer(typed.strip())
            self.pressed.append(taken)
        except Invalid as no:
            self.pressed.append(NOT_KEPT)
            self.say_why(no.message)
        else:
            self.settle()
        if self.why and asked == (self.frame.flow, self.frame.state):
            self.session.wrong += 1
            self.needs_help = self.session.wrong >= WRONG_BEFORE_HELP
            return False
        self.session.wrong = 0
        return not self.session.over

    def walk(self, answers: Sequence[str]) -> None:
        """Take answers given in advance, up to a PIN, a consent, or one that cannot be used."""
        for answer in answers:
            if not self.screen.typed_ahead:
                self.pressed.append(NOT_KEPT)
                return
            if not self.hear(answer):
                return

    def settle(self) -> None:
        """Do the steps that need no screen, until there is one to show."""
        for _step in range(STEPS_MOST):
            match self.state:
                case Do() as state:
                    self._do(state)
                case Use() as state:
                    self._enter(state)
                case Return():
                    self._hand_back()
                case Resume() as state:
                    self._resume(state)
                case Pick() as state if not self._items(state.options) and state.none:
                    self._follow(Edge("none", state.none))
                case End():
                    self.session.over = True
                    return
                case Ask() as state if state.offers:
                    self._items(state.offers)
                    self._reached(state)
                    return
                case Screen() as state:
                    self._reached(state)
                    return
        raise RuntimeError(f"no screen after {STEPS_MOST} steps at {self.frame.flow}")

    def show(self) -> Said:
        """The screen the caller is at."""
        state, frame = self.screen, self.frame
        view = self._view(state)
        if isinstance(state, Pick):
            pages = self._pages(view)
            frame.page = min(frame.page, len(pages) - 1)
            view = self._view(state, rows=pages[frame.page], more=frame.page + 1 < len(pages))
        elif isinstance(state, Ask) and frame.items:
            view = self._view(state, rows=shown_offers(label for label, _value in frame.items))
        said = Said(
            compose(self._helped(view)),
            f"{frame.flow}.{frame.state}",
            self.session.over,
            tuple(self.pressed),
        )
        self.session.label = said.label
        return said

    def _helped(self, view: View) -> View:
        """With the support number for who needs it: below the reason, in its place if need be."""
        if not self.needs_help:
            return view
        number = self._worded(HELP)
        both = replace(view, why=f"{view.why}\n{number}")
        return both if septets(compose(both)) <= BUDGET else replace(view, why=number)

    def say_why(self, why: Text) -> None:
        """Put a line of explanation above the next screen."""
        self.why = self._worded(why)

    def _reached(self, state: Screen) -> None:
        """Remember the screen as a place to come back to, if it is safe to."""
        if is_safe(state):
            self.frame.safe = self.frame.state

    def _answer(self, answer: str) -> str:
        """Take it; what is kept of it."""
        frame = self.frame
        match self.screen:
            case Menu() as state:
                number = choice_of(answer, len(state.options))
                label, target = state.options[number - 1]
                self._follow(Edge(label, target))
                return str(number)
            case Pick() as state:
                pages = self._pages(self._view(state))
                if frame.page + 1 < len(pages) and number_of(key_of(answer)) == int(MORE_KEY):
                    frame.page += 1
                    return MORE_KEY
                before = sum(len(page) for page in pages[: frame.page])
                number = choice_of(answer, len(pages[frame.page]))
                frame.memory[state.into] = frame.items[before + number - 1][1]
                self._follow(Edge(state.into, state.then))
                return str(number)
            case Ask() as state:
                return self._ask(state, answer)
        return NOT_KEPT

    def _ask(self, state: Ask, answer: str) -> str:
        taken = NOT_KEPT
        if state.secret:
            self.typed, taken = answer, A_SECRET
        elif state.into:
            self.frame.memory[state.into], taken = self._read(state.into, answer)
        self._follow(Edge(state.into or "****", state.then))
        return taken

    def _read(self, variable: str, answer: str) -> tuple[Any, str]:
        """The answer as the variable keeps it, by an offer's number or as typed, and for the staff."""
        offers = self.frame.items
        if 1 <= (number := number_of(key_of(answer))) <= len(offers):
            return offers[number - 1][1], str(number)
        kind: type[Value] = self.flow.variables()[variable]
        value = dump_value(kind.parse(answer, self.caller))
        return value, kept(kind, str(value))

    def _do(self, state: Do) -> None:
        me = self._instance()
        outcome = state.work(me, self.machine.app)
        self.typed = ""
        self.session.language = me.language
        kept = vars(me)
        self.frame.memory = {
            name: dump_value(kept[name])
            for name in self.flow.variables()
            if kept.get(name) is not None
        }
        self._follow(state.routes[outcome])

    def _enter(self, state: Use) -> None:
        given = {name: self._worded(text) for name, text in state.give.items()}
        self.session.frames.append(Frame(state.flow.__name__, state.flow.start(), given))

    def _hand_back(self) -> None:
        done = self.session.frames.pop()
        use = self.state
        assert isinstance(use, Use)
        for ours, theirs in use.take.items():
            if theirs in done.memory:
                self.frame.memory[ours] = done.memory[theirs]
        self._follow(use.routes[done.state])

    def _resume(self, state: Resume) -> None:
        frames = self.session.before
        self.session.before = []
        if not self.machine.resumable(frames):
            self._follow(Edge("none", state.none))
            return
        for frame in frames:
            frame.ref = new_ref()
            frame.items = []
        self.session.frames = frames
        self.say_why(RESUMED)

    def _go_home(self) -> None:
        """Begin again; what the first flow knows of this call it goes on knowing."""
        home = self.machine.first_frame()
        home.memory = self.session.frames[0].memory
        self.session.frames = [home]

    def _follow(self, edge: Edge) -> None:
        frame = self.frame
        if self.machine.watch:
            self.machine.watch(frame.flow, frame.state, edge.label, edge.target)
        frame.state, frame.page, frame.items = edge.target, 0, []
        if edge.why:
            self.say_why(edge.why)

    def _instance(self) -> Flow:
        me = self.flow()
        vars(me).update(
            loaded(self.flow, self.frame.memory),
            caller=self.caller,
            ref=self.frame.ref,
            typed=self.typed,
            language=self.session.language,
            cut=self.cut,
        )
        return me

    def _items(self, method: str) -> list[list[Any]]:
        frame = self.frame
        if not frame.items:
            found = getattr(self._instance(), method)(self.machine.app)
            if isinstance(self.state, Ask):
                found = found[:OFFERS_MOST]  # any other answer can be typed
            if (count := len(found)) > ITEMS_KEPT_MOST:
                raise ValueError(f"{frame.flow}.{method}: {count} of {ITEMS_KEPT_MOST} items")
            frame.items = [[label, dump_value(value)] for label, value in found]
        return frame.items

    def _pages(self, view: View) -> list[list[str]]:
        return paginate([label for label, _value in self.frame.items], room_for_items(view))

    def _view(self, state: Screen, rows: Sequence[str] = (), *, more: bool = False) -> View:
        return View(
            state,
            self._values(),
            self._translate,
            why=self.why,
            rows=rows,
            more=more,
            has_home=len(self.session.frames) > 1 and bool(self.session.frames[0].safe),
            exits=leaves(self.flow, state),
        )

    def _values(self) -> dict[str, object]:
        values: dict[str, object] = dict(self.machine.constants)
        for name, value in loaded(self.flow, self.frame.memory).items():
            values[name] = value.national if isinstance(value, Phone) else value
        return values

    def _translate(self, source: str) -> str:
        return self.machine.catalogs.translate(source, self.session.language)

    def _worded(self, text: Text) -> str:
        return fill(self._translate(text), self._values())


def leaves(flow: type[Flow], state: Screen) -> bool:
    """Whether 0 ends the call here, so that the key says so."""
    return bool(state.back) and isinstance(flow.states.get(state.back or ""), End)
