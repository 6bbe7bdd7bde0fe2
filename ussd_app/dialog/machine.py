"""Where a call stands, and what it leaves to the next one. It knows no gateway, money or member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ussd_app.dialog.flow import (
    BACK_KEY,
    HOME_KEY,
    Ask,
    Cut,
    Flow,
    Menu,
    Pick,
    Screen,
    State,
    Use,
)
from ussd_app.dialog.keys import key_of
from ussd_app.dialog.screen import CHANGED, FORGOTTEN
from ussd_app.dialog.session import Frame, Session
from ussd_app.dialog.turn import Said, Turn, Watch
from ussd_app.text import Catalogs, Text
from ussd_app.values import Phone

STACK_RESUMABLE = 2  # frames: the first menu alone is where every call begins anyway


class Machine:
    """The flows under `root`, the services their steps call, and the languages they speak.

    `constants` are values every screen may show; `watch` hears (flow, state, label, target) of
    each edge taken.
    """

    def __init__(
        self,
        root: type[Flow],
        app: Any,
        catalogs: Catalogs,
        *,
        constants: Mapping[str, str],
        language: str,
        watch: Watch | None = None,
    ) -> None:
        self.root, self.app, self.catalogs = root, app, catalogs
        self.constants, self.language, self.watch = constants, language, watch
        self.flows = {flow.__name__: flow for flow in flows_under(root)}

    def begin(
        self,
        caller: Phone,
        *,
        ahead: Sequence[str] = (),
        cut: Cut | None = None,
        why: Text | None = None,
    ) -> tuple[Session, Said]:
        """Open a call; `ahead` are answers dialled with the code, walked as far as is proper."""
        session = Session([self.first_frame()], self.language)
        session.telling = dict(cut.refs) if cut else {}
        turn = Turn(self, session, caller, cut=cut)
        turn.settle()
        if why:
            turn.say_why(why)
        turn.walk(ahead)
        return session, turn.show()

    def hear(self, session: Session, caller: Phone, typed: str) -> Said:
        """One answer; a choice followed by more answers ('1*0712345678') is walked."""
        turn = Turn(self, session, caller)
        if not self.stands(session.frames):
            session.frames = [self.first_frame()]
            turn.settle()
            turn.say_why(CHANGED)
            return turn.show()
        if "*" in typed and isinstance(turn.screen, Menu | Pick) and turn.screen.typed_ahead:
            turn.walk(typed.split("*"))
        else:
            turn.hear(typed)
        return turn.show()

    def stands(self, frames: Sequence[Frame]) -> bool:
        """Whether there still is such a place: a deploy may have taken any part of it away."""
        wanted: type[Flow] | None = self.root
        state: State | None = None
        for frame in frames:
            flow = self.flows.get(frame.flow)
            if flow is None or flow is not wanted or frame.memory.keys() - flow.variables().keys():
                return False
            state = flow.states.get(frame.state)
            wanted = state.flow if isinstance(state, Use) else None
        return isinstance(state, Screen)

    def lost(self, caller: Phone) -> tuple[Session, Said]:
        """Start again, truthfully, for a call whose place was forgotten."""
        return self.begin(caller, cut=Cut(forgotten=True), why=FORGOTTEN)

    def at_secret(self, session: Session) -> bool:
        """Whether the call waits for a PIN."""
        frame = session.frames[-1]
        flow = self.flows.get(frame.flow, Flow)
        state = flow.states.get(frame.state)
        return isinstance(state, Ask) and state.secret

    def keeps_secret(self, session: Session) -> bool:
        """Whether something is remembered in the call that nobody but the caller may go on with."""
        return any(
            getattr(self.flows[frame.flow].variables().get(name), "is_secret", False)
            for frame in session.frames
            for name in frame.memory
        )

    def gives_secret(self, session: Session, typed: str) -> bool:
        """Whether `typed` answers a question for a PIN, so that it may do something."""
        return self.at_secret(session) and key_of(typed) not in (BACK_KEY, HOME_KEY)

    def cut(self, session: Session, *, untold: bool = False) -> tuple[Cut, list[Frame]]:
        """What a call leaves to the next one, and the stack it may be resumed with.

        `untold` says that its last answer, to a secret, may not have been given.
        """
        risky = untold or self.at_secret(session)
        refs = {f.flow: f.ref for f in session.frames} if risky else session.telling
        frames = list(session.before if session.telling else session.frames)
        if session.over:
            frames = []
        while frames and not frames[-1].safe:
            frames.pop()
        if frames:
            frames[-1] = replace(frames[-1], state=frames[-1].safe)
        return Cut(refs=refs, resumable=self.resumable(frames)), frames

    def resumable(self, frames: Sequence[Frame]) -> bool:
        """Whether there is more to go on with than the first menu."""
        return len(frames) >= STACK_RESUMABLE and self.stands(frames)

    def first_frame(self) -> Frame:
        """Where every call begins."""
        return Frame(self.root.__name__, self.root.start())


def flows_under(root: type[Flow]) -> list[type[Flow]]:
    """`root` and every flow it uses, however deep, each once, in reading order."""
    found: dict[type[Flow], None] = {}

    def visit(flow: type[Flow]) -> None:
        if flow not in found:
            found[flow] = None
            for state in flow.states.values():
                if isinstance(state, Use):
                    visit(state.flow)

    visit(root)
    return list(found)
