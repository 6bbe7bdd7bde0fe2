"""What SMS say of a payment. Each fits one SMS at its widest, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ussd_app.messages.service import Draft
from ussd_app.text import _
from ussd_app.transfers.facts import Party
from ussd_app.values import Amount

SENT = _("{ref}: you sent {amount} to {name} {phone} on {when}. Fee 0. Balance {balance}.")
RECEIVED = _("{ref}: you got {amount} from {name} {phone} on {when}. Balance {balance}.")
INVITATION = _("{name} wants to send you {token} at {org}. To join, dial {code}. It is free.")
STATEMENT = _("{org} {when}. Balance {balance}.{lines}")


Told = Mapping[str, object]


def to_payer(posting: int, payer: Party, payee: Party, *, balance: Amount, told: Told) -> Draft:
    """The payer's receipt: one for each posting."""
    draft = Draft(f"sent:{posting}", "receipt", payer.phone, payer.language, SENT, member=payer.id)
    return replace(draft, values={**told, **_about(payee), "balance": balance})


def to_payee(posting: int, payer: Party, payee: Party, *, balance: Amount, told: Told) -> Draft:
    """The payee's receipt: one for each posting."""
    key = f"received:{posting}"
    draft = Draft(key, "receipt", payee.phone, payee.language, RECEIVED, member=payee.id)
    return replace(draft, values={**told, **_about(payer), "balance": balance})


def _about(party: Party) -> Told:
    return {"name": party.name.short, "phone": party.phone.national}
