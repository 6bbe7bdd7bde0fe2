"""What each role may: one table, read by the guard of every page. Nothing here asks a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Permission(StrEnum):
    """One thing that somebody of the organisation may do."""

    SEE_FIGURES = "figures.see"  # counts and volumes: nobody's name
    SEE_TRANSACTIONS = "transactions.see"  # with ids for parties, unless SEE_PRIVATE is held too
    SEE_PEOPLE = "people.see"  # lists and details, masked
    SEE_PRIVATE = "private.see"  # names, numbers, places: revealed one by one, with a reason
    EXPORT = "export"  # what one may see, as a file
    ADD_PEOPLE = "people.add"
    EDIT_PEOPLE = "people.edit"
    EMPOWER = "people.empower"  # make agents: who handles other people's money or PINs
    NOTE = "people.note"  # notes and tags
    BLOCK_PEOPLE = "people.block"
    REMOVE_PEOPLE = "people.remove"  # cancel, and ask for erasure
    HELP_WITH_PINS = "pins.help"  # unlock, start and decide recoveries
    SEE_CALLS = "calls.see"  # the path of a USSD session
    SEND_SMS = "sms.send"
    ASK_REVERSAL = "reversals.ask"
    DECIDE = "approvals.decide"  # be the second person
    SEE_STAFF = "staff.see"
    INVITE_STAFF = "staff.invite"
    MANAGE_STAFF = "staff.manage"  # roles, suspension, other people's sessions
    SEE_AUDIT = "audit.see"


class Role(StrEnum):
    """What somebody is in an organisation; at most one of these in each."""

    VIEWER_PUBLIC = "viewer_public"
    VIEWER_PRIVATE = "viewer_private"
    INVESTOR = "investor"
    ENROLLER = "enroller"
    ORIGINATOR_ADMIN = "originator_admin"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


_PUBLIC = frozenset({Permission.SEE_FIGURES, Permission.SEE_TRANSACTIONS})
_PRIVATE = _PUBLIC | {Permission.SEE_PEOPLE, Permission.SEE_PRIVATE}
_ENROLLER = _PRIVATE | {
    Permission.ADD_PEOPLE,
    Permission.EDIT_PEOPLE,
    Permission.NOTE,
    Permission.HELP_WITH_PINS,
    Permission.SEE_CALLS,
    Permission.SEND_SMS,
    Permission.ASK_REVERSAL,
}
_ADMIN = _ENROLLER | {
    Permission.EXPORT,
    Permission.EMPOWER,
    Permission.BLOCK_PEOPLE,
    Permission.REMOVE_PEOPLE,
    Permission.DECIDE,
    Permission.SEE_STAFF,
    Permission.INVITE_STAFF,
    Permission.SEE_AUDIT,
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER_PUBLIC: _PUBLIC,
    Role.VIEWER_PRIVATE: _PRIVATE,
    Role.INVESTOR: _PUBLIC,
    Role.ENROLLER: _ENROLLER,
    Role.ORIGINATOR_ADMIN: _PRIVATE
    | {Permission.ADD_PEOPLE, Permission.NOTE, Permission.SEND_SMS, Permission.INVITE_STAFF},
    Role.ADMIN: _ADMIN,
    Role.SUPER_ADMIN: frozenset(Permission),
}

INVITES: Mapping[Role, frozenset[Role]] = {
    Role.SUPER_ADMIN: frozenset(Role),
    Role.ADMIN: frozenset({Role.VIEWER_PUBLIC, Role.VIEWER_PRIVATE, Role.ENROLLER}),
    Role.ORIGINATOR_ADMIN: frozenset({Role.VIEWER_PUBLIC, Role.VIEWER_PRIVATE, Role.INVESTOR}),
}
"""Whom each role may invite: all but super admins those alone who may less than themselves."""

NEED_TWO_FACTORS = frozenset({Role.ENROLLER, Role.ORIGINATOR_ADMIN, Role.ADMIN, Role.SUPER_ADMIN})


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What somebody with these roles may."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))
