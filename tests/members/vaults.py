"""Vaults that count what they are asked, or die while they are."""

from __future__ import annotations

import threading

from tests.people import World
from ussd_app import bootstrap
from ussd_app.members.pin_vault import PinVault, Verifier
from ussd_app.members.pins import Pins


class CountingVault(PinVault):
    """Knows how many PINs were evaluated, and how many of them were right."""

    def __init__(self, world: World, *, slots: int = 2) -> None:
        super().__init__(world.settings.pin_peppers, slots=slots)
        self._guard = threading.Lock()
        self.right = self.wrong = 0

    def proves(self, verifier: Verifier, member: int, pin: str) -> bool:
        is_right = super().proves(verifier, member, pin)
        with self._guard:
            self.right += is_right
            self.wrong += not is_right
        return is_right


class Killed(BaseException):
    """The process dies here."""


class DyingVault(PinVault):
    """The process dies when a PIN is about to be evaluated."""

    def __init__(self, world: World) -> None:
        super().__init__(world.settings.pin_peppers, slots=2)

    def proves(self, verifier: Verifier, member: int, pin: str) -> bool:
        raise Killed


class BusyVault(PinVault):
    """Others take every turn at hashing once a PIN has been evaluated."""

    def seal(self, member: int, pin: str) -> Verifier:
        with self.slot():
            return super().seal(member, pin)


def pins_with(world: World, vault: PinVault) -> Pins:
    """The world's PINs, in another vault."""
    return Pins(
        world.db,
        world.clock,
        vault,
        world.services.messages,
        local=world.services.local,
        signature=bootstrap.constants_of(world.settings),
    )
