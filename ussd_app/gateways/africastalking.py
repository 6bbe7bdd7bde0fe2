"""Africa's Talking: SMS through their SDK, with a base address and errors that say what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from africastalking.SMS import SMSService

from ussd_app.errors import Rejected, Unclear, Unreachable
from ussd_app.gateways.asking import TIMEOUTS_SECONDS, Asking

VERSION = "/version1"

TAKEN = {100, 101, 102}  # Processed, Sent, Queued
NO_ID = {"", "None"}  # what they write for an SMS that has none
NOT_TAKEN_NOW = {405, 407, 500, 501, 502}  # no balance, no route, their own troubles: try later


@dataclass(frozen=True)
class Accepted:
    """They took it: their id of it, and what it cost in hundredths of the currency, 0 if untold."""

    provider_id: str
    cost: int


class AfricasTalkingSms:
    """Sends one SMS to one number, and judges it by what is said of that number."""

    def __init__(self, base_url: str, username: str, api_key: str, sender_id: str = "") -> None:
        self._service = _Service(base_url, username, api_key)
        self._sender_id = sender_id or None

    def send(self, to: str, body: str) -> Accepted:
        """Raises Unreachable (not taken), Rejected (never will be), Unclear (no answer read)."""
        answer = self._service.send(body, [to], self._sender_id, timeout=TIMEOUTS_SECONDS)
        try:
            data = answer["SMSMessageData"]
            recipients = data["Recipients"]
            if not recipients:  # an unknown sender name is told so, with HTTP 201
                raise Rejected(str(data.get("Message", "no recipients"))[:80])
            one = recipients[0]
            code = int(one["statusCode"])
            if code in TAKEN:
                provider_id = str(one["messageId"]).strip()
                if provider_id in NO_ID:
                    raise Unclear(f"{code} without an id")
                return Accepted(provider_id, hundredths(str(one.get("cost", ""))))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise Unclear(f"an answer of another shape: {type(error).__name__}") from None
        if code in NOT_TAKEN_NOW:
            raise Unreachable(f"{code} {one.get('status', '')}")
        raise Rejected(f"{code} {one.get('status', '')}")


def hundredths(cost: str) -> int:
    """'KES 0.8000' as 80, rounded up: what is spent is never counted short."""
    found = re.search(r"\d+(\.\d+)?", cost)
    return ceil(Decimal(found[0]) * 100) if found else 0


class _Service(Asking, SMSService):
    """The SDK's, at another base address."""

    def __init__(self, base_url: str, username: str, api_key: str) -> None:
        super().__init__(username, api_key)
        self._baseUrl = base_url + VERSION
