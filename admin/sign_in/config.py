"""What Flask-Security is told; where it says more than an address, its own default is weak."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from admin.language import lazy_gettext as _
from admin.sign_in.codes import STEP_SECONDS
from ussd_app.settings import Settings
from ussd_app.users.factors import AUTHENTICATOR, CODES
from ussd_app.users.passwords import LEAST

RESET_LASTS = timedelta(minutes=60)
NO_PARAMETER = "\x00"  # no query has it: a token is never read from an address

_ADDRESSES = {
    "LOGIN_URL": "/sign-in",
    "LOGOUT_URL": "/sign-out",
    "RESET_URL": "/forgotten",
    "CHANGE_URL": "/account/password",
    "TWO_FACTOR_TOKEN_VALIDATION_URL": "/sign-in/code",
    "MULTI_FACTOR_RECOVERY_URL": "/sign-in/recovery-code",
    "POST_LOGIN_VIEW": "home.show",
    "POST_LOGOUT_VIEW": "security.login",
    "POST_CHANGE_VIEW": "home.show",
    "TWO_FACTOR_ERROR_VIEW": "security.login",
}
_ON = {
    "CHANGEABLE": True,
    "RECOVERABLE": True,
    "TWO_FACTOR": True,
    "MULTI_FACTOR_RECOVERY_CODES": True,
}
_OFF = {
    "REGISTERABLE": False,
    "CONFIRMABLE": False,
    "WEBAUTHN": False,
    "SEND_PASSWORD_CHANGE_EMAIL": False,  # the service tells them, in the same work
    "SEND_PASSWORD_RESET_NOTICE_EMAIL": False,
    "EMAIL_PLAINTEXT": False,
    "EMAIL_HTML": False,
    "TWO_FACTOR_RESCUE_EMAIL": False,
    "AUTO_LOGIN_AFTER_RESET": False,
    "DEFAULT_REMEMBER_ME": False,
    "CLI_USERS_NAME": None,
    "CLI_ROLES_NAME": None,
}
_WORDS = {
    "GENERIC_AUTHN_FAILED": _(
        "That did not let you in. Look at the address and the password and try again. After five"
        " wrong tries you must wait some minutes."
    ),
    "PASSWORD_RESET_REQUEST": _(
        "If somebody signs in with %(email)s, a letter is on its way. Its link works for an hour."
    ),
    "PASSWORD_RESET_EXPIRED": _("That link is too old. Ask for another."),
    "INVALID_RESET_PASSWORD_TOKEN": _("That link is used up. Ask for another."),
    "PASSWORD_RESET_NO_LOGIN": _("Your new password is set. Sign in with it."),
    "PASSWORD_CHANGE": _("Your password is changed. Everywhere else you are signed out."),
    "PASSWORD_NOT_PROVIDED": _("Type your password."),
    "INVALID_PASSWORD": _("That is not your password."),
    "PASSWORD_IS_THE_SAME": _("That is the password you have."),
    "RETYPE_PASSWORD_MISMATCH": _("You typed two different passwords."),
    "TWO_FACTOR_INVALID_TOKEN": _(
        "That code did not work. Each works once: wait for the next. After five wrong tries you"
        " must wait some minutes."
    ),
    "INVALID_RECOVERY_CODE": _(
        "That code did not work. Each works once. After five wrong tries you must wait some minutes."
    ),
    "TWO_FACTOR_PERMISSION_DENIED": _("That took too long. Begin again with your password."),
    "EMAIL_NOT_PROVIDED": _("Type your e-mail address."),
    "INVALID_EMAIL_ADDRESS": _("That is no e-mail address."),
}


def of(settings: Settings) -> dict[str, Any]:
    """The configuration, with the keys of these settings."""
    words = {f"MSG_{name}": (text, "error") for name, text in _WORDS.items()}
    for good in ("PASSWORD_RESET_REQUEST", "PASSWORD_RESET_NO_LOGIN", "PASSWORD_CHANGE"):
        words[f"MSG_{good}"] = (_WORDS[good], "info")
    told: dict[str, Any] = {
        **_ADDRESSES,
        **_ON,
        **_OFF,
        **words,
        "RETURN_GENERIC_RESPONSES": True,
        "PASSWORD_SALT": settings.password_pepper.hex(),
        "PASSWORD_HASH": "argon2",
        "PASSWORD_SCHEMES": ["argon2"],
        "DEPRECATED_PASSWORD_SCHEMES": [],
        "PASSWORD_HASH_PASSLIB_OPTIONS": {
            "argon2__memory_cost": settings.password_hash_kib,
            "argon2__rounds": settings.password_hash_rounds,
            "argon2__parallelism": 1,
        },
        # What stands in links is a hash already: a slow one would tell who has an account.
        "HASHING_SCHEMES": ["hex_sha512"],
        "DEPRECATED_HASHING_SCHEMES": [],
        "PASSWORD_LENGTH_MIN": LEAST,
        "LOGOUT_METHODS": ["POST"],
        "LOGOUT_CSRF": True,
        "RESET_PASSWORD_WITHIN": RESET_LASTS,
        "FRESHNESS": timedelta(-1),  # our pages ask for the password where it matters
        "API_ENABLED_METHODS": ["session"],
        "TOKEN_AUTHENTICATION_KEY": NO_PARAMETER,
        "CACHE_CONTROL": None,  # headers.py says it
        "EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "TOTP_SECRETS": {1: settings.factor_key.hex()},
        "TOTP_ISSUER": settings.organisation,
        "TWO_FACTOR_ENABLED_METHODS": [AUTHENTICATOR],
        "TWO_FACTOR_AUTHENTICATOR_VALIDITY": STEP_SECONDS,
        "TWO_FACTOR_IMPLEMENTATIONS": {"code": "admin.sign_in.second_step.SecondStep"},
        "MULTI_FACTOR_RECOVERY_CODES_N": CODES,
    }
    return {f"SECURITY_{name}": value for name, value in told.items()}
