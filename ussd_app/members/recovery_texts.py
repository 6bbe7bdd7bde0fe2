"""What people are told of a recovery by SMS: its owner at every step, guarantors at both ends."""

from __future__ import annotations

from ussd_app.db.work import Work
from ussd_app.members.recovery_case import Case
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import Text, _
from ussd_app.values import Name, Phone

STARTED = _("{org}: you asked for a new PIN. Not you? Dial {code} and stop it with your PIN.")
STARTED_FOR_THEM = _(
    "{org}: our staff asked for a new PIN for you. Not you? Dial {code} and stop it with your PIN."
)
VOUCHED = _("{org}: {name} vouched for your new PIN. Not you? Dial {code}, stop it with your PIN.")
VOUCHED_AFTER_ALL = _(
    "{org}: {name} said no, and vouches now. Not you? Dial {code}, stop it with your PIN."
)
ENOUGH = _(
    "{org}: {name} vouched. That is enough: dial {code} from {when} on for your new PIN."
    " Not you? Stop it there."
)
ENOUGH_BUT_STAFF = _(
    "{org}: {name} vouched. That is enough, but we do not know your SIM: call {support}."
    " Not you? Dial {code}."
)
NOT_VOUCHED = _("{org}: {name} {phone} did not vouch for your new PIN. If it was you, call them.")
APPROVED = _(
    "{org}: one of our staff approved your new PIN, another must too."
    " Not you? Dial {code}, stop it with your PIN."
)
APPROVED_ENOUGH = _(
    "{org}: our staff approved your new PIN: dial {code} from {when} on. Not you? Stop it there."
)
APPROVED_BUT_GUARANTORS = _(
    "{org}: our staff approved your new PIN, your guarantors must vouch too."
    " Not you? Dial {code}, stop it with your PIN."
)
IDENTIFIED = _(
    "{org}: {agent} saw your ID card: dial {code} from {when} on for your new PIN."
    " Not you? Stop it there."
)
IDENTIFIED_BUT_STAFF = _(
    "{org}: {agent} saw your ID card, but we do not know your SIM: call {support}."
    " Not you? Dial {code}."
)
SIM_SWAPPED = _(
    "{org}: your SIM was changed lately, so our staff must agree to your new PIN."
    " Call {support}. Not you? Dial {code}."
)
SIM_UNKNOWN = _(
    "{org}: we could not check your SIM, so our staff must agree to your new PIN."
    " Call {support}. Not you? Dial {code}."
)
READY = _("{org}: you may choose your new PIN. Dial {code} before {until}. Not you? Stop it there.")
DONE = _(
    "{org}: you have a new PIN since {when}. Until {until} you can send only a little."
    " Not you? Call {support}."
)
UNLOCKED = _(
    "{org}: your PIN works again, as before, since {when}. Not you? Call {support} at once."
)
VETOED = _("{org}: no new PIN was given: it was stopped on your phone. Your PIN stays as it is.")
REFUSED = _("{org}: we could not give you a new PIN. Your PIN stays as it is. Call {support}.")
EXPIRED = _("{org}: the time to choose a new PIN has run out. To ask again, dial {code}.")

PLEA = _("{name} {phone} lost their PIN and asks you to vouch. Call them first, then dial {code}.")
PLEA_WAS_GOOD = _("{org}: {name} {phone} has a new PIN. Did they not ask for it? Call {support}.")
PLEA_IS_OVER = _("{org}: the request of {name} {phone} for a new PIN is over. You need not vouch.")
CODE = _(
    "{agent} of {org} asks for your new PIN. Code: {code}. Tell it to {agent} only if you are"
    " together, never by phone."
)

ENDS = {
    "done": (DONE, PLEA_WAS_GOOD),
    "unlocked": (UNLOCKED, PLEA_IS_OVER),
    "vetoed": (VETOED, PLEA_IS_OVER),
    "refused": (REFUSED, PLEA_IS_OVER),
    "expired": (EXPIRED, PLEA_IS_OVER),
}
"""What the owner and the guarantors are told when it ends so."""


class Teller:
    """Promises the SMS of recoveries; each step is told once."""

    def __init__(self, messages: Messages, *, signature: dict[str, str]) -> None:
        self._messages, self._signature = messages, signature

    def owner(self, work: Work, case: Case, step: str, text: Text, **values: object) -> None:
        """Tell the owner."""
        phone, language = work.the_row(
            "SELECT phone, language FROM member WHERE id = %s", case.member
        )
        self._messages.queue(
            work,
            Draft(
                key=f"recovery:{case.id}:{step}",
                kind="security",
                phone=phone,
                language=language,
                text=text,
                values={**self._signature, **values},
                member=case.member,
            ),
        )

    def guarantors(self, work: Work, case: Case, step: str, text: Text) -> None:
        """Tell the guarantors whose word counts, where they decide."""
        name, phone = work.the_row("SELECT name, phone FROM member WHERE id = %s", case.member)
        values = {**self._signature, "name": Name(name).short, "phone": Phone(phone).national}
        drafts = [
            Draft(
                key=f"recovery:{case.id}:{step}:{one.member}",
                kind="security",
                phone=one.phone,
                language=one.language,
                text=text,
                values=values,
                member=one.member,
            )
            for one in case.guarantors
        ]
        self._messages.queue(work, *drafts)
