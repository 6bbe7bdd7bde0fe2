"""An agent's help for somebody who lost their PIN and has nobody else to vouch for them."""

from typing import Literal

from menus.shared.code import Capped, Code
from menus.shared.pin import Pin
from ussd_app.dialog import Ask, End, Flow, Menu, Return, Use, _, back_to, do
from ussd_app.errors import LimitReached, NotAllowed, NotFound
from ussd_app.members.kinds import Permission, may
from ussd_app.messages.service import OptedOut
from ussd_app.services import Services
from ussd_app.values import DayAndHour, Hidden, Phone


class LostPin(Flow):
    """Vouch for somebody who lost their PIN and stands before the agent with an identity card."""

    to: Phone
    code_id: Hidden
    rule: Hidden
    at: DayAndHour

    owner = Ask(_("Who lost their PIN? Their number:"), "to", then="whose", back="left")

    @do(
        anothers="seen",
        own=back_to("owner", _("That is your own number.")),
        unknown=back_to("owner", _("{to} has not joined yet.")),
    )
    def whose(self, app: Services) -> Literal["anothers", "own", "unknown"]:
        if self.to == self.caller:
            return "own"
        return "anothers" if app.members.find(self.to) else "unknown"

    seen = Menu(
        _("Have you seen their ID card? Is it the owner of {to}, beside you?"),
        (_("Yes"), "pin"),
        (_("No"), "unseen"),
        back="owner",
        confirm=True,
    )
    pin = Use(
        Pin,
        give={"about": _("You vouch for the owner of {to}. SMS free.")},
        confirmed="vouch",
        cancelled="owner",
    )

    @do(
        sent="code",
        capped="capped",
        too_often="too_often",
        opted_out="opted_out",
        blocked="blocked",
        guarantors="guarantors",
        no_agent="no_agent",
    )
    def vouch(
        self, app: Services
    ) -> Literal["sent", "capped", "too_often", "opted_out", "blocked", "guarantors", "no_agent"]:
        try:
            self.code_id = Hidden(app.recoveries_in_person.vouch_in_person(self.caller, self.to))
        except LimitReached as no:
            self.rule = Hidden(no.rule)
            return "too_often" if no.rule == "recoveries" else "capped"
        except OptedOut:
            return "opted_out"
        except NotAllowed:
            return self._why(app)
        return "sent"

    capped = Use(Capped, give={"rule": _("{rule}")}, left="owner")
    code = Use(
        Code,
        give={
            "about": _("{to} gets an SMS. Ask them for its code."),
            "code_id": _("{code_id}"),
        },
        right="identify",
        gone=back_to("owner", _("That code works no more.")),
        cancelled=back_to("owner", _("{to} is not confirmed yet.")),
    )

    @do(
        identified="identified",
        gone=back_to("owner", _("That code works no more.")),
    )
    def identify(self, app: Services) -> Literal["identified", "gone"]:
        try:
            progress = app.recoveries_in_person.identified(self.caller, self.to, int(self.code_id))
        except (NotFound, NotAllowed):
            return "gone"
        self.at = DayAndHour(app.local.day_and_hour(progress.ready_at or progress.expires_at))
        return "identified"

    identified = End(
        _("Done, free. After 24 hours, from {at}, {to} can dial {code} and choose a new PIN.")
    )
    unseen = End(_("Nothing was done. Vouch only for somebody whose ID card you have seen."))
    too_often = End(_("Nothing was done: {to} lost the PIN too often. Call {support}."))
    opted_out = End(_("{to} stopped our SMS, so we cannot ask them. Call {support}."))
    blocked = End(_("Nothing was done: {to} is blocked. Call {support}."))
    guarantors = End(_("Nothing was done: {to} has guarantors, who decide. They dial {code}."))
    no_agent = End(_("Nothing was done: you are not an agent any more. Call {support}."))
    left = Return()

    def _why(self, app: Services) -> Literal["no_agent", "blocked", "guarantors"]:
        if not may(app.members.get(self.caller).kind, Permission.IDENTIFY):
            return "no_agent"
        return "guarantors" if app.members.get(self.to).is_active else "blocked"
