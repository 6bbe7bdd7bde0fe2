"""Joining: an unknown number becomes a member."""

from typing import Literal

from menus.shared.new_pin import NewPin
from ussd_app.dialog import Ask, End, Flow, Menu, Pick, Use, _, do
from ussd_app.errors import NotAllowed
from ussd_app.services import Services
from ussd_app.values import Amount, Hidden, Name, Proof


class Register(Flow):
    """A new number joins: language, terms, name, PIN. Cut off anywhere, it goes on from there."""

    choice: Hidden
    name: Name
    proof: Proof
    grant: Amount

    @do(new="welcome", agreeing="terms", naming="who", choosing="choose_pin")
    def progress(self, app: Services) -> Literal["new", "agreeing", "naming", "choosing"]:
        applicant = app.joining.applicant(self.caller)
        if applicant is None:
            return "new"
        self.language = applicant.language
        if not applicant.has_agreed:
            return "agreeing"
        if applicant.name is None:
            return "naming"
        self.name = applicant.name
        return "choosing"

    welcome = Pick(
        _("Karibu {org}! Welcome!\nLugha / Language:"),
        "choice",
        options="languages",
        then="speak",
        back="bye",
    )

    def languages(self, app: Services) -> list[tuple[str, str]]:
        return [(name, language) for language, name in app.catalogs.names.items()]

    @do(begun="terms", abroad="abroad")
    def speak(self, app: Services) -> Literal["begun", "abroad"]:
        try:
            app.joining.speak(self.caller, self.choice)
        except NotAllowed:
            return "abroad"
        self.language = self.choice
        return "begun"

    terms = Menu(
        _("We keep your name and number. Terms: {terms} or call {support}."),
        (_("I accept"), "agree"),
        (_("No"), "bye"),
        back="welcome",
        confirm=True,
    )

    @do(agreed="who")
    def agree(self, app: Services) -> Literal["agreed"]:
        app.joining.agree(self.caller)
        return "agreed"

    who = Ask(_("What is your name? First and last name:"), "name", then="call_me", back="terms")

    @do(noted="choose_pin")
    def call_me(self, app: Services) -> Literal["noted"]:
        app.joining.call_me(self.caller, self.name)
        return "noted"

    choose_pin = Use(NewPin, take={"proof": "proof"}, chosen="join", left="who")

    @do(gifted="gifted", joined="joined")
    def join(self, app: Services) -> Literal["gifted", "joined"]:
        self.grant = app.joining.finish(self.caller, self.proof)
        return "gifted" if self.grant.units else "joined"

    gifted = End(
        _("Welcome {name}! {grant} is yours, a gift. Joining was free. SMS follows. Dial {code}.")
    )
    joined = End(_("Welcome {name}! Joining was free. SMS follows. Dial {code}."))
    abroad = End(_("Sorry, {org} does not serve numbers of your country yet."))
    bye = End(_("Goodbye. You have not joined. To join for free, dial {code}."))
