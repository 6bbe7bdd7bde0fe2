"""Invitations to sign up, as those who invite and those who are invited meet them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.people import World
from ussd_app.users.accepting import Accepting, Answers
from ussd_app.users.invitations import StaffInvitations

PASSWORD = "three unusual words make one"
ACHIENG = "achieng@example.org"
LINK = re.compile(r"http://127\.0\.0\.1:8000/admin/invitation/(\S+)")
CODE = re.compile(r"^\d{6}$", re.MULTILINE)


class Hashed:
    """A stand-in for what keeps passwords: 'weak' is the one that is refused."""

    def hash(self, password: str) -> str:
        return f"hash of {len(password)} letters"

    def faults(self, password: str, *, name: str, email: str) -> Sequence[str]:
        return ["That is easy to guess."] if password == "weak" else []


@dataclass
class Office:
    """One world's invitations."""

    world: World

    @property
    def invitations(self) -> StaffInvitations:
        return self.world.services.staff_invitations

    @property
    def accepting(self) -> Accepting:
        return self.world.services.accepting

    def opened(self, email: str = ACHIENG) -> tuple[str, str]:
        """The token and the code in the latest letters to an address."""
        link, code = self.world.letters(email)[-2:]
        token, digits = LINK.search(link.text), CODE.search(code.text)
        assert token
        assert digits
        return token[1], digits[0]

    def accept(self, token: str, code: str, *, email: str = ACHIENG, **others: str) -> int:
        answers = {"name": "Achieng Otieno", "password": PASSWORD, "language": "sw", **others}
        return self.accepting.accept(token, Answers(email=email, code=code, **answers), Hashed())

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.world.db.reading() as reading:
            return [tuple(row) for row in reading.rows(query, *values)]
