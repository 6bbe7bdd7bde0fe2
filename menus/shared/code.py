"""One person confirms what another began: with a code that an SMS brought to their phone."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from ussd_app.dialog import Ask, Flow, Menu, Return, Use, _, back_to, do
from ussd_app.errors import Invalid
from ussd_app.messages.codes import UNREADABLE, CodeGone, CodeWrong
from ussd_app.services import Services
from ussd_app.values import Count, Hidden, Line, Shown

Reached = Literal["pause", "hour", "day", "asker"]
Judged = Literal["right", "wrong", "older", "unreadable", "burnt", "gone"]

BURNT = _("5 wrong codes: it is void, for safety. Send a new one.")
GONE = _("That code works no more. Send a new one.")
UNCONFIRMED = _("{to} is not confirmed yet.")
SENT = _("{to} gets an SMS. Ask them for its code.")
SENT_BEFORE = _("{to} has our SMS already. Ask for its code.")


class About(Line):
    """Which SMS the code is in, and who has it: `SENT` or `SENT_BEFORE`."""

    __slots__ = ()
    widest: ClassVar[str] = "W" * 56


class Code(Flow):
    """Ask for a code. Whoever types it holds the phone it was sent to, or stands beside them.

    `about` says what for, `code_id` which code. Right means judged, not used up: that comes with
    the deed it allows.
    """

    about: Line
    code_id: Hidden
    tries_left: Count

    enter = Ask(
        _("{about}\nType the 6-digit code from our SMS:"),
        then="judge",
        back="cancelled",
        secret=True,
    )

    @do(
        right="right",
        wrong=back_to("enter", _("Wrong code. Tries left: {tries_left}")),
        older=back_to("enter", _("Older code: use the newest SMS. Tries: {tries_left}")),
        unreadable=back_to("enter", UNREADABLE),
        burnt="burnt",
        gone="gone",
    )
    def judge(self, app: Services) -> Judged:
        try:
            app.codes.judge(int(self.code_id), self.typed, by=self.caller)
        except Invalid:
            return "unreadable"
        except CodeWrong as no:
            self.tries_left = Count(no.tries_left)
            if not no.tries_left:
                return "burnt"
            return "older" if no.is_older else "wrong"
        except CodeGone:
            return "gone"
        return "right"

    right = Return()
    burnt = Return()
    gone = Return()
    cancelled = Return()


class Capped(Flow):
    """Say which limit of codes was reached, `rule`, and when it will be over."""

    rule: Hidden

    @do(pause="pause", hour="hour", day="day", asker="asker")
    def which(self, app: Services) -> Reached:  # noqa: ARG002
        rules: Mapping[str, Reached] = {"pause": "pause", "hour": "hour", "day": "day"}
        return rules.get(self.rule, "asker")

    pause = Menu(
        _("No SMS was sent: a code went to that number a moment ago. Wait a minute."), back="left"
    )
    hour = Menu(
        _("No SMS was sent: many codes went to that number. Try again in an hour."), back="left"
    )
    day = Menu(
        _("No SMS was sent: many codes went to that number today. Try tomorrow."), back="left"
    )
    asker = Menu(_("No SMS was sent: you have sent many codes today. Try tomorrow."), back="left")
    left = Return()


class Beside(Flow):
    """Somebody beside the agent reads them the code of the SMS that they were just sent.

    `code_id` says which code, or `rule` which limit stood in its way; `before` which code they had
    before, for then there is no new SMS. A call that was cut goes on where it was, also behind a
    code that was right.
    """

    to: Shown
    before: Hidden
    about: About
    code_id: Hidden
    rule: Hidden

    @do(sent="code", right="right", capped="capped")
    def which(self, app: Services) -> Literal["sent", "right", "capped"]:
        if self.rule:
            return "capped"
        text = SENT_BEFORE if self.before == self.code_id else SENT
        self.about = About(app.catalogs.say(text, self.language, to=self.to))
        return "right" if app.codes.is_right(int(self.code_id)) else "sent"

    capped = Use(Capped, give={"rule": _("{rule}")}, left="left")
    code = Use(
        Code,
        give={
            "about": _("{about}"),
            "code_id": _("{code_id}"),
        },
        right="right",
        burnt="burnt",
        gone="gone",
        cancelled="unconfirmed",
    )
    right = Return()
    burnt = Return()
    gone = Return()
    unconfirmed = Return()
    left = Return()
