"""A lost PIN: asking for a new one, and vouching for somebody who did."""

from ussd_app.dialog import Flow, Menu, Return, _


class Forgot(Flow):
    """The caller's own recovery: begin it, see how it stands, stop it, choose the new PIN."""

    menu = Menu(_("Forgot my PIN"), back="left")
    left = Return()


class Plea(Flow):
    """Somebody lost their PIN: vouch for them, or not."""

    menu = Menu(_("Vouch?"), back="left")
    left = Return()
