"""People one trusts: guarantors, and those for whom one is a guarantor."""

from ussd_app.dialog import Flow, Menu, Return, _


class Guarantors(Flow):
    """The caller's guarantors and wards."""

    menu = Menu(_("My guarantors"), back="left")
    left = Return()


class Asked(Flow):
    """Somebody asks the caller to be a guarantor: accept or decline."""

    menu = Menu(_("Be a guarantor?"), back="left")
    left = Return()
