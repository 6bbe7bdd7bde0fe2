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
HELPING = ADMINS | {Role.ENROLLER}
INVITING = HELPING | {Role.ORIGINATOR_ADMIN}
ASKING = ADMINS | {Role.ORIGINATOR_ADMIN}
PRIVATE = INVITING | {Role.VIEWER_PRIVATE}

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
    "GET /sign-in/passkey": STRANGERS,
    "POST /sign-in/passkey": STRANGERS,
    "POST /sign-in/passkey/options": STRANGERS,
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
    "POST /account/second-factor/remove": SIGNED_IN,
    "GET /account/passkeys": SIGNED_IN,
    "POST /account/passkeys": SIGNED_IN,
    "POST /account/passkeys/options": SIGNED_IN,
    "POST /account/passkeys/<int:key>/remove": SIGNED_IN,
    "GET /account/recovery-codes": SIGNED_IN,
    "POST /account/recovery-codes": SIGNED_IN,
    # The staff
    "GET /staff": ADMINS,
    "GET /staff/<int:user>": ADMINS,
    "GET /staff/invitations": ASKING,
    "POST /staff/invitations": ASKING,
    "POST /staff/invitations/<int:invitation>/again": ASKING,
    "POST /staff/invitations/<int:invitation>/withdraw": ASKING,
    "POST /staff/<int:user>/role": SUPER,
    "POST /staff/<int:user>/suspend": SUPER,
    "POST /staff/<int:user>/restore": SUPER,
    "POST /staff/<int:user>/factors": SUPER,
    "POST /staff/<int:user>/sign-out": SUPER,
    # People
    "GET /people": PRIVATE,
    "GET /people/<int:member>": PRIVATE,
    "POST /people/<int:member>/reveal": PRIVATE,
    "POST /people/filters": PRIVATE,
    "POST /people/filters/forget": PRIVATE,
    "POST /people/export": ADMINS,
    "GET /people/invite": INVITING,
    "POST /people/invite": INVITING,
    "POST /people/<int:member>/notes": INVITING,
    "POST /people/<int:member>/tags": INVITING,
    "POST /people/<int:member>/tags/remove": INVITING,
    "POST /people/<int:member>/language": HELPING,
    "POST /people/<int:member>/change": HELPING,
    "POST /people/<int:member>/cancel": ADMINS,
    "POST /people/<int:member>/delete": ADMINS,
    "POST /people/<int:member>/block": ADMINS,
    "POST /people/<int:member>/unblock": ADMINS,
    # Transactions
    "GET /transactions": SIGNED_IN,
    "GET /transactions/live": SIGNED_IN,
    "GET /transactions/<reference>": SIGNED_IN,
    "POST /transactions/export": ADMINS,
    "POST /transactions/<reference>/reversal": HELPING,
    # PINs
    "GET /pins": HELPING,
    "POST /pins/<int:member>/unlock": HELPING,
    "POST /pins/recoveries": HELPING,
    "POST /pins/recoveries/<int:recovery>/approve": HELPING,
    "POST /pins/recoveries/<int:recovery>/refuse": HELPING,
    # What members reported
    "GET /reports": PRIVATE,
    "POST /reports/<int:report>/close": INVITING,
    # USSD sessions
    "GET /sessions": HELPING,
    "POST /sessions/export": ADMINS,
    "GET /sessions/<int:call>": HELPING,
    "POST /sessions/<int:call>/reveal": HELPING,
    "POST /sessions/<int:call>/screens/<int:number>/simulator": HELPING,
    # SMS
    "GET /messages": PRIVATE,
    "POST /messages/export": ADMINS,
    "GET /messages/<int:message>": PRIVATE,
    "POST /messages/<int:message>/reveal": PRIVATE,
    "POST /messages/<int:message>/again": INVITING,
    "GET /messages/to/<int:member>": INVITING,
    "POST /messages/to/<int:member>": INVITING,
    "POST /messages/count": INVITING,
    # What waits for a second person
    "GET /approvals": HELPING,
    "POST /approvals/phone": HELPING,
    "POST /approvals/<int:number>/reveal": HELPING,
    "POST /approvals/<int:number>/approve": ADMINS,
    "POST /approvals/<int:number>/refuse": ADMINS,
    # The audit
    "GET /audit": ADMINS,
    "POST /audit/export": ADMINS,
}
