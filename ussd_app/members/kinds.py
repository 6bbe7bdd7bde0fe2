"""The types of people who dial, and what each may do, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What not everybody may do."""

    INVITE = "invite"
    """Invite borrowers and see one's own onboardings."""
    IDENTIFY = "identify"
    """Check the identity of somebody in person."""


@dataclass(frozen=True)
class Kind:
    """A type of people: its name for people is translated where it is shown."""

    permissions: frozenset[Permission] = frozenset()
    needs_identity: bool = False
    """Whether they are given an identity (DID) when they join."""


INDIVIDUAL, GROUP, BORROWER = "individual", "group", "borrower"
AGENT, TOKEN_AGENT = "originator_agent", "token_agent"

KINDS: Mapping[str, Kind] = {
    INDIVIDUAL: Kind(),
    GROUP: Kind(),
    BORROWER: Kind(needs_identity=True),
    AGENT: Kind(permissions=frozenset({Permission.INVITE, Permission.IDENTIFY})),
    TOKEN_AGENT: Kind(),
}
POWERFUL = frozenset({AGENT, TOKEN_AGENT})
"""Who handles other people's money or vouches for their PINs: not everybody of the staff makes them."""

BECOMES: Mapping[str, frozenset[str]] = {
    INDIVIDUAL: frozenset({GROUP, AGENT, TOKEN_AGENT}),
    GROUP: frozenset({INDIVIDUAL}),
    AGENT: frozenset({INDIVIDUAL}),
    TOKEN_AGENT: frozenset({INDIVIDUAL}),
}
"""What the organisation may make of a member. A borrower agrees in person or by an invitation."""


def may(kind: str, permission: Permission) -> bool:
    """Whether people of this type may do so."""
    return permission in KINDS[kind].permissions
