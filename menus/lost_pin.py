"""An agent's help for somebody who lost their PIN and has nobody else to vouch for them."""

from typing import Literal

from menus.shared.code import BURNT, GONE, UNCONFIRMED, Beside
from menus.shared.pin import Pin
from ussd_app.dialog import Ask, End, Flow, Menu, Return, Use, _, back_to, do
from ussd_app.errors import LimitReached, NotAllowed, NotFound
from ussd_app.members.kinds import Permission, may
from ussd_app.members.recovery_in_person import PURPOSE
from ussd_app.messages.service import OptedOut
from ussd_app.services import Services
from ussd_app.values import DayAndHour, Hidden, Phone, Shown

Refused = Literal["too_often", "opted_out", "blocked", "guarantors", "no_agent"]


class LostPin(Flow):
    """Vouch for somebody who lost their PIN and stands before the agent with an identity card.

    Their name is shown when the code from their phone was right, not before.
    """

    to: Phone
    before: Hidden
    code_id: Hidden
    rule: Hidden
    name: Shown
    at: DayAndHour

    owner = Ask(_("Who lost their PIN? Their number:"), "to", then="whose", back="left")

    @do(
        anothers="pin",
        own=back_to("owner", _("That is your own number.")),
        unknown=back_to("owner", _("{to} has not joined yet.")),
    )
    def whose(self, app: Services) -> Literal["anothers", "own", "unknown"]:
        if self.to == self.caller:
            return "own"
        return "anothers" if app.members.find(self.to) else "unknown"

    pin = Use(
        Pin,
        give={"about": _("Is {to} beside you, with an ID card? They get an SMS, free.")},
        confirmed="ask",
        cancelled="owner",
    )

    @do(
        asked="code",
        too_often="too_often",
        opted_out="opted_out",
        blocked="blocked",
        guarantors="guarantors",
        no_agent="no_agent",
    )
    def ask(self, app: Services) -> Literal["asked", Refused]:
        self.code_id, self.rule = Hidden(""), Hidden("")
        self.before = Hidden(app.codes.live(self.to, PURPOSE) or "")
        try:
            self.code_id = Hidden(app.recoveries_in_person.vouch_in_person(self.caller, self.to))
        except LimitReached as no:
            if no.rule == "recoveries":
                return "too_often"
            self.rule = Hidden(no.rule)
        except (OptedOut, NotAllowed) as no:
            return self._refused(app, no)
        return "asked"

    code = Use(
        Beside,
        give={
            "to": _("{to}"),
            "before": _("{before}"),
            "code_id": _("{code_id}"),
            "rule": _("{rule}"),
        },
        right="name_them",
        burnt=back_to("owner", BURNT),
        gone=back_to("owner", GONE),
        unconfirmed=back_to("owner", UNCONFIRMED),
        left="owner",
    )

    @do(named="seen", gone=back_to("owner", GONE))
    def name_them(self, app: Services) -> Literal["named", "gone"]:
        try:
            self.name = Shown(
                app.recoveries_in_person.named(self.caller, self.to, int(self.code_id))
            )
        except (NotFound, NotAllowed):
            return "gone"
        return "named"

    seen = Menu(
        _("Does the ID card say {name}, and is it theirs?"),
        (_("Yes"), "identify"),
        (_("No"), "unseen"),
        back="owner",
        confirm=True,
    )

    @do(identified="identified", too_often="too_often", gone=back_to("owner", GONE))
    def identify(self, app: Services) -> Literal["identified", "too_often", "gone"]:
        helper = app.recoveries_in_person
        try:
            progress = helper.identified(self.caller, self.to, int(self.code_id))
        except LimitReached:
            return "too_often"
        except (NotFound, NotAllowed):
            return "gone"
        self.at = DayAndHour(app.local.day_and_hour(progress.ready_at or progress.expires_at))
        return "identified"

    identified = End(
        _("Done, free. After 24 hours, from {at}, {to} can dial {code} and choose a new PIN.")
    )
    unseen = End(_("Nothing was done. Help only the person whose ID card you see."))
    too_often = End(_("Nothing was done: {to} lost the PIN too often. Call {support}."))
    opted_out = End(_("{to} stopped our SMS, so we cannot ask them. Call {support}."))
    blocked = End(_("Nothing was done: {to} is blocked. Call {support}."))
    guarantors = End(_("Nothing was done: {to} has guarantors, who decide. They dial {code}."))
    no_agent = End(_("Nothing was done: you are not an agent any more. Call {support}."))
    left = Return()

    def _refused(self, app: Services, no: NotAllowed) -> Refused:
        """Why not, in the words of this dialog."""
        if isinstance(no, OptedOut):
            return "opted_out"
        if not may(app.members.get(self.caller).kind, Permission.IDENTIFY):
            return "no_agent"
        return "guarantors" if app.members.get(self.to).is_active else "blocked"
