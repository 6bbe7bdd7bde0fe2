"""The two letters to whom the staff invite: a link in one, a code in the other."""

from __future__ import annotations

from datetime import datetime

from ussd_app.clock import Clock, Local
from ussd_app.db.work import Work
from ussd_app.messages.mail import Letter, Mail
from ussd_app.text import _

INVITED = _("{org} invites you")
LINK = _(
    "Hello,\n\n{inviter} invites you to work with the pages of {org}. Open this link before"
    " {until}:\n\n{site}{code}\n\nIt asks for a code, which comes in another letter.\n\nIf you do"
    " not know what this is about, do nothing. Questions? Call {support}."
)
YOUR_CODE = _("Your code for {org}")
CODE = _(
    "Hello,\n\nthe code that belongs to your invitation by {org} is\n\n{code}\n\nIt works once, on"
    " the page that the other letter names, before {until}. Nobody of {org} ever asks you for it."
)


class InvitationLetters:
    """Writes both, in the language of whoever reads them."""

    def __init__(self, clock: Clock, mail: Mail, local: Local, *, site: str) -> None:
        self._clock, self._mail, self._local, self._site = clock, mail, local, site

    def write(
        self,
        work: Work,
        email: str,
        language: str,
        *,
        inviter: str,
        until: datetime,
        token: str,
        code: str,
        once: str,
    ) -> None:
        """Promise them, neither of which is enough; `once` makes them one pair."""
        values = {
            "inviter": inviter,
            "site": self._site,
            "until": self._local.moment(until, language),
        }
        for kind, subject, text, secret in (
            ("staff_link", INVITED, LINK, token),
            ("staff_code", YOUR_CODE, CODE, code),
        ):
            self._mail.queue(
                work,
                Letter(
                    key=f"{kind}:{once}",
                    kind=kind,
                    to=email,
                    language=language,
                    subject=subject,
                    text=text,
                    values=values,
                    secret=secret,
                    hours=(until - self._clock.now()).total_seconds() / 3600,
                ),
            )
