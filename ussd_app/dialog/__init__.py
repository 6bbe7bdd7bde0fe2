"""The menu engine: write flows, prove them, draw them, run them."""

from ussd_app.dialog.flow import (
    Ask,
    Cut,
    End,
    Flow,
    Menu,
    Pick,
    Resume,
    Return,
    Use,
    back_to,
    do,
)
from ussd_app.text import Text, _

__all__ = [
    "Ask",
    "Cut",
    "End",
    "Flow",
    "Menu",
    "Pick",
    "Resume",
    "Return",
    "Text",
    "Use",
    "_",
    "back_to",
    "do",
]
