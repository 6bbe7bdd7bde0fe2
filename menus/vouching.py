"""Vouching for somebody who lost their PIN."""

from typing import Literal

from menus.recovery import outlook, to_go
from menus.shared.pin import Pin
from ussd_app.dialog import End, Flow, Menu, Return, Use, _, do
from ussd_app.errors import NotFound
from ussd_app.services import Services
from ussd_app.text import Text
from ussd_app.values import Count, Hidden, Phone, Shown, Span

VOUCHED_FOR = _("You vouched for {name}: {vouched} of {quorum} needed. It was free. Thank you!")
IS_OVER = _("No answer is needed any more: it is over. Nothing was done.")
GO_ON = _("Go on")


class Plea(Flow):
    """Somebody lost their PIN: vouch for them, or not."""

    request: Hidden
    name: Shown
    phone: Phone
    vouched: Count
    quorum: Count

    @do(waiting="who", over="over")
    def look(self, app: Services) -> Literal["waiting", "over"]:
        """The plea asked for by its number, or else the oldest; and then that one."""
        plea = app.recoveries.plea(self.caller, getattr(self, "request", None))
        if plea is None:
            return "over"
        self.request, self.name, self.phone = Hidden(plea.id), Shown(plea.name), plea.phone
        return "waiting"

    who = Menu(
        _("{name} {phone} lost the PIN. Call them first!"),
        (_("It is really them"), "yes_pin"),
        (_("It is not them"), "no_pin"),
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

    vouched_for = End(VOUCHED_FOR)

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
        IS_OVER,
        (_("Main menu"), "left"),
        back="left",
        confirm=True,
    )
    left = Return()


def _standing(text: Text) -> Menu:
    """How somebody's recovery stands, on the way to the main menu."""
    return Menu(text, (GO_ON, "look"), back="left", confirm=True)


Watched = Literal[
    "vouching", "denied", "staff", "cooling", "agreed", "checking", "ready", "none"
]  # fmt: skip


class Watch(Flow):
    """How the lost PINs stand of those the caller vouches for; a no may become a yes."""

    seen: Hidden
    request: Hidden
    name: Shown
    vouched: Count
    asked: Count
    quorum: Count
    span: Span

    @do(
        vouching="vouching",
        denied="denied",
        staff="staff",
        cooling="cooling",
        agreed="agreed",
        checking="checking",
        ready="ready",
        none="left",
    )
    def look(self, app: Services) -> Watched:
        seen = getattr(self, "seen", "").split()
        for one in app.recoveries.watched(self.caller):
            if str(one.id) in seen:
                continue
            self.seen, self.request = Hidden(" ".join([*seen, str(one.id)])), Hidden(one.id)
            self.name, progress = Shown(one.name), one.progress
            self.vouched, self.asked = Count(progress.vouched), Count(progress.asked)
            self.quorum = Count(progress.quorum)
            self.span = to_go(app, progress, self.language)
            match outlook(progress):
                case "vouching" | "stuck":
                    return "vouching" if one.answer else "denied"
                case "people" | "staff" | "swapped":
                    return "staff"
                case other:
                    return other
        return "none"

    vouching = _standing(
        _(
            "{name}'s lost PIN: {vouched} of {asked} have vouched, {quorum} are needed."
            " You said yes."
        ),
    )
    denied = Menu(
        _(
            "{name}'s lost PIN: {vouched} of {asked} have vouched, {quorum} are needed."
            " You said no."
        ),
        (_("It is them: vouch now"), "yes_pin"),
        (GO_ON, "look"),
        back="left",
        confirm=True,
    )
    staff = _standing(
        _("{name}'s lost PIN: {vouched} of {asked} have vouched. Now {name} must call {support}."),
    )
    cooling = _standing(
        _("{name}'s lost PIN: {vouched} of {asked} have vouched, {span} to go."),
    )
    agreed = _standing(
        _("{name}'s lost PIN: our staff agreed, {span} to go."),
    )
    checking = _standing(
        _("{name}'s lost PIN: we check the SIM. That takes a minute."),
    )
    ready = _standing(
        _("{name}'s lost PIN: {name} may choose a new PIN now."),
    )

    yes_pin = Use(
        Pin,
        give={"about": _("To vouch for {name}:")},
        confirmed="vouch",
        cancelled="denied",
    )

    @do(vouched="vouched_for", over="over")
    def vouch(self, app: Services) -> Literal["vouched", "over"]:
        try:
            progress = app.recoveries.vote(self.caller, int(self.request), vouches=True)
        except NotFound:
            return "over"
        self.vouched = Count(min(progress.vouched, progress.quorum))
        return "vouched"

    vouched_for = End(VOUCHED_FOR)
    over = Menu(IS_OVER, (_("Main menu"), "left"), back="left", confirm=True)
    left = Return()
