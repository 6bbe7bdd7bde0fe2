"""Being asked to be somebody's guarantor."""

from typing import Literal

from menus.shared.pin import Pin
from menus.trust import days_to_count
from ussd_app.dialog import End, Flow, Menu, Return, Use, _, do
from ussd_app.errors import LimitReached, NotAllowed, NotFound
from ussd_app.services import Services
from ussd_app.values import Count, Hidden, Phone, Shown


class Asked(Flow):
    """Somebody asks the caller to be a guarantor: accept or decline."""

    which: Hidden
    name: Shown
    phone: Phone
    days: Count

    @do(somebody="request", nobody="left")
    def look(self, app: Services) -> Literal["somebody", "nobody"]:
        request = app.guarantors.asked(self.caller)
        if request is None:
            return "nobody"
        self.which, self.name = Hidden(request.id), Shown(request.other)
        self.phone, self.days = request.phone, days_to_count(app)
        return "somebody"

    request = Menu(
        _("{name} {phone} asks: if I lose my PIN, will you say it is me?"),
        (_("Accept"), "accept_pin"),
        (_("Decline"), "decline_pin"),
        back="left",
    )
    accept_pin = Use(
        Pin,
        give={"about": _("If {name} loses their PIN, we ask you whether it is really them. Free.")},
        confirmed="accept",
        cancelled="request",
    )
    decline_pin = Use(
        Pin,
        give={"about": _("Not to be a guarantor of {name}:")},
        confirmed="decline",
        cancelled="request",
    )

    @do(accepted="accepted", gone="gone", full="full")
    def accept(self, app: Services) -> Literal["accepted", "gone", "full"]:
        try:
            app.guarantors.answer(self.caller, int(self.which), accepts=True)
        except LimitReached:
            return "full"
        except (NotAllowed, NotFound):
            return "gone"
        return "accepted"

    @do(declined="declined", gone="gone")
    def decline(self, app: Services) -> Literal["declined", "gone"]:
        try:
            app.guarantors.answer(self.caller, int(self.which), accepts=False)
        except (NotAllowed, NotFound):
            return "gone"
        return "declined"

    accepted = End(
        _(
            "Thank you. You are a guarantor of {name}; you can vouch in {days} days, free."
            " To stop: {code}, My account."
        )
    )
    declined = End(_("You are not a guarantor of {name}. It cost nothing. You both get an SMS."))
    gone = Menu(_("{name} withdrew this, or the time is over. Nothing was done."), back="look")
    full = Menu(
        _(
            "Nothing was done: you vouch for as many as you may."
            " To accept, first stop vouching for somebody: My account."
        ),
        back="left",
    )
    left = Return()
