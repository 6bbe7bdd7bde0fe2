"""What kinds, states and channels of transactions are called, and why one cannot be taken back."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel.speaklater import LazyString

from admin.language import lazy_gettext as _
from admin.telling import Refusals
from ussd_app.errors import NotEnough
from ussd_app.office.reversal import NoRoom, NotReversible, PartyGone, Reversed

KINDS: Mapping[str, LazyString] = {
    "transfer": _("Transfer"),
    "grant": _("Grant"),
    "reversal": _("Reversal"),
}
STATES: Mapping[str, LazyString] = {
    "posted": _("Done"),
    "reversed": _("Taken back"),
    "reversal": _("Takes back"),
    "given_up": _("Given up"),
}
CHANNELS: Mapping[str, LazyString] = {
    "ussd": _("USSD"),
    "web": _("Staff pages"),
    "shell": _("Server"),
    "system": _("By itself"),
}
FIELDS: Mapping[str, LazyString] = {
    "kind": _("Category"),
    "state": _("State"),
    "party": _("Member"),
    "channel": _("Channel"),
    "token": _("Token"),
    "amount_from": _("Amount from"),
    "amount_to": _("Amount to"),
    "since": _("From day"),
    "until": _("To day"),
}
SMS_STATES: Mapping[str, LazyString] = {
    "waiting": _("waits"),
    "sending": _("leaves"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "failed": _("failed"),
    "unclear": _("unclear"),
    "expired": _("too late"),
    "suppressed": _("not wanted"),
}
REQUEST_STATES: Mapping[str, LazyString] = {
    "waiting": _("waits for another person"),
    "done": _("done"),
    "refused": _("refused"),
    "expired": _("lapsed"),
}
REFUSALS: Refusals = {
    NotEnough: _(
        "The payee does not have it any more: it was spent, or is set aside. Nothing was changed."
    ),
    Reversed: _("It was taken back before. Nothing was changed."),
    NotReversible: _("Only transfers and grants can be taken back. Nothing was changed."),
    PartyGone: _("One of the two is deleted. Nothing was changed."),
    NoRoom: _("Whoever paid has no room for so much. Nothing was changed."),
}
_CLASSES = {"posted": "good", "delivered": "good", "sent": "good", "done": "good", "failed": "bad",
    "refused": "bad", "reversed": "bad"}  # fmt: skip


def called(words: Mapping[str, LazyString], word: str) -> str:
    """Its name; one that has none yet as it is called."""
    return str(words.get(word, word.replace("_", " ")))


def state_class(state: str) -> str:
    """The colour of a state, which its word says too."""
    return _CLASSES.get(state, "waits")
