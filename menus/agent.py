"""For agents: invite people, see how far they are, help them."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from menus.lost_pin import LostPin
from menus.shared.code import Capped, Code
from menus.shared.pin import Pin
from ussd_app.dialog import Ask, End, Flow, Menu, Pick, Return, Use, _, back_to, do
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotFound
from ussd_app.members.invitations import PURPOSE, Onboarding
from ussd_app.members.kinds import Permission, may
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
    "unidentified": _("joined, identity: waiting"),
}
Refused = Literal["joined", "anothers", "abroad", "opted_out", "no_agent"]


class Invite(Flow):
    """Invite a borrower: by SMS alone, or beside the agent, who is told the code and types it."""

    to: Phone
    name: Name
    choice: Hidden
    code_id: Hidden
    rule: Hidden

    number = Ask(_("Whom do you invite? Their number:"), "to", then="find", back="left")

    @do(new="who", joined="has_joined")
    def find(self, app: Services) -> Literal["new", "joined"]:
        if (member := app.members.find(self.to)) is None:
            return "new"
        self.name, self.choice = Name(member.name.short), Hidden(member.language)
        return "joined"

    who = Ask(_("Their first and last name:"), "name", then="speaks", back="number")
    speaks = Pick(
        _("Which language does {name} speak?"),
        "choice",
        options="languages",
        then="way",
        back="who",
    )

    def languages(self, app: Services) -> list[tuple[str, str]]:
        return [(name, language) for language, name in app.catalogs.names.items()]

    way = Menu(
        _("Invite {name} {to}. It is free."),
        (_("By SMS"), "sms_pin"),
        (_("They are beside me"), "beside_pin"),
        back="speaks",
    )

    sms_pin = Use(
        Pin,
        give={"about": _("Invite {name} {to}. SMS free.")},
        confirmed="invite",
        cancelled="way",
    )

    @do(
        invited="invited",
        joined="has_joined",
        anothers=back_to("number", _("Somebody else has invited {to}.")),
        abroad=back_to("number", _("That country is not served yet.")),
        opted_out="uninvited",
        capped="invite_capped",
        no_agent="no_agent",
    )
    def invite(self, app: Services) -> Literal["invited", "before", "capped", Refused]:
        if self._needs_nothing(app):
            return "before"
        try:
            app.invitations.invite(self.caller, self.to, self.name, self.choice)
        except LimitReached as no:
            self.rule = Hidden(no.rule)
            return "capped"
        except (NotAllowed, Conflict) as no:
            return self._refused(app, no)
        return "invited"

    invited = End(_("We invited {name} {to} by SMS, free. They have 24 hours to dial {code}."))
    invite_capped = Use(Capped, give={"rule": _("{rule}")}, left="way")

    has_joined = Menu(
        _("{to} has joined. Beside you they can become a borrower, free."),
        (_("They are beside me"), "member_pin"),
        back="number",
    )
    member_pin = Use(
        Pin,
        give={"about": _("{to} becomes a borrower. SMS free.")},
        confirmed="beside",
        cancelled="has_joined",
    )
    beside_pin = Use(
        Pin,
        give={"about": _("Invite {name} {to} beside you. SMS free.")},
        confirmed="beside",
        cancelled="way",
    )

    @do(
        sent="code",
        joined="no_borrower",
        anothers=back_to("number", _("Somebody else has invited {to}.")),
        abroad=back_to("number", _("That country is not served yet.")),
        opted_out="uninvited",
        capped="beside_capped",
        no_agent="no_agent",
    )
    def beside(self, app: Services) -> Literal["sent", "capped", Refused]:
        try:
            code = app.invitations.invite_in_person(self.caller, self.to, self.name, self.choice)
        except LimitReached as no:
            self.rule = Hidden(no.rule)
            return "capped"
        except (NotAllowed, Conflict) as no:
            return self._refused(app, no)
        self.code_id = Hidden(code)
        return "sent"

    beside_capped = Use(Capped, give={"rule": _("{rule}")}, left="number")
    code = Use(
        Code,
        give={
            "about": _("{to} gets an SMS. Ask them for its code."),
            "code_id": _("{code_id}"),
        },
        right="meet",
        gone=back_to("number", _("That code works no more.")),
        cancelled=back_to("number", _("{to} is not confirmed yet.")),
    )

    @do(
        met="met",
        borrower="borrower",
        gone=back_to("number", _("That code works no more.")),
    )
    def meet(self, app: Services) -> Literal["met", "borrower", "gone"]:
        try:
            had_joined = app.invitations.met(self.caller, self.to, int(self.code_id))
        except NotFound:
            return "gone"
        return "borrower" if had_joined else "met"

    met = End(_("{name} can now dial {code} and choose a PIN. It costs nobody anything."))
    borrower = End(_("{to} is a borrower now. It cost nobody anything."))
    no_borrower = End(_("Nothing was sent: {to} has joined and cannot become a borrower so."))
    uninvited = End(
        _("{to} stopped our SMS, so we may not invite them. To join, they dial {code}.")
    )
    no_agent = End(_("Nothing was done: you are not an agent any more. Call {support}."))
    left = Return()

    def _needs_nothing(self, app: Services) -> bool:
        """Whether the agent has invited them before, and the code they got may still be typed."""
        own = app.invitations.of_agent(self.caller)
        state = next((one.state for one in own if one.phone == self.to), None)
        if state in ("sent", "undelivered"):
            return app.codes.live(self.to, PURPOSE) is not None
        return state in ("proven", "pin")

    def _refused(self, app: Services, no: NotAllowed | Conflict) -> Refused:
        """Why not, in the words of this dialog."""
        if isinstance(no, Conflict):
            return "joined" if app.members.find(self.to) else "anothers"
        if isinstance(no, OptedOut):
            return "opted_out"
        invites = may(app.members.get(self.caller).kind, Permission.INVITE)
        return "abroad" if invites else "no_agent"


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

    @do(
        waiting="waiting",
        proven="proven",
        expired="expired",
        over="over",
        gone=back_to("list", _("That has changed now.")),
    )
    def open(self, app: Services) -> Literal["waiting", "proven", "expired", "over", "gone"]:
        """What is to be seen of one of them now, and which deeds are left."""
        found = (one for one in app.invitations.of_agent(self.caller) if str(one.id) == self.choice)
        if (one := next(found, None)) is None:
            return "gone"
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
        except NotFound:
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
        except (NotFound, Conflict):
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
