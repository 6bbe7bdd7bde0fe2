"""What a member may change: name, language, PIN."""

from typing import Literal

from menus.shared.new_pin import NewPin
from menus.shared.pin import Pin
from menus.trust import Guarantors
from ussd_app.dialog import Ask, End, Flow, Menu, Pick, Return, Use, _, back_to, do
from ussd_app.services import Services
from ussd_app.values import Hidden, Name, Proof


class Account(Flow):
    """The caller's own details."""

    choice: Hidden
    name: Name
    proof: Proof

    menu = Menu(
        _("My account"),
        (_("Change my name"), "new_name"),
        (_("Lugha / Language"), "languages_menu"),
        (_("Change my PIN"), "old_pin"),
        (_("People I trust"), "trust"),
        back="left",
    )
    trust = Use(Guarantors, left="menu")

    new_name = Ask(_("Your name, as friends should see it:"), "name", then="name_pin", back="menu")
    name_pin = Use(
        Pin,
        give={"about": _("To be called {name}:")},
        confirmed="rename",
        cancelled="new_name",
    )

    @do(renamed="renamed")
    def rename(self, app: Services) -> Literal["renamed"]:
        app.members.rename(self.caller, self.name)
        return "renamed"

    renamed = End(_("From now on you are {name}. It cost nothing."))

    languages_menu = Pick(
        _("Lugha / Language:"), "choice", options="languages", then="speak", back="menu"
    )

    def languages(self, app: Services) -> list[tuple[str, str]]:
        return [(name, language) for language, name in app.catalogs.names.items()]

    @do(changed=back_to("menu", _("We speak English now.")))
    def speak(self, app: Services) -> Literal["changed"]:
        app.members.speak(self.caller, self.choice)
        self.language = self.choice
        return "changed"

    old_pin = Use(
        Pin,
        give={"about": _("To change your PIN, first type the one you have.")},
        confirmed="new_pin",
        cancelled="menu",
    )
    new_pin = Use(NewPin, take={"proof": "proof"}, chosen="save", left="menu")

    @do(saved="saved")
    def save(self, app: Services) -> Literal["saved"]:
        app.pins.change(self.caller, self.proof)
        return "saved"

    saved = End(
        _("Your PIN is changed. It cost nothing. Tell it to nobody, not even us. SMS follows.")
    )
    left = Return()
