"""Joining by invitation: the code from the SMS, a PIN, the terms."""

from contextlib import suppress
from typing import ClassVar, Literal

from menus.shared.code import Code
from menus.shared.new_pin import NewPin
from ussd_app.dialog import End, Flow, Menu, Pick, Return, Use, _, do
from ussd_app.errors import NotFound
from ussd_app.members.inviting import IN_PERSON, PURPOSE
from ussd_app.members.kinds import BORROWER
from ussd_app.services import Services
from ussd_app.values import Amount, Hidden, Hour, Line, Name, Proof

Progress = Literal[
    "code",
    "told",
    "burnt",
    "expired",
    "requested",
    "withdrawn",
    "pin",
    "borrow",
    "terms",
    "beside",
    "joined",
    "over",
]
BY_AGENT, BY_US = _("{inviter} invites you."), _("{org} invites you.")


class Invites(Line):
    """Who invites: `BY_AGENT` or `BY_US`."""

    __slots__ = ()
    widest: ClassVar[str] = "W" * 33


class Onboard(Flow):
    """An invited number joins, or joins without the invitation. Cut off anywhere, it goes on."""

    inviter: Name
    invites: Invites
    at: Hour
    name: Name
    code_id: Hidden
    choice: Hidden
    proof: Proof
    grant: Amount

    @do(
        code="code",
        told="told",
        burnt="burnt",
        expired="expired",
        requested="requested",
        withdrawn="withdrawn",
        pin="choose_pin",
        borrow="borrower_terms",
        terms="terms",
        beside="beside",
        joined="welcome",
        over="ended",
    )
    def progress(self, app: Services) -> Progress:
        if (invited := app.invited.waiting(self.caller)) is None:
            return "joined" if app.members.find(self.caller) else "over"
        self.inviter, self.name = Name(invited.inviter), invited.name
        self.language = invited.language
        by = BY_AGENT if invited.by_agent else BY_US
        self.invites = Invites(
            app.catalogs.say(by, self.language, inviter=self.inviter, org=self.inviter)
        )
        self.at = Hour(app.local.hour(invited.asked_at) if invited.asked_at else "")
        match invited.step:
            case "code":
                code = app.codes.live(self.caller, PURPOSE)
                if code is None:
                    return self._no_code(app)
                self.code_id = Hidden(code)
            case "expired":
                return self._no_code(app)
            case "terms" if invited.kind == BORROWER:
                return "borrow"
        return invited.step

    code = Use(
        Code,
        give={
            "about": _("{invites} No code? Lugha? Press 0."),
            "code_id": _("{code_id}"),
        },
        right="prove",
        burnt="progress",
        gone="progress",
        cancelled="choices",
    )

    @do(done="progress")
    def prove(self, app: Services) -> Literal["done"]:
        with suppress(NotFound):  # it ended meanwhile, as is told next
            app.invited.prove(self.caller, int(self.code_id))
        return "done"

    choices = Menu(
        _("{invites} Free."),
        (_("Type the code"), "progress"),
        (_("Get a new code"), "ask"),
        (_("Join without it"), "decline"),
        (_("Lugha / Language"), "languages_menu"),
        back="left",
        confirm=True,
    )
    burnt = Menu(
        _("5 wrong codes: yours is void, for safety."),
        (_("Get a new code"), "ask"),
        (_("Join without it"), "decline"),
        (_("Lugha / Language"), "languages_menu"),
        back="left",
        confirm=True,
    )
    withdrawn = Menu(
        _("{inviter} took the invitation back. You can join without it, free."),
        (_("Continue"), "decline"),
        back="left",
        confirm=True,
    )
    expired = Menu(
        _("The code from {inviter} works no more."),
        (_("Get a new code"), "ask"),
        (_("Join without it"), "decline"),
        (_("Lugha / Language"), "languages_menu"),
        back="left",
        confirm=True,
    )

    requested = Menu(
        _("We asked {inviter} at {at} for a new code. It comes by SMS."),
        (_("Join without it"), "decline"),
        (_("Lugha / Language"), "languages_menu"),
        back="left",
        confirm=True,
    )

    @do(asked="asked", before="asked_before", nobody="call_us", over="progress")
    def ask(self, app: Services) -> Literal["asked", "before", "nobody", "over"]:
        invited = app.invited.waiting(self.caller)
        if invited is None or invited.step not in ("code", "expired"):
            return "over"
        return app.invited.ask_again(self.caller)

    @do(declined="alone")
    def decline(self, app: Services) -> Literal["declined"]:
        app.invited.decline(self.caller)
        return "declined"

    languages_menu = Pick(
        _("Lugha / Language:"), "choice", options="languages", then="speak", back="progress"
    )

    def languages(self, app: Services) -> list[tuple[str, str]]:
        return [(name, language) for language, name in app.catalogs.names.items()]

    @do(spoken="progress")
    def speak(self, app: Services) -> Literal["spoken"]:
        app.invited.speak(self.caller, self.choice)
        return "spoken"

    choose_pin = Use(NewPin, take={"proof": "proof"}, chosen="keep", left="left")

    @do(done="progress")
    def keep(self, app: Services) -> Literal["done"]:
        with suppress(NotFound):
            app.invited.set_pin(self.caller, self.proof)
        return "done"

    borrower_terms = Menu(
        _("Become a borrower? We keep name, number. Terms: {terms}, {support}."),
        (_("I accept"), "accept"),
        (_("No"), "left"),
        back="left",
        confirm=True,
    )
    terms = Menu(
        _("We keep your name and number. Terms: {terms} or call {support}."),
        (_("I accept"), "accept"),
        (_("No"), "left"),
        back="left",
        confirm=True,
    )

    @do(done="progress")
    def accept(self, app: Services) -> Literal["done"]:
        with suppress(NotFound):
            app.invited.accept(self.caller)
        return "done"

    @do(gifted="gifted", plain="joined")
    def welcome(self, app: Services) -> Literal["gifted", "plain"]:
        member = app.members.get(self.caller)
        self.name, self.grant = member.name, app.statements.balance(member.id)
        return "gifted" if self.grant.units else "plain"

    gifted = Menu(
        _("Welcome {name}! {grant} is yours. Joining was free. SMS follows."),
        (_("Main menu"), "onward"),
        back="bye",
        confirm=True,
    )
    joined = Menu(
        _("Welcome {name}! Joining was free. SMS follows."),
        (_("Main menu"), "onward"),
        back="bye",
        confirm=True,
    )
    ended = Menu(
        _("This invitation has ended. You can join without it, free."),
        (_("Continue"), "onward"),
        back="bye",
        confirm=True,
    )
    beside = End(
        _("Are you with {inviter}? Tell them the code of our SMS, then dial {code}. It is free.")
    )
    told = End(
        _("{inviter} has your code and finishes it on their phone. Then dial {code}. It is free.")
    )
    asked = End(
        _("We asked {inviter} by SMS to send you a new code, free. When you have it, dial {code}.")
    )
    asked_before = End(
        _("{inviter} was asked today already. No SMS with a code? Dial {code} to join without it.")
    )
    call_us = End(_("For a new code call {support}. Or dial {code} and join without it, free."))
    bye = End(_("Goodbye! Dial {code} any time."))
    onward = Return()
    alone = Return()
    left = Return()

    def _no_code(self, app: Services) -> Literal["beside", "requested", "burnt", "expired"]:
        """Why there is none to be typed here."""
        if app.codes.live(self.caller, IN_PERSON):
            return "beside"
        invited, today = app.invited.waiting(self.caller), app.local.date(app.clock.now())
        if invited and invited.asked_at and app.local.date(invited.asked_at) == today:
            return "requested"
        return "burnt" if app.codes.is_burnt(self.caller, PURPOSE) else "expired"
