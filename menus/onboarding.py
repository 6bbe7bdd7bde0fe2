"""Joining by invitation: the code from the SMS, a PIN, the terms."""

from ussd_app.dialog import Flow, Menu, Return, _


class Onboard(Flow):
    """An invited number joins."""

    menu = Menu(_("You are invited"), (_("Join without a code"), "alone"), back="left")
    left = Return()
    alone = Return()
