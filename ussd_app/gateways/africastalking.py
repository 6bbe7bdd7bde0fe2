"""Africa's Talking: SMS through their SDK, with a base address and errors that say what to do."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

import requests
from africastalking.SMS import SMSService
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from ussd_app.errors import Rejected, Unclear, Unreachable

TIMEOUTS_SECONDS = (3.05, 9.05)  # to connect; between two bytes of the answer
VERSION = "/version1"

TAKEN = {100, 101, 102}  # Processed, Sent, Queued
NO_ID = {"", "None"}  # what they write for an SMS that has none
NOT_TAKEN_NOW = {405, 407, 500, 501, 502}  # no balance, no route, their own troubles: try later

_OK, _CREATED_LAST = 200, 299
_TOO_MANY, _SERVER_ERRORS = 429, 500


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


class _Service(SMSService):  # type: ignore[misc]
    """The SDK's, with another base address and failures that say whether anything was sent.

    The SDK alone tells neither that nor the status of an answer, and reads JSON only under one
    spelling of its content type. Each request has a connection of its own: on one kept open, a
    request that meets its closing end could not be told from one that was taken.
    """

    def __init__(self, base_url: str, username: str, api_key: str) -> None:
        super().__init__(username, api_key)
        self._baseUrl = base_url + VERSION

    def _make_request(  # noqa: PLR0917 - the SDK's own signature
        self,
        url: str,
        method: str,
        headers: dict[str, str],
        data: dict[str, Any],
        params: dict[str, Any] | None,
        callback: None = None,
        timeout: tuple[float, float] = TIMEOUTS_SECONDS,
    ) -> Any:
        del callback
        try:
            answer = requests.request(
                method,
                url,
                headers=headers,
                data=data,
                params=params,
                timeout=timeout,
                allow_redirects=False,  # the key is in a header, which would go along
            )
        except requests.RequestException as error:
            if _never_sent(error):
                raise Unreachable("no connection") from None
            raise Unclear(type(error).__name__) from None
        status = answer.status_code
        if status == _TOO_MANY:
            raise Unreachable("too many requests")
        if status >= _SERVER_ERRORS:
            raise Unclear(f"HTTP {status}")
        if not _OK <= status <= _CREATED_LAST:
            raise Rejected(f"HTTP {status}")
        try:
            return json.loads(answer.text)
        except ValueError:
            raise Unclear("an answer that is no JSON") from None


def _never_sent(error: requests.RequestException) -> bool:
    """Whether not a byte of the request can have arrived."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
