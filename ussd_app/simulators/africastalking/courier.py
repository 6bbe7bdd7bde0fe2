"""The way out to the application: one post, one answer, one deadline."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

HOP_LABEL = "at-ussd-hop-metadata"
MAX_ANSWER_BYTES = 65_536
MAX_CONNECTIONS = 256
# Shorter than any server's own patience, so that a kept connection is never one already closed.
_KEEP_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; `error` says in plain words why nothing did, and never names the address."""

    took_ms: int
    http_status: int | None = None
    body: str = ""
    label: str = ""
    error: str = ""


class Courier:
    """Posts forms and JSON; it has an answer for everything, and raises for nothing the other side does."""

    def __init__(self) -> None:
        # The client would log each address, and addresses hold secrets.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.Client(
            trust_env=False,
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_CONNECTIONS,
                keepalive_expiry=_KEEP_SECONDS,
            ),
        )

    def post(
        self,
        address: str,
        form: Mapping[str, str],
        *,
        timeout_seconds: float,
        headers: Mapping[str, str] | None = None,
        as_json: bool = False,
    ) -> Answer:
        """Post the fields and wait for the whole answer, at most so long in all."""
        body_of: dict[str, Any] = {"json": dict(form)} if as_json else {"data": form}
        start = time.monotonic()
        status, body, label, error = None, b"", "", ""
        try:
            with self._client.stream(
                "POST", address, headers=headers, timeout=timeout_seconds, **body_of
            ) as response:
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER_BYTES:
                        error = "the answer was too large"
                        break
                    if time.monotonic() - start > timeout_seconds:
                        raise httpx.ReadTimeout("")
                status = response.status_code
                label = response.headers.get(HOP_LABEL, "")
        except httpx.TimeoutException:
            status, error = None, f"no answer within {timeout_seconds:g} seconds"
        except httpx.ConnectError:
            error = "could not connect"
        except (httpx.HTTPError, httpx.InvalidURL):
            error = "the connection broke"
        return Answer(
            took_ms=round((time.monotonic() - start) * 1000),
            http_status=status,
            body=body.decode(errors="replace"),
            label=label,
            error=error,
        )

    def close(self) -> None:
        """Close every connection."""
        self._client.close()
