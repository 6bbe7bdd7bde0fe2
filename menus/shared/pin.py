"""Asking for PINs, the same way everywhere."""

from typing import Literal

from ussd_app.dialog import Ask, End, Flow, Return, _, back_to, do
from ussd_app.errors import Invalid, PinLocked, PinWeak, PinWrong
from ussd_app.services import Services
from ussd_app.values import Count, DayAndHour, Hidden, Line


class Pin(Flow):
    """Ask for the caller's PIN. `about` says what for: the PIN is the consent."""

    about: Line
    tries_left: Count
    until: DayAndHour

    @do(open="enter", locked="locked", for_good="for_good")
    def may_try(self, app: Services) -> Literal["open", "locked", "for_good"]:
        try:
            app.pins.refuse_locked(self.caller)
        except PinLocked as no:
            if no.until is None:
                return "for_good"
            self.until = DayAndHour(app.local.day_and_hour(no.until))
            return "locked"
        return "open"

    enter = Ask(_("{about}\nYour PIN:"), then="check", back="cancelled", secret=True)

    @do(
        right="confirmed",
        wrong=back_to("enter", _("Wrong PIN. Tries left: {tries_left}")),
        unreadable=back_to("enter", _("A PIN is 4 digits.")),
        locked="locked",
        for_good="for_good",
    )
    def check(self, app: Services) -> Literal["right", "wrong", "unreadable", "locked", "for_good"]:
        try:
            app.pins.check(self.caller, self.typed)
        except Invalid:
            return "unreadable"
        except PinWrong as no:
            self.tries_left = Count(no.tries_left)
            return "wrong"
        except PinLocked as no:
            if no.until is None:
                return "for_good"
            self.until = DayAndHour(app.local.day_and_hour(no.until))
            return "locked"
        return "right"

    locked = End(_("Nothing was done. Your PIN is locked until {until}. Not you? Call {support}."))
    for_good = End(_("Nothing was done. Your PIN is locked. Call {support} to unlock it."))
    confirmed = Return()
    cancelled = Return()


class NewPin(Flow):
    """Choose a PIN by typing it twice; hands back what proves it."""

    proof: Hidden

    first = Ask(
        _("Choose a PIN: 4 digits that nobody can guess.\nNew PIN:"),
        then="weigh",
        back="left",
        secret=True,
    )

    @do(
        fine="again",
        weak=back_to("first", _("That PIN is easy to guess.")),
        used=back_to("first", _("You had that PIN before.")),
        unreadable=back_to("first", _("A PIN is 4 digits.")),
    )
    def weigh(self, app: Services) -> Literal["fine", "weak", "used", "unreadable"]:
        try:
            self.proof = Hidden(app.pins.candidate(self.caller, self.typed))
        except Invalid:
            return "unreadable"
        except PinWeak as no:
            return "used" if no.why == "used" else "weak"
        return "fine"

    again = Ask(_("Type the new PIN once more:"), then="compare", back="first", secret=True)

    @do(same="chosen", differ=back_to("first", _("The two PINs differ. Choose again.")))
    def compare(self, app: Services) -> Literal["same", "differ"]:
        try:
            same = app.pins.repeats(self.caller, self.proof, self.typed)
        except Invalid:
            same = False
        return "same" if same else "differ"

    chosen = Return()
    left = Return()
