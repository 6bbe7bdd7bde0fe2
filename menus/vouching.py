"""Vouching for somebody who lost their PIN."""

from typing import Literal

from menus.shared.pin import Pin
from ussd_app.dialog import End, Flow, Menu, Return, Use, _, do
from ussd_app.errors import NotFound
from ussd_app.services import Services
from ussd_app.values import Count, Hidden, Phone, Shown


class Plea(Flow):
    """Somebody lost their PIN: vouch for them, or not."""

    request: Hidden
    name: Shown
    phone: Phone
    vouched: Count
    quorum: Count

    @do(waiting="who", over="over")
    def look(self, app: Services) -> Literal["waiting", "over"]:
        plea = app.recoveries.plea(self.caller)
        if plea is None:
            return "over"
        self.request, self.name, self.phone = Hidden(plea.id), Shown(plea.name), plea.phone
        return "waiting"

    who = Menu(
        _("{name} {phone} lost the PIN. Call them first!"),
        (_("It is really them"), "yes_pin"),
        (_("It is not them"), "no_pin"),
        (_("Later"), "left"),
        back="left",
        confirm=True,
    )

    yes_pin = Use(
        Pin,
        give={"about": _("To vouch for {name}:")},
        confirmed="vouch",
        cancelled="look",
    )

    @do(vouched="vouched_for", over="over")
    def vouch(self, app: Services) -> Literal["vouched", "over"]:
        try:
            progress = app.recoveries.vote(self.caller, int(self.request), vouches=True)
        except NotFound:
            return "over"
        self.quorum = Count(progress.quorum)
        self.vouched = Count(min(progress.vouched, progress.quorum))
        return "vouched"

    vouched_for = End(
        _("You vouched for {name}: {vouched} of {quorum} needed. It was free. Thank you!")
    )

    no_pin = Use(
        Pin,
        give={"about": _("To say that it is not {name}:")},
        confirmed="deny",
        cancelled="look",
    )

    @do(denied="denied", over="over")
    def deny(self, app: Services) -> Literal["denied", "over"]:
        try:
            app.recoveries.vote(self.caller, int(self.request), vouches=False)
        except NotFound:
            return "over"
        return "denied"

    denied = End(_("Thank you. You did not vouch, and we have told {name}. It was free."))

    over = Menu(
        _("No answer is needed any more: it is over. Nothing was done."),
        (_("Main menu"), "left"),
        back="left",
        confirm=True,
    )
    left = Return()
