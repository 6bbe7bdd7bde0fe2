"""R-A02, R-C02: a code is sent to one number, tried five times, right once, and kept nowhere."""

from __future__ import annotations

import io
import itertools
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import structlog

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import FAILS_AT_COMMIT, Surgeon
from tests.members.test_pin_secrecy import stored
from tests.messages.post import Post
from tests.people import AMINA, BARAKA, CHEBET, World
from ussd_app import bootstrap, log
from ussd_app.commands import reconcile
from ussd_app.errors import Invalid, LimitReached, Unclear
from ussd_app.messages.codes import CONFIRMATION_LIFE, TRIES, Caps, CodeGone, Codes, CodeWrong
from ussd_app.messages.delivery import Delivery
from ussd_app.messages.service import Draft, OptedOut
from ussd_app.text import Text
from ussd_app.values import Phone

PURPOSE, SUBJECT = "trial", 7
DAY = timedelta(hours=24)


@dataclass
class Desk:
    """Sends codes, and knows what their SMS say."""

    world: World
    digits: dict[int, str] = field(default_factory=dict)

    @property
    def codes(self) -> Codes:
        return self.world.services.codes

    def send(
        self,
        phone: Phone = AMINA,
        *,
        purpose: str = PURPOSE,
        subject: int = SUBJECT,
        life: timedelta = CONFIRMATION_LIFE,
        asker: int | None = None,
    ) -> int:
        draft = Draft("trial", "code", phone, "en", Text("Your code is {code}."))
        with self.world.db.work() as work:
            return self.codes.send(
                work, draft, purpose=purpose, subject=subject, life=life, asker=asker
            )

    def sent(self, phone: Phone = AMINA, **how: object) -> tuple[int, str]:
        """A code's id and what its SMS said."""
        code = self.send(phone, **how)  # type: ignore[arg-type]
        (text,) = self.world.sms(phone)
        found = re.search(r"(?<!\d)\d{6}(?!\d)", text)
        assert found
        return code, found[0]

    def judge(self, code: int, typed: str, by: str = AMINA) -> None:
        self.codes.judge(code, typed, by=by)

    def use(self, code: int, purpose: str = PURPOSE, subject: int = SUBJECT) -> None:
        with self.world.db.work() as work:
            self.codes.use(work, code, purpose=purpose, subject=subject)

    def row(self, code: int, column: str) -> object:
        with self.world.db.reading() as reading:
            return reading.the_row(f"SELECT {column} FROM one_time_code WHERE id = %s", code)[0]


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def other(digits: str) -> str:
    """Six digits that are not these."""
    return f"{(int(digits) + 1) % 1_000_000:06}"
