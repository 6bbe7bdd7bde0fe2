"""Who may open what: one row for every route, one column for every role.

A route that is not here fails its test, and so does a row of a route that is gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from ussd_app.users.permissions import Role

EVERYBODY = frozenset({None, *Role})
STRANGERS = frozenset({None})
SIGNED_IN = frozenset(Role)
ADMINS = frozenset({Role.ADMIN, Role.SUPER_ADMIN})
SUPER = frozenset({Role.SUPER_ADMIN})

CLOSED = frozenset(
    {
        "GET /fs-static/<path:filename>",
        "GET /mf-recovery-codes",
        "POST /mf-recovery-codes",
        "GET /tf-rescue",
        "POST /tf-rescue",
        "GET /tf-select",
        "POST /tf-select",
        "GET /tf-setup",
        "POST /tf-setup",
        "POST /tf-setup/<token>",
    }
)
"""Pages of the library that are not ours to show."""

MATRIX: Mapping[str, frozenset[Role | None]] = {
    "GET /": SIGNED_IN,
    "GET /static/<path:filename>": EVERYBODY,
    # Signing in
    "GET /sign-in": STRANGERS,
    "POST /sign-in": STRANGERS,
    "GET /sa/sign-in": STRANGERS,
    "POST /sa/sign-in": STRANGERS,
    "POST /sign-out": SIGNED_IN,
    "GET /sign-in/code": STRANGERS,
    "POST /sign-in/code": STRANGERS,
    "GET /sign-in/recovery-code": STRANGERS,
    "POST /sign-in/recovery-code": STRANGERS,
    "GET /forgotten": EVERYBODY,
    "POST /forgotten": EVERYBODY,
    "GET /forgotten/<token>": EVERYBODY,
    "POST /forgotten/<token>": EVERYBODY,
    "GET /invitation/<token>": EVERYBODY,
    "POST /invitation/<token>": EVERYBODY,
    # One's own account
    "GET /account": SIGNED_IN,
    "POST /account/places/<int:place>/end": SIGNED_IN,
    "POST /account/places/end": SIGNED_IN,
    "GET /account/password": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "GET /account/email": SIGNED_IN,
    "POST /account/email": SIGNED_IN,
    "GET /account/email/<token>": EVERYBODY,
    "POST /account/email/<token>": EVERYBODY,
    "GET /account/second-factor": SIGNED_IN,
    "POST /account/second-factor": SIGNED_IN,
    "GET /account/recovery-codes": SIGNED_IN,
    "POST /account/recovery-codes": SIGNED_IN,
    # The staff
    "GET /staff": ADMINS,
    "GET /staff/<int:user>": ADMINS,
    "POST /staff/invitations": ADMINS,
    "POST /staff/invitations/<int:invitation>/again": ADMINS,
    "POST /staff/invitations/<int:invitation>/withdraw": ADMINS,
    "POST /staff/<int:user>/role": SUPER,
    "POST /staff/<int:user>/suspend": SUPER,
    "POST /staff/<int:user>/restore": SUPER,
    "POST /staff/<int:user>/sign-out": SUPER,
}
