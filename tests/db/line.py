"""The simulated company over a line that stays open: making one takes longer than using it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.people import Company


@dataclass
class NearCompany(Company):
    """The same company."""

    client: httpx.Client = field(default_factory=httpx.Client)

    def fault(self, *faults: dict[str, Any]) -> None:
        """Switch these faults on, and every other off."""
        self._put("/control/faults", {"faults": list(faults)})

    def reset(self) -> None:
        """Forget everything."""
        self.client.post(f"{self.address}/control/reset").raise_for_status()

    def _put(self, path: str, body: dict[str, Any]) -> None:
        self.client.put(f"{self.address}{path}", json=body).raise_for_status()

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.client.get(f"{self.address}{path}", params=query)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture(scope="session")
def line_to_company() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture
def company(company_address: str, line_to_company: httpx.Client) -> Company:
    """Africa's Talking with empty books."""
    made = NearCompany(company_address, client=line_to_company)
    made.reset()
    return made
