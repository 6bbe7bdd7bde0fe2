"""Codes of second factors as Flask-Security asks for them: charged, checked, and used up."""

from __future__ import annotations

from flask import Flask
from flask_security import MfRecoveryCodesUtil, Totp, UserMixin
from passlib.exc import TokenError
from passlib.totp import TOTP

from admin.guard import services

STEP_SECONDS = 30  # a code is good for its own half minute, the one before and the one after


class OneTimeCodes(Totp):
    """TOTP by our clock; a code works once, and wrong ones are counted with wrong passwords."""

    def __init__(self, secrets: dict[str, str] | dict[int, str], issuer: str) -> None:
        super().__init__(secrets, issuer)
        self._totp = TOTP.using(
            issuer=issuer, secrets=secrets, now=lambda: services().clock.now().timestamp()
        )

    def verify_totp(self, token: str, totp_secret: str, user: UserMixin, window: int = 0) -> bool:
        def is_right() -> bool:
            step = self._step(token, totp_secret) if totp_secret else None
            return step is not None and services().factors.spend_step(user.id, step)

        return bool(services().tries.judge(user.id, what="code", is_right=is_right))

    def _step(self, token: str, totp_secret: str) -> int | None:
        """The half minute this code is of; None if it is wrong."""
        try:
            match = self._totp.verify(token, totp_secret, window=STEP_SECONDS)
        except TokenError:
            return None
        return int(match.counter)


class CodesOnPaper(MfRecoveryCodesUtil):
    """Recovery codes, of which only MACs are kept: checking one uses it up."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)

    def check_recovery_code(self, user: UserMixin, code: str) -> bool:
        def is_right() -> bool:
            return services().factors.spend_code(user.id, code)

        return bool(services().tries.judge(user.id, what="recovery code", is_right=is_right))

    def delete_recovery_code(self, user: UserMixin, code: str) -> bool:
        """It was used up when it was checked."""
        return True

    def get_recovery_codes(self, user: UserMixin) -> list[str]:
        """Nobody can tell them again."""
        return []

    def create_recovery_codes(self, user: UserMixin) -> list[str]:
        return list(services().factors.make_codes(user.id))
