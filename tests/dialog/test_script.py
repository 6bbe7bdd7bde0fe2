"""Written-down calls: they pass when a call goes as written, and say where it does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ussd_app.dialog.script import ScriptFailed, play, read


@dataclass
class Recorder:
    """A stage that answers from a list, and remembers what it was asked to do."""

    answers: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    done: list[tuple[object, ...]] = field(default_factory=list)

    def given(self, what: str) -> None:
        self.done.append(("given", what))

    def dial(self, phone: str, code: str) -> str:
        self.done.append(("dial", phone, code))
        return self.answers.pop(0)

    def say(self, phone: str, typed: str) -> str:
        self.done.append(("say", phone, typed))
        return self.answers.pop(0)

    def hang_up(self, phone: str) -> None:
        self.done.append(("hang up", phone))

    def switch(self, phone: str) -> None:
        self.done.append(("switch", phone))

    def repeat(self, phone: str) -> str:
        self.done.append(("repeat", phone))
        return self.answers.pop(0)

    def wait(self, count: int, span: str) -> None:
        self.done.append(("wait", count, span))

    def flush(self) -> None:
        self.done.append(("flush",))

    def sms(self, phone: str) -> list[str]:
        self.done.append(("sms", phone))
        return self.messages


def played(folder: Path, script: str, stage: Recorder) -> Recorder:
    path = folder / "story.dial"
    path.write_text(script)
    play(path, stage)
    return stage


DIAL = "+254700000001 dials *384*96#\n"


def test_every_line_is_done_in_its_order(tmp_path: Path) -> None:
    script = (
        "# A story\n\ngiven Amina +254700000001 with 5\n"
        + DIAL
        + "    Hello\n> 1\n    Bye\n    (ends)\n> (empty)\n    Bye\n    (ends)\n"
        "hangs up\nback to the earlier call\nthe gateway asks again\n    Bye\n    (ends)\n"
        "15 minutes later\n1 hour later\nredis is emptied\nno sms to +254700000002\n"
    )

    stage = played(tmp_path, script, Recorder(["CON Hello", "END Bye", "END Bye", "END Bye"]))

    assert stage.done == [
        ("given", "Amina +254700000001 with 5"),
        ("dial", "+254700000001", "*384*96#"),
        ("say", "+254700000001", "1"),
        ("say", "+254700000001", ""),
        ("hang up", "+254700000001"),
        ("switch", "+254700000001"),
        ("repeat", "+254700000001"),
        ("wait", 15, "minutes"),
        ("wait", 1, "hours"),
        ("flush",),
        ("sms", "+254700000002"),
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("    One\n    Two\n", "CON One\nTwo"),
        ("    One\n    ...\n", "CON One\nTwo\nThree"),
        ("    ...\n    Three\n", "CON One\nTwo\nThree"),
        ("    ...\n", "CON anything"),
        ("    One\n    ...\n    (ends)\n", "END One\nTwo"),
        ("    One\n    ...\n    Ref <ref>.\n", "CON One\nTwo\nRef 6JZY8N0."),
        ("    Ref <ref>.\n", "CON Ref 6JZY8N0."),
        ("    <when>: <amount> to <name>\n", "CON 21/11 14:03: 5 to Baraka"),
        ("    a.b*c\n", "CON a.b*c"),
        ("    Code <code: digits>.\n", "CON Code 123456."),
    ],
)
def test_a_screen_as_written_passes(written: str, said: str, tmp_path: Path) -> None:
    played(tmp_path, DIAL + written, Recorder([said]))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("    One\n", "CON Two"),
        ("    One\n", "CON One\nTwo"),
        ("    One\n    Two\n", "CON One"),
        ("    One\n", "END One"),
        ("    One\n    (ends)\n", "CON One"),
        ("    ...\n    Three\n", "CON One\nTwo"),
        ("    One\n    ...\n    One\n", "CON One"),
        ("    Ref <ref>.\n", "CON Ref ."),
        ("    Ref <ref>.\n", "CON Reference x"),
        ("    a.b\n", "CON axb"),
        ("    Code <code: digits>.\n", "CON Code 12a456."),
        ("", "CON One"),
    ],
)
def test_a_screen_that_is_not_as_written_fails_and_shows_both(
    written: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ScriptFailed) as failed:
        played(tmp_path, DIAL + written, Recorder([said]))

    told = str(failed.value)
    assert "story.dial, line 1: +254700000001 dials" in told
    assert said.partition(" ")[2].split("\n")[0] in told


def test_an_sms_that_should_not_have_come_fails(tmp_path: Path) -> None:
    with pytest.raises(ScriptFailed):
        played(tmp_path, "no sms to +254700000002\n", Recorder(messages=["Hello."]))


def test_an_sms_that_did_not_come_fails(tmp_path: Path) -> None:
    with pytest.raises(ScriptFailed):
        played(tmp_path, "sms to +254700000002\n    Hello.\n", Recorder())


def test_what_an_sms_said_is_typed(tmp_path: Path) -> None:
    stage = Recorder(["CON Your code?", "END Right"], messages=["Bob: your code is 012345."])
    sms = "sms to +254700000001\n    <name>: your code is <code: digits>.\n"

    played(tmp_path, sms + DIAL + "    Your code?\n> <code>\n    Right\n    (ends)\n", stage)

    assert stage.done[-1] == ("say", "+254700000001", "012345")


def test_what_was_kept_last_is_typed(tmp_path: Path) -> None:
    stage = Recorder(["CON Not 111 but 222", "CON Now 333", "END Right"])

    played(
        tmp_path,
        DIAL
        + "    Not <old code: digits> but <code: digits>\n"
        + "> <old code>\n    Now <code: digits>\n> <code>\n    ...\n",
        stage,
    )

    assert [typed for _say, _phone, typed in stage.done[1:]] == ["111", "333"]


def test_two_phones_take_turns(tmp_path: Path) -> None:
    stage = Recorder(["CON One", "CON Two", "END Three"])
    other = DIAL.replace("0001", "0002")

    played(
        tmp_path,
        DIAL + "    One\n" + other + "    Two\n+254700000001 goes on\n> 1\n    Three\n    (ends)\n",
        stage,
    )

    assert stage.done[-1] == ("say", "+254700000001", "1")


def test_what_nothing_has_shown_cannot_be_typed(tmp_path: Path) -> None:
    stage = Recorder(["CON Code <code>"])

    with pytest.raises(ScriptFailed, match="nothing was kept as 'code'"):
        played(tmp_path, DIAL + "    Code <code>\n> <code>\n    ...\n", stage)


@pytest.mark.parametrize("line", ["somebody dances", "15 years later", "sms from +254700000002"])
def test_a_line_that_means_nothing_fails(line: str, tmp_path: Path) -> None:
    with pytest.raises(ScriptFailed, match="not a line of a script"):
        played(tmp_path, line + "\n", Recorder())


def test_a_screen_before_anything_was_done_fails() -> None:
    with pytest.raises(ScriptFailed, match="nothing was done yet"):
        list(read(["    Hello"]))
