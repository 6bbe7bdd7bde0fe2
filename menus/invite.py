"""Inviting somebody to become a borrower."""

from typing import Literal

from menus.shared.code import BURNT, GONE, UNCONFIRMED, Beside, Capped
from menus.shared.pin import Pin
from ussd_app.dialog import Ask, End, Flow, Menu, Pick, Return, Use, _, back_to, do
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotFound
from ussd_app.members.invitations import IN_PERSON, PURPOSE
from ussd_app.members.kinds import Permission, may
from ussd_app.messages.service import OptedOut
from ussd_app.services import Services
from ussd_app.values import Hidden, Name, Phone

Refused = Literal["joined", "anothers", "abroad", "opted_out", "no_agent"]


class Invite(Flow):
    """Invite a borrower: by SMS alone, or beside the agent, who is told the code and types it."""

    to: Phone
    name: Name
    choice: Hidden
    before: Hidden
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
        before=back_to("number", _("You have invited {to} already.")),
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
        asked="code",
        joined="no_borrower",
        anothers=back_to("number", _("Somebody else has invited {to}.")),
        abroad=back_to("number", _("That country is not served yet.")),
        opted_out="uninvited",
        no_agent="no_agent",
    )
    def beside(self, app: Services) -> Literal["asked", Refused]:
        self.code_id, self.rule = Hidden(""), Hidden("")
        self.before = Hidden(app.codes.live(self.to, IN_PERSON) or "")
        try:
            code = app.invitations.invite_in_person(self.caller, self.to, self.name, self.choice)
        except LimitReached as no:
            self.rule = Hidden(no.rule)
        except (NotAllowed, Conflict) as no:
            return self._refused(app, no)
        else:
            self.code_id = Hidden(code)
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
        burnt=back_to("number", BURNT),
        gone=back_to("number", GONE),
        unconfirmed=back_to("number", UNCONFIRMED),
        left="number",
    )

    @do(named="seen", gone=back_to("number", GONE))
    def name_them(self, app: Services) -> Literal["named", "gone"]:
        try:
            self.name = app.invitations.named(self.caller, self.to, int(self.code_id))
        except (NotFound, NotAllowed):
            return "gone"
        return "named"

    seen = Menu(
        _("{name} becomes a borrower. Does the ID card say so, and is it theirs?"),
        (_("Yes"), "meet"),
        (_("No"), "unlike"),
        back="number",
        confirm=True,
    )

    @do(new=back_to("who", _("Type the name as on the ID card.")), joined="renames")
    def unlike(self, app: Services) -> Literal["new", "joined"]:
        return "joined" if app.members.find(self.to) else "new"

    renames = End(_("Nothing was done. {to} can correct the name: dial {code}, My account."))

    @do(met="met", borrower="borrower", gone=back_to("number", GONE))
    def meet(self, app: Services) -> Literal["met", "borrower", "gone"]:
        try:
            had_joined = app.invitations.met(self.caller, self.to, int(self.code_id))
        except (NotFound, NotAllowed):
            return "gone"
        return "borrower" if had_joined else "met"

    met = End(_("{name} can now dial {code} and choose a PIN. It costs nobody anything."))
    borrower = End(_("{to} is a borrower now. It cost nobody anything."))
    no_borrower = End(_("Nothing was sent: {to} has joined and needs no invitation."))
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
