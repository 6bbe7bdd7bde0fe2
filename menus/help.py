"""Help: whom to call, what became of the last payment, and a report in one's own words."""

from typing import Literal

from menus.recovery import Forgot
from menus.shared.payee import payee
from menus.shared.pin import Pin
from ussd_app.dialog import Ask, End, Flow, Menu, Return, Use, _, do
from ussd_app.services import Services
from ussd_app.values import Amount, DayAndHour, Reference, Remark, Shown


class Help(Flow):
    """Help, for members."""

    words: Remark
    quoted: Reference
    amount: Amount
    other: Shown
    at: DayAndHour

    menu = Menu(
        _("Help: call {support}."),
        (_("My last payment"), "last_pin"),
        (_("Report a problem"), "report"),
        (_("I forgot my PIN"), "forgot"),
        back="left",
    )

    last_pin = Use(
        Pin,
        give={"about": _("To see your last payment:")},
        confirmed="look",
        cancelled="menu",
    )

    @do(paid="paid", never="never")
    def look(self, app: Services) -> Literal["paid", "never"]:
        receipt = app.payments.last(app.members.get(self.caller).id)
        if receipt is None:
            return "never"
        self.quoted, self.amount = receipt.reference, receipt.amount
        self.other, self.at = (
            payee(app, receipt, self.language),
            DayAndHour(app.local.day_and_hour(receipt.at)),
        )
        return "paid"

    paid = Menu(_("{at}: {amount} went to {other}. Ref {quoted}."), back="menu")
    never = Menu(_("You have not paid anybody yet."), back="menu")

    report = Ask(_("What went wrong? Tell us in a few words:"), "words", then="save", back="menu")

    @do(saved="thanks")
    def save(self, app: Services) -> Literal["saved"]:
        self.quoted = app.members.complain(self.caller, self.ref, self.words)
        return "saved"

    thanks = End(
        _("Thank you. We received your report, Ref {quoted}. We will call you. It cost nothing.")
    )
    forgot = Use(Forgot, give={"onward": _("Later")}, left="menu")
    left = Return()
