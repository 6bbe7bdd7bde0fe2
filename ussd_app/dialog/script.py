"""Run written-down calls: who dials, what each screen says, what is typed, which SMS arrive.

    # A comment. Empty lines mean nothing.
    given Amina +254700000001 with 500, PIN 7306      what must be so before (the stage sees to it)
    +254700000001 dials *384*96#                      a call begins
        Hello Amina!                                  the screen, line by line
        ...                                           the rest does not matter here
    > 1                                               an answer
    > (empty)                                         an answer without a character
        (ends)                                        the call ended with this screen
    +254700000001 goes on                             in the call that is open on that phone
    hangs up                                          the caller ends the call
    back to the earlier call                          the phone's call before goes on after all
    the gateway asks again                            the last answer is delivered a second time
    16 minutes later                                  time passes
    redis is emptied                                  what may be lost is lost
    sms to +254700000002                              the newest SMS that number got, and no other
        You got 20 UMOJA. Ref <ref>.                  <anything in angles> matches any run of text
        Your code: <code: digits>                     a run of digits, kept under its name
    > <code>                                          answers with what was kept last
    no sms to +254700000002

Only one story stands in a file, told in the order in which it happens.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

INDENT = "    "
_ANGLES = re.compile(r"<([a-z ]+)(: digits)?>")

Kept = dict[str, str]
"""What a script has seen and may type, by the names it gave."""


class Stage(Protocol):
    """Where scripts are played: the application, its clock, and the phones."""

    def given(self, what: str) -> None:
        """See to it that `what` is so."""
        ...

    def dial(self, phone: str, code: str) -> str:
        """Dial, and hang up a call that is still open on that phone; the answer as sent."""
        ...

    def say(self, phone: str, typed: str) -> str:
        """Answer the screen."""
        ...

    def hang_up(self, phone: str) -> None:
        """End the call while a screen waits."""
        ...

    def switch(self, phone: str) -> None:
        """Go on with the phone's call before this one; again, with this one."""
        ...

    def repeat(self, phone: str) -> str:
        """Deliver the last answer once more."""
        ...

    def wait(self, count: int, span: str) -> None:
        """Let so many minutes, hours or days pass."""
        ...

    def flush(self) -> None:
        """Empty Redis."""
        ...

    def sms(self, phone: str) -> list[str]:
        """The SMS that have arrived since last asked, oldest first."""
        ...


@dataclass(frozen=True)
class Step:
    """One line that does something, and the lines that must follow from it."""

    number: int
    line: str
    expected: list[str] = field(default_factory=list)


class ScriptFailed(AssertionError):
    """What was said is not what was written; shows both."""


def play(path: Path, stage: Stage) -> None:
    """Play a script from beginning to end. Raises ScriptFailed where it goes otherwise."""
    caller, kept = "", dict[str, str]()
    for step in read(path.read_text().splitlines()):
        try:
            caller = _play(step, stage, caller, kept)
        except ScriptFailed as failed:
            raise ScriptFailed(f"{path.name}, line {step.number}: {step.line}\n{failed}") from None


def read(lines: Iterable[str]) -> Iterator[Step]:
    """The steps of a script."""
    step: Step | None = None
    for number, line in enumerate(lines, 1):
        if line.startswith(INDENT):
            if step is None:
                raise ScriptFailed(f"line {number}: nothing was done yet")
            step.expected.append(line.removeprefix(INDENT).rstrip())
        elif line.strip() and not line.startswith("#"):
            if step:
                yield step
            step = Step(number, line.strip())
    if step:
        yield step


def _play(step: Step, stage: Stage, caller: str, kept: Kept) -> str:
    """Do what a line says, compare what follows, keep what is to be kept; who is calling now."""
    line = step.line
    if found := re.fullmatch(r"(\+\d+) dials (\S+)", line):
        caller = found[1]
        _compare(step.expected, _screen(stage.dial(caller, found[2])), kept)
    elif line.startswith(">"):
        typed = _typed(line.removeprefix(">").strip(), kept)
        _compare(step.expected, _screen(stage.say(caller, typed)), kept)
    elif found := re.fullmatch(r"(\+\d+) goes on", line):
        caller = found[1]
    elif line == "the gateway asks again":
        _compare(step.expected, _screen(stage.repeat(caller)), kept)
    elif line == "back to the earlier call":
        stage.switch(caller)
    elif line == "hangs up":
        stage.hang_up(caller)
    elif found := re.fullmatch(r"(no )?sms to (\+\d+)", line):
        texts = stage.sms(found[2])
        said = "\n\n".join(texts).split("\n") if texts else []
        _compare([] if found[1] else step.expected, said, kept)
    else:
        _happen(line, stage)
    return caller


def _happen(line: str, stage: Stage) -> None:
    """What happens around the calls."""
    if line.startswith("given "):
        stage.given(line.removeprefix("given "))
    elif found := re.fullmatch(r"(\d+) (minute|hour|day)s? later", line):
        stage.wait(int(found[1]), found[2] + "s")
    elif line == "redis is emptied":
        stage.flush()
    else:
        raise ScriptFailed("not a line of a script")


def _typed(written: str, kept: Kept) -> str:
    """What an answer types: nothing, a value that was kept, or what is written."""
    if written == "(empty)":
        return ""
    if not (found := re.fullmatch(r"<([a-z ]+)>", written)):
        return written
    if found[1] not in kept:
        raise ScriptFailed(f"nothing was kept as {found[1]!r}")
    return kept[found[1]]


def _screen(answer: str) -> list[str]:
    kind, _space, text = answer.partition(" ")
    return [*text.split("\n"), *(["(ends)"] if kind == "END" else [])]


def _compare(expected: list[str], said: list[str], kept: Kept) -> None:
    pairs = itertools.zip_longest(expected, _told(expected, said))
    if not all(
        want is not None and got is not None and _matches(want, got, kept) for want, got in pairs
    ):
        raise ScriptFailed("\n".join(["expected:", *expected, "", "said:", *said]))


def _told(expected: list[str], said: list[str]) -> list[str]:
    """What was said, with `...` for what does not matter."""
    if "..." not in expected:
        return said
    before = expected.index("...")
    after = len(expected) - before - 1
    if before + after > len(said):
        return said
    return [*said[:before], "...", *said[len(said) - after :]]


def _matches(want: str, got: str, kept: Kept) -> bool:
    """Whether a line is as it was written; what it is to keep is kept."""
    literal, *rest = _ANGLES.split(want)
    pattern, names = re.escape(literal), []
    for name, digits, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        pattern += (r"(\d+)" if digits else ".+?") + re.escape(after)
        names += [name] if digits else []
    if (found := re.fullmatch(pattern, got)) is None:
        return False
    kept.update(zip(names, found.groups(), strict=True))
    return True
