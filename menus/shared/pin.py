"""Asking for the PIN, the same way everywhere."""

from typing import Literal

from menus.recovery import Forgot
from ussd_app.dialog import Ask, End, Flow, Menu, Return, Use, _, back_to, do
from ussd_app.errors import Invalid, NotAllowed, PinLocked, PinWrong
from ussd_app.services import Services
from ussd_app.values import Count, DayAndHour, Line


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
        blocked="blocked",
    )
    def check(
        self, app: Services
    ) -> Literal["right", "wrong", "unreadable", "locked", "for_good", "blocked"]:
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
        except NotAllowed:
            return "blocked"
        return "right"

    locked = Menu(
        _("Nothing was done. Your PIN is locked until {until}. Not you? Call {support}."),
        (_("I forgot my PIN"), "forgot"),
        back="cancelled",
        confirm=True,
    )
    for_good = Menu(
        _("Nothing was done. Your PIN is locked. Get a new one, or call {support}."),
        (_("I forgot my PIN"), "forgot"),
        back="cancelled",
        confirm=True,
    )
    forgot = Use(Forgot, give={"onward": _("Later")}, left="may_try")
    blocked = End(_("Nothing was done. Your account is blocked. Call {support}."))
    confirmed = Return()
    cancelled = Return()
