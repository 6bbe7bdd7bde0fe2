"""What is remembered of a call between two answers."""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ussd_app.dialog.flow import Ask, Flow, Menu, Screen
from ussd_app.seal import Sealer

Memory = dict[str, Any]


def new_ref() -> str:
    """What deeds done in one run of a dialog are recognised by; 128 random bits."""
    return secrets.token_hex(16)


@dataclass(slots=True)
class Frame:
    """One flow in progress. `safe` is the last screen that a cut call may be taken back to."""

    flow: str
    state: str
    memory: Memory = field(default_factory=dict)
    page: int = 0
    items: list[list[Any]] = field(default_factory=list)
    safe: str = ""
    ref: str = field(default_factory=new_ref)

    def dump(self) -> list[Any]:
        return [
            self.flow, self.state, self.memory, self.page, self.items, self.safe, self.ref,
        ]  # fmt: skip


@dataclass(slots=True)
class Session:
    """A call. `heard` and `mark` are the length and a keyed digest of all that was typed.

    The text itself is never kept: it holds PINs. `last` is the answer given, byte for byte, and
    `before` the stack of the call before this one if that was cut. `telling` are the refs of that
    call, until an answer shows that what its first screen tells of them was seen.
    """

    frames: list[Frame]
    language: str
    heard: int = 0
    mark: str = ""
    last: str = ""
    label: str = ""
    over: bool = False
    wrong: int = 0
    before: list[Frame] = field(default_factory=list)
    telling: dict[str, str] = field(default_factory=dict)

    def dump(self) -> bytes:
        """As bytes, to be sealed and put away."""
        return json.dumps(
            [
                SHAPE,
                [f.dump() for f in self.frames],
                self.language,
                self.heard,
                self.mark,
                self.last,
                self.label,
                self.over,
                self.wrong,
                [f.dump() for f in self.before],
                self.telling,
            ],
            separators=(",", ":"),
        ).encode()

    def again(self, mark: str) -> Session:
        """The same screen in another call that has just been dialled; `mark` is that of nothing typed.

        What is done from there is done under refs of its own, and nothing of another call is told.
        """
        frames = [replace(frame, ref=new_ref()) for frame in self.frames]
        return replace(self, frames=frames, heard=0, mark=mark, before=[], telling={})

    @classmethod
    def load(cls, raw: bytes) -> Session:
        """The opposite of `dump`. Raises ValueError for what another version has put away."""
        shape, *kept = json.loads(raw)
        if shape != SHAPE:
            raise ValueError("a session of another shape")
        frames, language, heard, mark, last, label, over, wrong, before, telling = kept
        return cls(
            [Frame(*f) for f in frames],
            language,
            heard,
            mark,
            last,
            label,
            over,
            wrong,
            [Frame(*f) for f in before],
            telling,
        )


SHAPE = zlib.crc32(repr([f.name for f in (*fields(Frame), *fields(Session))]).encode())
"""Tells sessions of a version that remembers other things from ours."""


def dump_value(value: object) -> Any:
    """A variable's value as JSON keeps it."""
    return value.dump() if hasattr(value, "dump") else value


def load_value(kind: type, kept: Any) -> Any:
    """The opposite of `dump_value`, for a variable of type `kind`."""
    return kind.load(kept) if hasattr(kind, "load") else kind(kept)


def loaded(flow: type[Flow], memory: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of `flow` that are set, as values of their types."""
    kinds = flow.variables()
    return {name: load_value(kinds[name], kept) for name, kept in memory.items()}


def mark_of(sealer: Sealer, typed: str) -> str:
    """What a transcript is recognised by."""
    return sealer.name("heard", typed).hex()


def is_safe(state: Screen) -> bool:
    """Whether a cut call may be taken back to this screen: never a PIN, never a consent."""
    match state:
        case Ask():
            return not state.secret
        case Menu():
            return not state.confirm
        case _:
            return True
