"""New passwords of the invited, by the same rules and in the same keeping as everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from flask_security import hash_password
from flask_security.proxies import _security


class NewPasswords:
    """What Flask-Security knows of passwords."""

    def hash(self, password: str) -> str:
        """As it is kept."""
        return str(hash_password(_util().normalize(password)))

    def faults(self, password: str, *, name: str, email: str) -> Sequence[str]:
        """Why somebody of that name may not have it, in words that may be shown."""
        to_be = SimpleNamespace(name=name, email=email)
        faults, _ = _util().validate(password, is_register=True, user=to_be)
        return [str(fault) for fault in faults or ()]


def _util() -> Any:
    return _security._password_util  # noqa: SLF001 - the library has no other door
