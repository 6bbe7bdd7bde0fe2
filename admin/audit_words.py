"""What the rows of the audit say, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel.speaklater import LazyString

from admin.language import lazy_gettext

ACTIONS: Mapping[str, LazyString] = {
    "transfer.sent": lazy_gettext("sent money"),
    "transfer.abandoned": lazy_gettext("gave up a payment"),
    "complaint.made": lazy_gettext("reported something"),
    "complaint.closed": lazy_gettext("answered a report"),
    "member.joined": lazy_gettext("joined"),
    "member.invited": lazy_gettext("invited a member"),
    "member.renamed": lazy_gettext("changed a name"),
    "invitation.cancelled": lazy_gettext("took an invitation back"),
    "member.changed": lazy_gettext("changed where a member belongs"),
    "member.deleted": lazy_gettext("deleted a member"),
    "member.forgotten": lazy_gettext("forgot the last of a deleted member"),
    "member.language": lazy_gettext("changed the language"),
    "member.kind": lazy_gettext("changed the type of a member"),
    "member.status": lazy_gettext("changed whether a member may come in"),
    "member.phone": lazy_gettext("changed a member's number"),
    "pin.changed": lazy_gettext("changed the PIN"),
    "pin.locked": lazy_gettext("locked the PIN by wrong tries"),
    "pin.unlocked": lazy_gettext("unlocked a PIN"),
    "recovery.opened": lazy_gettext("asked for a new PIN"),
    "recovery.voted": lazy_gettext("answered for somebody who lost the PIN"),
    "recovery.approved": lazy_gettext("approved a new PIN"),
    "recovery.refused": lazy_gettext("refused a new PIN"),
    "recovery.vetoed": lazy_gettext("stopped a new PIN"),
    "recovery.done": lazy_gettext("chose a new PIN"),
    "recovery.unlocked": lazy_gettext("remembered the PIN"),
    "recovery.expired": lazy_gettext("let a new PIN lapse"),
    "invitation.sent": lazy_gettext("sent an invitation"),
    "code.burnt": lazy_gettext("used up the tries of a code"),
    "filter.kept": lazy_gettext("kept a filter"),
    "filter.forgotten": lazy_gettext("forgot a filter"),
    "guarantor.seeded": lazy_gettext("was planted as a guarantor"),
    "guarantor.asked": lazy_gettext("asked somebody to vouch"),
    "guarantor.accepted": lazy_gettext("agreed to vouch"),
    "guarantor.declined": lazy_gettext("declined to vouch"),
    "guarantor.removed": lazy_gettext("let a guarantor go"),
    "invitation.asked_again": lazy_gettext("asked for the code once more"),
    "invitation.list": lazy_gettext("gave a list of invitations"),
    "invitation.proven": lazy_gettext("proved an invitation by its code"),
    "invitation.sent_again": lazy_gettext("sent an invitation again"),
    "member.noted": lazy_gettext("wrote a note"),
    "member.tagged": lazy_gettext("tagged a member"),
    "member.untagged": lazy_gettext("took a tag away"),
    "member.seeded": lazy_gettext("was planted for trying things"),
    "recovery.sim_unknown": lazy_gettext("could not be told of the SIM"),
    "user.created": lazy_gettext("made a user"),
    "user.suspended": lazy_gettext("suspended a user"),
    "user.restored": lazy_gettext("let a user in again"),
    "user.role": lazy_gettext("changed a role"),
    "posting.reversed": lazy_gettext("took a transaction back"),
    "transactions.export_begun": lazy_gettext("began to take transactions out as a file"),
    "transactions.exported": lazy_gettext("took transactions out as a file"),
    "user.signed_in": lazy_gettext("signed in"),
    "user.signed_out": lazy_gettext("signed out"),
    "user.refused": lazy_gettext("was not let in"),
    "user.locked": lazy_gettext("was locked out for a while by wrong tries"),
    "user.denied": lazy_gettext("wanted a page that is not theirs"),
    "user.password": lazy_gettext("chose a new password"),
    "user.reset_asked": lazy_gettext("asked for a link to a new password"),
    "user.confirmation_asked": lazy_gettext("asked for a letter to confirm the address"),
    "user.confirmed": lazy_gettext("confirmed the address"),
    "user.factor": lazy_gettext("set up an app that shows codes"),
    "user.factor_removed": lazy_gettext("removed the app that shows codes"),
    "user.passkey_added": lazy_gettext("added a passkey"),
    "user.passkey_removed": lazy_gettext("removed a passkey"),
    "user.codes_made": lazy_gettext("made recovery codes"),
    "user.code_used": lazy_gettext("used a recovery code"),
    "user.factors_reset": lazy_gettext("took off somebody's second factors"),
    "user.invited": lazy_gettext("invited somebody to the staff"),
    "user.invited_again": lazy_gettext("sent an invitation to the staff again"),
    "user.invitation_withdrawn": lazy_gettext("withdrew an invitation to the staff"),
    "user.invitation_missed": lazy_gettext("gave wrong answers to an invitation"),
    "user.invitation_accepted": lazy_gettext("accepted an invitation to the staff"),
    "member.revealed": lazy_gettext("looked at what is private of a member"),
    "people.export_begun": lazy_gettext("began to take out a list of people"),
    "people.exported": lazy_gettext("took out a list of people"),
    "approval.asked": lazy_gettext("asked for a second person"),
    "approval.approved": lazy_gettext("approved what another asked for"),
    "approval.refused": lazy_gettext("refused what another asked for"),
    "approval.expired": lazy_gettext("let a request lapse"),
    "approval.looked": lazy_gettext("looked at what is private in a request"),
    "call.revealed": lazy_gettext("looked at the screens of a session"),
    "call.played_again": lazy_gettext("went on from a screen in the simulator"),
    "calls.export_begun": lazy_gettext("began to take out sessions"),
    "calls.exported": lazy_gettext("took out sessions"),
    "message.revealed": lazy_gettext("looked at the words of an SMS"),
    "messages.export_begun": lazy_gettext("began to take out SMS"),
    "messages.exported": lazy_gettext("took out SMS"),
    "sms.written": lazy_gettext("wrote an SMS"),
    "sms.repeated": lazy_gettext("sent an SMS again"),
    "audit.exported": lazy_gettext("took out a part of the audit"),
    "audit.verified": lazy_gettext("verified the audit"),
}
DETAILS: Mapping[str, LazyString] = {
    "path": lazy_gettext("decided by"),
    "series": lazy_gettext("locks in a row"),
    "faults": lazy_gettext("rows that are broken"),
    "hash": lazy_gettext("hash"),
    "role": lazy_gettext("role"),
    "kind": lazy_gettext("kind"),
    "reverses": lazy_gettext("takes back"),
    "request": lazy_gettext("request"),
    "vouches": lazy_gettext("vouches"),
    "asked": lazy_gettext("filter"),
}
CHANNELS: Mapping[str, LazyString] = {
    "ussd": lazy_gettext("on the phone"),
    "web": lazy_gettext("on the web"),
    "shell": lazy_gettext("on the server"),
    "system": lazy_gettext("by itself"),
    "gateway": lazy_gettext("told by the company"),
}
KINDS: Mapping[str, LazyString] = {
    "member": lazy_gettext("Member"),
    "staff": lazy_gettext("Staff"),
    "operator": lazy_gettext("Operator"),
    "system": lazy_gettext("The system"),
}
SUBJECTS: Mapping[str, LazyString] = {
    "member": lazy_gettext("Member"),
    "user": lazy_gettext("Staff"),
    "posting": lazy_gettext("Transaction"),
    "recovery": lazy_gettext("Lost PIN"),
    "approval": lazy_gettext("Request"),
    "complaint": lazy_gettext("Report"),
    "guarantor": lazy_gettext("Guarantor"),
    "invitation": lazy_gettext("Invitation"),
    "staff_invitation": lazy_gettext("Invitation to the staff"),
    "call": lazy_gettext("USSD session"),
    "message": lazy_gettext("SMS"),
    "people": lazy_gettext("List of people"),
    "transactions": lazy_gettext("List of transactions"),
    "calls": lazy_gettext("List of sessions"),
    "messages": lazy_gettext("List of SMS"),
    "audit": lazy_gettext("Audit"),
}
HASH_LETTERS = 12


def called(words: Mapping[str, LazyString], word: str) -> str:
    """Its name; one that has none yet as it is called."""
    return str(words.get(word, word.replace("_", " ")))


def said(action: str) -> str:
    """The deed in words; one that has none yet as it is called."""
    return str(ACTIONS.get(action, action.replace(".", ": ").replace("_", " ")))


def explained(details: Mapping[str, Any]) -> str:
    """The details in one line: the reason first, as it was given."""
    parts = [_("“%(why)s”", why=details["why"])] if "why" in details else []
    if "was" in details and "to" in details:
        parts.append(_("from %(was)s to %(to)s", was=details["was"], to=details["to"]))
    told = {"why", "was", "to"} if "was" in details else {"why"}
    parts += [
        f"{DETAILS.get(key, key)}: {_short(value)}"
        for key, value in details.items()
        if key not in told
    ]
    return "; ".join(parts)


def _short(value: object) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    words = str(value)
    return words if len(words) <= 4 * HASH_LETTERS else f"{words[:HASH_LETTERS]}…"
