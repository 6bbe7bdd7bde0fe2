"""Systems to try things on: one that stays well, and ones to break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.whole.system import System


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """A running system that nobody harms."""
    with System.running() as started:
        yield started


WIDE_LIMITS = {
    "SMS_DAILY_SPEND": "1000000",
    "LOOKUPS_A_DAY": "10000",
    "STATEMENTS_A_DAY": "1000",
    "PHONE_BURST": "2000",
    "PHONE_PER_SECOND": "50",
}


@pytest.fixture(scope="session")
def patient() -> Iterator[System]:
    """A running system to be harmed and healed; every test leaves it settled."""
    with System.running(SMS_UNCLEAR_SECONDS="6", **WIDE_LIMITS) as started:
        yield started


@pytest.fixture(scope="module")
def stormy() -> Iterator[System]:
    """One to be harmed for minutes.

    It waits for a report longer than the database is ever away: a report that finds no database is
    brought again after twice the time, and until then nobody can know that the SMS was taken.
    """
    with System.running(SMS_UNCLEAR_SECONDS="20", **WIDE_LIMITS) as started:
        yield started
