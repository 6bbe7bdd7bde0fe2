"""What a refusal says to the staff, in their language."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel.speaklater import LazyString

from admin.guard import services
from admin.language import chosen, lazy_gettext as _
from ussd_app.errors import Conflict, Invalid, LimitReached, NotAllowed, Refusal
from ussd_app.members.changing import Changed
from ussd_app.office.erasure import Kept

WORDS: Mapping[type[Refusal], LazyString] = {
    Changed: _("Somebody else has changed them meanwhile. Below is what is there now: look again."),
    LimitReached: _("Too many for now. Please try again later."),
    Conflict: _("That cannot be done: they joined, were invited by somebody else, or have gone."),
    NotAllowed: _("That is not allowed: the country is not served, or they want no SMS."),
    Refusal: _("That cannot be done now."),
}
"""The first that it is one of."""


def say(no: Refusal) -> str:
    """Words that say what to do now."""
    if isinstance(no, Invalid | Kept):
        return services().catalogs.translate(no.message, chosen())
    return str(next(words for kind, words in WORDS.items() if isinstance(no, kind)))
