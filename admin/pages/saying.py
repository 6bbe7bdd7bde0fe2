"""What a refusal says to the staff, in their language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from admin.guard import services
from admin.language import chosen
from ussd_app.errors import Conflict, Invalid, LimitReached, NotAllowed, Refusal


def say(no: Refusal) -> str:
    """Words that say what to do now."""
    if isinstance(no, Invalid):
        return services().catalogs.translate(no.message, chosen())
    if isinstance(no, LimitReached):
        return str(_("Too many for now. Please try again later."))
    if isinstance(no, Conflict):
        return str(
            _("That cannot be done: they joined, were invited by somebody else, or have gone.")
        )
    if isinstance(no, NotAllowed):
        return str(_("That is not allowed: the country is not served, or they want no SMS."))
    return str(_("That cannot be done now."))
