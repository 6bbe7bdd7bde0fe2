"""What the owner of a PIN is told when it is locked, unlocked or changed."""

from __future__ import annotations

from datetime import datetime

from ussd_app.clock import Local
from ussd_app.db.work import Work
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import Text, _

FOR_GOOD = datetime.fromisoformat("9999-01-01T00:00:00+00:00")  # until a recovery

LOCKED_UNTIL = _(
    "{org}: your PIN is locked until {until} after 3 wrong tries. Not you? Call {support}."
)
LOCKED_FOR_GOOD = _(
    "{org}: your PIN is locked after many wrong tries. Call {support} to unlock it."
)
UNLOCKED = _(
    "{org}: our staff unlocked your PIN. It is the same as before. Questions? Call {support}."
)
CHANGED = _("{org}: your PIN was changed on {until}. Not you? Call {support} at once.")


class Teller:
    """Promises the SMS about PINs; each is told once."""

    def __init__(self, messages: Messages, *, local: Local, signature: dict[str, str]) -> None:
        self._messages, self._local, self._signature = messages, local, signature

    def owner(self, work: Work, member: int, key: str, text: Text, moment: datetime) -> None:
        """Tell the owner, and the moment until when, or of which, that is."""
        phone, language = work.the_row("SELECT phone, language FROM member WHERE id = %s", member)
        until = "" if moment == FOR_GOOD else self._local.day_and_hour(moment)
        self._messages.queue(
            work,
            Draft(
                key=key,
                kind="security",
                phone=phone,
                language=language,
                text=text,
                values={**self._signature, "until": until},
                member=member,
            ),
        )
