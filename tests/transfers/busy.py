"""Payments that have been weighed, and wait for one wallet to be written by somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

from tests.db.crowd import eventually
from tests.db.surgery import Surgeon
from tests.people import World
from ussd_app.ledger import service as ledger

T = TypeVar("T")

WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


class _GivenUp(Exception):
    """What was written meanwhile is not to be."""


@contextmanager
def busy(world: World, member: int) -> Iterator[None]:
    """Somebody is writing the member's wallet, and gives it up in the end."""
    now, token = world.clock.now(), world.services.tokens.first.id
    with suppress(_GivenUp), world.db.work() as work:
        wallet = ledger.open_account(work, token, member, at=now)
        ledger.hold(work, "busy", account=wallet, amount=1, at=now)
        yield
        raise _GivenUp


def all_weighed(
    world: World, surgeon: Surgeon, wallet_of: int, count: int, deed: Callable[[int], T]
) -> list[T | Exception]:
    """Let `count` do the deed so that all have read the same facts before any has written."""

    def one(number: int) -> T | Exception:
        try:
            return deed(number)
        except Exception as error:  # noqa: BLE001 - it is the answer
            return error

    with ThreadPoolExecutor(count) as threads:
        with busy(world, wallet_of):
            asked = [threads.submit(one, number) for number in range(count)]
            eventually(lambda: surgeon.one(WAITING) == count, "the queue before the wallet")
        return [each.result() for each in asked]
