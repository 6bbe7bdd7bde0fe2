"""Answer a gateway's hop: find the call, read what is new in its transcript, say what to show.

The gateway repeats everything typed since dialling, joined by `*`, and may deliver any of it
twice, late or out of order. So what was heard is kept as a length and a keyed digest:

    the same transcript       the same answer, byte for byte, and nothing done
    one answer more           new input (`*` inside an answer belongs to it)
    anything else             the same answer again: nothing may be concluded
    an unknown call           a new one; a transcript it comes with was dialled with the code
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import structlog

from ussd_app.clock import Deadline
from ussd_app.dialog.flow import Cut
from ussd_app.dialog.lines import Busy, Hold, Lines
from ussd_app.dialog.machine import Machine
from ussd_app.dialog.notices import (
    BROKEN,
    BUSY,
    DOWN,
    FLOODED,
    OVER,
    UNREADABLE,
    UNSURE,
)
from ussd_app.dialog.screen import BUDGET
from ussd_app.dialog.session import Frame, Session, mark_of
from ussd_app.dialog.traces import Trace, how_reached
from ussd_app.dialog.turn import Said
from ussd_app.errors import Invalid, NotBegun, TooMany, Unavailable
from ussd_app.seal import Sealer
from ussd_app.text import Text, septets
from ussd_app.values import Phone

DEADLINE_SECONDS = 4.0
SAVING_SECONDS = 0.8  # kept back for putting the call away
RESUME_SECONDS = 300
TRANSCRIPT_MOST = 2000

Within = Callable[[Deadline], AbstractContextManager[None]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Hop:
    """One request of the gateway; `text` is everything typed since dialling."""

    call: str
    phone: str
    service_code: str
    text: str


@dataclass(frozen=True)
class Reply:
    """The answer as the gateway reads it; `label` names the screen, for its statistics."""

    body: str
    label: str


class Switchboard:
    """Answers every hop within the deadline, whatever hangs behind it.

    `within` bounds what a turn calls by the turn's deadline.
    """

    def __init__(
        self,
        machine: Machine,
        lines: Lines,
        sealer: Sealer,
        within: Within | None = None,
    ) -> None:
        self._machine, self._lines, self._sealer = machine, lines, sealer
        self._within: Within = within or (lambda _deadline: nullcontext())

    def answer(self, hop: Hop) -> Reply:
        """The screen to show, always a sentence: `CON …` goes on, `END …` hangs up."""
        deadline = Deadline(DEADLINE_SECONDS)
        turn = _Turn()
        try:
            phone = Phone.trust(hop.phone)
            if not hop.call or len(hop.text) > TRANSCRIPT_MOST:
                return self.last_words(UNREADABLE, "unreadable")
            with (
                self._lines.hold(
                    call=hop.call, phone=phone, service_code=hop.service_code, deadline=deadline
                ) as hold,
                self._within(Deadline(deadline.remaining() - SAVING_SECONDS)),
            ):
                return self._turn(hold, hop, phone, turn)
        except Exception as error:  # noqa: BLE001 - the door of a turn
            return self._apologise(error, turn)

    def cut_off(self, *, call: str, phone: Phone, service_code: str) -> None:
        """The network says that a call ended before it was over: the next one tells of it.

        Raises Unavailable when it could not be noted.
        """
        self._lines.cut_off(call=call, phone=phone, service_code=service_code)

    def is_again(self, call: str) -> bool:
        """Whether it is no call of a member, but one that staff went on with in the simulator."""
        return self._lines.is_again(call)

    def _apologise(self, error: Exception, turn: _Turn) -> Reply:
        """Tell what is known to be true: with a PIN on its way, not even that nothing happened."""
        match error:
            case Invalid():
                return self.last_words(UNREADABLE, "unreadable")
            case Busy():
                return self.last_words(BUSY, "busy")
            case TooMany():
                return self.last_words(FLOODED, "flooded")
            case Unavailable():
                log.warning("ussd.unavailable", error=error)
                unsure = turn.risky and not isinstance(error, NotBegun)
                return self.last_words(UNSURE if unsure else DOWN, "down", turn.language)
        ref = secrets.token_hex(4)
        log.error("ussd.bug", ref=ref, exc_info=error)
        return self.last_words(UNSURE if turn.risky else BROKEN, "broken", turn.language, ref=ref)

    def _turn(self, hold: Hold, hop: Hop, phone: Phone, turn: _Turn) -> Reply:
        held = hold.held
        if held.pushed_out:
            return self.last_words(OVER, "over")
        session, is_first = held.session, held.session is None
        if session is None:
            session, said = self._open(hold, hop, phone)
        else:
            turn.language = session.language
            fresh = self._fresh(session, hop.text)
            if fresh is None:
                return Reply(session.last, session.label)
            if session.over:
                return self.last_words(OVER, "over", session.language)
            turn.risky = self._machine.gives_secret(session, fresh)
            said = self._machine.hear(session, phone, fresh)
        reply = Reply(f"{'END' if said.over else 'CON'} {said.text}", said.label)
        session.over, session.last = said.over, reply.body
        session.heard, session.mark = len(hop.text), self._mark(hop.text)
        trace = self._trace(hop, phone, session, said, is_first=is_first)
        if not hold.save(session, risky=turn.risky, trace=trace):
            log.warning("ussd.line_lost", label=said.label)
        return reply

    def _trace(
        self, hop: Hop, phone: Phone, session: Session, said: Said, *, is_first: bool
    ) -> Trace | None:
        """What staff may see of this answer later; nothing of a call that they went on with."""
        if self._lines.is_again(hop.call):
            return None
        name = self._sealer.name("ended", hop.call).hex()
        how, keys = how_reached(said.pressed, is_first=is_first)
        place = ""
        if self._lines.plays_again and not said.over and not self._machine.keeps_secret(session):
            place = self._lines.place_of(session).hex()
        return Trace(
            name, phone, hop.service_code, said.label, said.text, said.over, how, keys, place
        )

    def _open(self, hold: Hold, hop: Hop, phone: Phone) -> tuple[Session, Said]:
        held = hold.held
        cut: Cut | None = Cut(forgotten=True) if held.forgotten else None
        frames: list[Frame] = []
        if held.before:
            cut, frames = self._machine.cut(held.before, untold=held.untold)
            fresh_enough = held.before_seconds <= RESUME_SECONDS
            cut = replace(cut, resumable=cut.resumable and fresh_enough and not hop.text)
        if hop.text:
            cut = replace(cut or Cut(), midway=True)
        if hop.text and held.forgotten:  # dialled with the code, or the rest of a call that is lost
            session, said = self._machine.lost(phone)
            session.telling, session.before = dict(cut.refs) if cut else {}, frames
            return session, said
        ahead = hop.text.split("*") if hop.text else ()
        session, said = self._machine.begin(phone, ahead=ahead, cut=cut)
        session.before = frames if cut and cut.resumable else []
        return session, said

    def _fresh(self, session: Session, text: str) -> str | None:
        """The one answer that `text` adds to what was heard; None if it adds none."""
        heard = session.heard
        if len(text) <= heard or self._mark(text[:heard]) != session.mark:
            return None
        if heard and text[heard] != "*":
            return None
        return text[heard:].removeprefix("*")

    def _mark(self, text: str) -> str:
        return mark_of(self._sealer, text)

    def last_words(self, text: Text, label: str, language: str = "", **values: str) -> Reply:
        """A last sentence; while the caller's language is not known, in as many as fit."""
        machine, catalogs = self._machine, self._machine.catalogs
        known = sorted(catalogs.languages, key=lambda one: one != machine.language)
        languages = [language] if language else known
        said = [catalogs.say(text, one, **machine.constants, **values) for one in languages]
        while len(said) > 1 and septets("\n".join(said)) > BUDGET:
            said.pop()
        return Reply("END " + "\n".join(said), label)


@dataclass
class _Turn:
    """What is known when a turn fails: the caller's language, and if a deed may be half done."""

    language: str = ""
    risky: bool = False
