"""Do what a form asks for, and say on the next page what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel.speaklater import LazyString

from admin.language import chosen
from ussd_app.errors import Invalid, Refusal
from ussd_app.office.erasure import Kept
from ussd_app.services import Services

Refusals = Mapping[type[Refusal], LazyString]


def tell(
    services: Services, back: str, deed: Callable[[], object], refusals: Refusals
) -> ResponseReturnValue:
    """Back to a page which says what the deed returned, or why it was refused."""
    try:
        flash(str(deed()), "success")
    except (Invalid, Kept) as no:
        flash(services.catalogs.say(no.message, chosen()), "error")
    except Refusal as no:
        words = worded(no, refusals) or _("That cannot be done now. Nothing was changed.")
        flash(words, "error")
    return redirect(url_for(back))


def worded(no: Refusal, refusals: Refusals) -> str | None:
    """The words for the first kind that it is one of; None if there are none."""
    return next((str(words) for kind, words in refusals.items() if isinstance(no, kind)), None)
