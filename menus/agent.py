"""For agents: invite people, see how far they are, help them."""

from ussd_app.dialog import Flow, Menu, Return, _


class Agent(Flow):
    """What an agent does in the field."""

    menu = Menu(_("Agent"), back="left")
    left = Return()
