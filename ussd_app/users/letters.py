"""What users are told by e-mail about their own account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ussd_app.db.work import Work
from ussd_app.messages.mail import Letter, Mail
from ussd_app.text import Text, _


@dataclass(frozen=True)
class Draft:
    """The words of a kind of letter."""

    kind: str
    subject: Text
    text: Text


PASSWORD_CHANGED = Draft(
    "password_changed",
    _("Your password was changed"),
    _(
        "Hello {name},\n\nyour password was changed, and you were signed out everywhere else.\n\n"
        "If that was not you, tell an administrator at once."
        " Questions? Call {support}."
    ),
)
FACTOR_CHANGED = Draft(
    "factor_changed",
    _("Your second factor was changed"),
    _(
        "Hello {name},\n\nfrom now on the app that was just set up shows the codes you sign in with.\n\n"
        "If that was not you, tell an administrator at once."
        " Questions? Call {support}."
    ),
)
PASSKEY_ADDED = Draft(
    "passkey_added",
    _("A passkey was added to your account"),
    _(
        "Hello {name},\n\nfrom now on another passkey lets you in together with your password.\n\n"
        "If that was not you, tell an administrator at once."
        " Questions? Call {support}."
    ),
)
FACTOR_REMOVED = Draft(
    "factor_removed",
    _("A second factor was removed"),
    _(
        "Hello {name},\n\na telephone or a passkey that you signed in with was removed from your"
        " account.\n\nIf that was not you, tell an administrator at once."
        " Questions? Call {support}."
    ),
)
FACTORS_RESET = Draft(
    "factors_reset",
    _("Your second factors were taken off"),
    _(
        "Hello {name},\n\nbecause somebody asked for it and another person agreed, your telephone,"
        " passkeys and recovery codes let you in no more, and you are signed out everywhere. Sign"
        " in with your password: you are asked to confirm this address and to set up a second"
        " factor anew.\n\nIf you did not ask for this, tell an administrator at once."
        " Questions? Call {support}."
    ),
)
RESET = Draft(
    "password_reset",
    _("A new password"),
    _(
        "Hello {name},\n\nsomebody, hopefully you, asked for a new password. Choose one here within"
        " an hour:\n\n{code}\n\nIf it was not you, do nothing: your password stays as it is."
        " Questions? Call {support}."
    ),
)
CONFIRM = Draft(
    "email_confirm",
    _("Is this your address?"),
    _(
        "Hello {name},\n\nopen this page within a day, so that we know the address is"
        " yours:\n\n{code}\n\nIf you do not know what this is about, do nothing."
        " Questions? Call {support}."
    ),
)


def notice(work: Work, mail: Mail, user: int, draft: Draft, now: datetime) -> None:
    """Tell them of a change, once for each moment."""
    _send(work, mail, user, draft, key=f"{draft.kind}:{user}:{now.timestamp()}")


def link(work: Work, mail: Mail, user: int, draft: Draft, now: datetime, *, address: str) -> None:
    """Send them a link, at most one of a kind a minute: nobody's mailbox is flooded."""
    key = f"{draft.kind}:{user}:{now:%Y%m%d%H%M}"
    _send(work, mail, user, draft, key=key, secret=address)


def _send(
    work: Work, mail: Mail, user: int, draft: Draft, *, key: str, secret: str | None = None
) -> None:
    name, email, language = work.the_row(
        "SELECT name, email, language FROM user_account WHERE id = %s", user
    )
    if not email:
        return
    mail.queue(
        work,
        Letter(
            key=key,
            kind=draft.kind,
            to=email,
            language=language,
            subject=draft.subject,
            text=draft.text,
            values={"name": name},
            secret=secret,
            user=user,
        ),
    )
