"""Last sentences of a call that cannot go on. Each tells only what is known to be true."""

from __future__ import annotations

from ussd_app.text import Text, _

REF_WIDEST = "0" * 8

BUSY = _("Your last step is still being worked on. Dial again in a minute.")
FLOODED = _("Too many requests. Wait a minute, then dial again.")
DOWN = _("The service is down. Please dial again in a few minutes.")
UNSURE = _("We are still checking your last step. Do not repeat it. Dial again in a minute.")
BROKEN = _("Something went wrong. Dial again, or call {support}. Ref {ref}.")
OVER = _("That call has ended. Dial {code} to start again.")
UNREADABLE = _("We could not read that. Please dial {code}.")
WRONG_CODE = _("This code is not in use. Please dial {code}.")

ALL: tuple[Text, ...] = (
    BUSY, FLOODED, DOWN, UNSURE, BROKEN, OVER, UNREADABLE, WRONG_CODE,
)  # fmt: skip
