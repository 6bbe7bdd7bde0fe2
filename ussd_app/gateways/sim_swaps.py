"""SIM swaps: Africa's Talking Insights through their SDK, or nobody who knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from africastalking.Insights import InsightService

from ussd_app.gateways.asking import TIMEOUTS_SECONDS, Asking

VERSION = "/v1"
UNKNOWN = "unknown"

NOT_TAKEN = {"Failed", "InvalidPhoneNumber", "UnsupportedPhoneNumber", "InsufficientBalance"}
NO_ID = {"", "None", "null"}
ID_MOST = 200  # theirs have 40 letters


@dataclass(frozen=True)
class Asked:
    """An answer: the `verdict` if it is known at once, or the `reference` under which it comes."""

    verdict: str | None
    reference: str | None = None


@dataclass(frozen=True)
class FixedSimSwaps:
    """Says the same of every number: 'unknown' where nobody can be asked, 'clean' to try things."""

    verdict: str

    def ask(self, phone: str) -> Asked:
        del phone
        return Asked(self.verdict)


class InsightsSimSwaps:
    """Asks Africa's Talking, who take the question now and notify us of the answer later.

    Nothing they say at once makes a SIM clean: only the notification names a date.
    """

    def __init__(self, base_url: str, username: str, api_key: str) -> None:
        self._service = _Service(base_url, username, api_key)

    def ask(self, phone: str) -> Asked:
        """Raises Unreachable, Rejected, Unclear; an answer that names no request is 'unknown'."""
        answer = self._service.check_sim_swap_state([str(phone)], timeout=TIMEOUTS_SECONDS)
        reference = _reference(answer)
        return Asked(None, reference) if reference else Asked(UNKNOWN)


def _reference(answer: Any) -> str | None:
    """Their id of the request, if they took it."""
    match answer:
        case {"responses": [{"requestId": str(told), **one}, *_]}:
            reference = told.strip()
            taken = str(one.get("status")) not in NOT_TAKEN
            sound = reference.isprintable() and len(reference) <= ID_MOST
            return reference if taken and sound and reference not in NO_ID else None
    return None


class _Service(Asking, InsightService):
    """The SDK's, at another base address."""

    def __init__(self, base_url: str, username: str, api_key: str) -> None:
        super().__init__(username, api_key)
        self._baseUrl = base_url + VERSION
