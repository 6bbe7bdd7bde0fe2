"""For agents: invite people, see how far they are, help them."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from menus.invite import Invite
from menus.lost_pin import LostPin
from menus.shared.code import Capped
from menus.shared.pin import Pin
from ussd_app.dialog import End, Flow, Menu, Pick, Return, Use, _, back_to, do
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotFound
from ussd_app.members.invitations import Onboarding
from ussd_app.messages.service import OptedOut
from ussd_app.services import Services
from ussd_app.values import DayAndHour, Hidden, Name, Phone, Shown


class Stage(Shown):
    """How far somebody is, in the words of `STAGES`."""

    __slots__ = ()
    widest: ClassVar[str] = "W" * 28


STAGES = {
    "sent": _("code not typed yet"),
    "undelivered": _("SMS did not arrive"),
    "proven": _("no PIN yet"),
    "pin": _("terms not accepted yet"),
    "active": _("joined"),
    "expired": _("24 hours are over"),
    "withdrawn": _("taken back"),
    "declined": _("joins without you"),
    "asks": _("asks for a new code"),
    "unidentified": _("joined, ID record to come"),
}


class Onboardings(Flow):
    """Whom the agent has invited, and how far each is; what may be done about it."""

    choice: Hidden
    name: Shown
    to: Phone
    stage: Stage
    at: DayAndHour
    rule: Hidden

    pin = Use(
        Pin, give={"about": _("To see whom you invited:")}, confirmed="list", cancelled="left"
    )
    list = Pick(
        _("Choose a name:"), "choice", options="people", then="open", none="nobody", back="left"
    )
    nobody = Menu(_("You have not invited anybody yet."), back="left")

    def people(self, app: Services) -> Sequence[tuple[str, Hidden]]:
        found = app.invitations.of_agent(self.caller)
        return [(f"{_short(one)}: {self._stage(app, one)}", Hidden(one.id)) for one in found]

    @do(waiting="waiting", proven="proven", expired="expired", over="over")
    def open(self, app: Services) -> Literal["waiting", "proven", "expired", "over"]:
        """What is to be seen of one of them now, and which deeds are left."""
        found = app.invitations.of_agent(self.caller)
        one = next(one for one in found if str(one.id) == self.choice)
        self.name, self.to, self.stage = _short(one), one.phone, self._stage(app, one)
        self.at = DayAndHour(app.local.day_and_hour(one.made_at))
        match one.state:
            case "sent" | "undelivered":
                return "waiting"
            case "proven" | "pin":
                return "proven"
            case "expired":
                return "expired"
            case _:
                return "over"

    waiting = Menu(
        _("{name} {to}, {at}:\n{stage}"),
        (_("Send a new code"), "resend"),
        (_("Take it back"), "sure"),
        back="list",
    )
    proven = Menu(_("{name} {to}, {at}:\n{stage}"), (_("Take it back"), "sure"), back="list")
    expired = Menu(_("{name} {to}, {at}:\n{stage}"), (_("Send a new code"), "resend"), back="list")
    over = Menu(_("{name} {to}, {at}:\n{stage}"), back="list")

    @do(
        sent="sent",
        opted_out="opted_out",
        capped="capped",
        gone=back_to("list", _("That has changed now.")),
    )
    def resend(self, app: Services) -> Literal["sent", "opted_out", "capped", "gone"]:
        try:
            app.invitations.resend(self.caller, int(self.choice))
        except OptedOut:
            return "opted_out"
        except LimitReached as no:
            self.rule = Hidden(no.rule)
            return "capped"
        except (NotFound, NotAllowed):
            return "gone"
        return "sent"

    capped = Use(Capped, give={"rule": _("{rule}")}, left="list")
    sent = End(
        _("{name} gets a new code by SMS, free; the one before is void. It works for 24 hours.")
    )
    opted_out = End(
        _("{to} stopped our SMS, so we may not invite them. To join, they dial {code}.")
    )

    sure = Menu(
        _("Take back the invitation of {name} {to}?"),
        (_("Yes"), "withdraw"),
        (_("No"), "list"),
        back="list",
        confirm=True,
    )

    @do(withdrawn="withdrawn", over=back_to("list", _("That has changed now.")))
    def withdraw(self, app: Services) -> Literal["withdrawn", "over"]:
        try:
            app.invitations.withdraw(self.caller, int(self.choice))
        except (NotFound, NotAllowed, Conflict):
            return "over"
        return "withdrawn"

    withdrawn = End(_("The invitation of {name} {to} is taken back. They can join by themselves."))
    left = Return()

    def _stage(self, app: Services, one: Onboarding) -> Stage:
        state = "asks" if one.asks_again else one.state
        if state == "active" and one.has_identity is False:
            state = "unidentified"
        return Stage(app.catalogs.translate(STAGES[state], self.language))


class Agent(Flow):
    """What an agent does in the field."""

    menu = Menu(
        _("People I invite"),
        (_("Invite somebody"), "invite"),
        (_("Whom I invited"), "onboardings"),
        (_("Help with a lost PIN"), "lost_pin"),
        back="left",
    )
    invite = Use(Invite, left="menu")
    onboardings = Use(Onboardings, left="menu")
    lost_pin = Use(LostPin, left="menu")
    left = Return()


def _short(one: Onboarding) -> Shown:
    return Shown(Name(one.name).short)
