"""Small callers, languages and services to try the engine with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ussd_app import bootstrap
from ussd_app.dialog import Flow, Text
from ussd_app.dialog.flow import Cut
from ussd_app.dialog.machine import Machine
from ussd_app.dialog.session import Session
from ussd_app.dialog.turn import Said, Watch
from ussd_app.digits import plain_digits
from ussd_app.text import Catalogs
from ussd_app.values import Phone

CALLER = Phone("+254700000001")
CONSTANTS = {"support": "0800724724", "code": "*384*96#"}
ENGLISH = Catalogs()


def two_languages(swahili: Mapping[str, str] | None = None) -> Catalogs:
    """English and Swahili; Swahili knows what the application's does, and this besides."""
    known = bootstrap.catalogs()
    return replace(known, texts={"sw": {**known.texts["sw"], **(swahili or {})}})


def leads_back(typed: str) -> bool:
    """Whether one of the answers in it is the key 0, however a keypad writes it."""
    return any(plain_digits(answer).rstrip(".)# ") == "0" for answer in typed.split("*"))


def machine(
    root: type[Flow],
    app: Any = None,
    catalogs: Catalogs = ENGLISH,
    *,
    language: str = "en",
    watch: Watch | None = None,
) -> Machine:
    """A machine for a toy."""
    return Machine(root, app, catalogs, constants=CONSTANTS, language=language, watch=watch)


@dataclass
class Call:
    """One call to a machine, put away and taken out again between answers as in Redis."""

    machine: Machine
    phone: Phone = CALLER
    kept: bytes = b""
    said: Said | None = None

    def dial(
        self, ahead: Sequence[str] = (), *, cut: Cut | None = None, why: Text | None = None
    ) -> str:
        session, self.said = self.machine.begin(self.phone, ahead=ahead, cut=cut, why=why)
        self.kept = session.dump()
        return self.said.text

    def say(self, *answers: str) -> str:
        text = ""
        for typed in answers:
            session = self.session
            self.said = self.machine.hear(session, self.phone, typed)
            self.kept = session.dump()
            text = self.said.text
        return text

    @property
    def session(self) -> Session:
        return Session.load(self.kept)

    @property
    def place(self) -> str:
        """The name of the state whose screen is shown."""
        assert self.said
        return self.said.label.partition(".")[2]

    @property
    def over(self) -> bool:
        assert self.said
        return self.said.over


@dataclass
class Notebook:
    """A service that only notes what was done with it."""

    notes: list[Any] = field(default_factory=list)

    def note(self, what: Any) -> None:
        self.notes.append(what)
