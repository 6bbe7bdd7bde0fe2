"""Choosing a PIN, the same way everywhere."""

from typing import Literal

from ussd_app.dialog import Ask, Flow, Return, _, back_to, do
from ussd_app.errors import Invalid, PinWeak
from ussd_app.services import Services
from ussd_app.values import Proof


class NewPin(Flow):
    """Choose a PIN by typing it twice; hands back what proves it."""

    proof: Proof

    first = Ask(
        _("Choose a PIN: 4 digits that nobody can guess.\nNew PIN:"),
        then="weigh",
        back="left",
        secret=True,
    )

    @do(
        fine="again",
        weak=back_to("first", _("That PIN is easy to guess.")),
        unreadable=back_to("first", _("A PIN is 4 digits.")),
    )
    def weigh(self, app: Services) -> Literal["fine", "weak", "unreadable"]:
        try:
            self.proof = Proof(app.pins.candidate(self.caller, self.typed))
        except Invalid:
            return "unreadable"
        except PinWeak:
            return "weak"
        return "fine"

    again = Ask(_("Type the new PIN once more:"), then="compare", back="first", secret=True)

    @do(
        same="chosen",
        differ=back_to("first", _("The two PINs differ. Choose again.")),
        used=back_to("first", _("You had that PIN before.")),
    )
    def compare(self, app: Services) -> Literal["same", "differ", "used"]:
        try:
            same = app.pins.repeats(self.caller, self.proof, self.typed)
        except Invalid:
            same = False
        except PinWeak:
            return "used"
        return "same" if same else "differ"

    chosen = Return()
    left = Return()
