"""How Africa's Talking is asked: one request, and failures that say what is known of it."""

from __future__ import annotations

import json
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from ussd_app.errors import Rejected, Unclear, Unreachable

TIMEOUTS_SECONDS = (3.05, 9.05)  # to connect; between two bytes of the answer

_OK, _CREATED_LAST = 200, 299
_TOO_MANY, _SERVER_ERRORS = 429, 500


class Asking:
    """What every service of the SDK is given: failures that say whether anything was sent.

    The SDK alone tells neither that nor the status of an answer, and reads JSON only under one
    spelling of its content type. Each request has a connection of its own: on one kept open, a
    request that meets its closing end could not be told from one that was taken.
    """

    def _make_request(  # noqa: PLR0917 - the SDK's own signature
        self,
        url: str,
        method: str,
        headers: dict[str, str],
        data: dict[str, Any] | str,
        params: dict[str, Any] | None,
        callback: None = None,
        timeout: tuple[float, float] = TIMEOUTS_SECONDS,
    ) -> Any:
        """The JSON of the answer. Raises Unreachable, Rejected, Unclear."""
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
        except (ValueError, RecursionError):
            raise Unclear("an answer that is no JSON") from None


def _never_sent(error: requests.RequestException) -> bool:
    """Whether not a byte of the request can have arrived."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
