"""Whole stories, as they are dialled in tests/dials: no PIN and no code of them is kept with a screen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.people import World
from tests.stage import Telephones
from ussd_app.dialog import traces
from ussd_app.dialog.script import play

DIALS = Path(__file__).parents[1] / "dials"
STORIES = ("join", "onboarding", "pin-lock", "lost-pin", "agent-lost-pin", "slips")


@dataclass
class Overheard(Telephones):
    """The telephones, and every answer of them that may have been a PIN or a code."""

    secrets: set[str] = field(default_factory=set)

    def say(self, phone: str, typed: str) -> str:
        if re.fullmatch(r"\d{4}|\d{6}", typed.strip()):
            self.secrets.add(typed.strip())
        return super().say(phone, typed)

    def flush(self) -> None:
        self.world.services.calls.take_in()
        super().flush()


@pytest.mark.parametrize("story", STORIES)
def test_r_b15_no_pin_and_no_code_of_a_story_is_kept_or_shown(world: World, story: str) -> None:
    telephones = Overheard(world, watch=lambda *_edge: None)

    play(DIALS / f"{story}.dial", telephones)
    in_redis = repr(world.redis.xrange(traces.STREAM))
    world.services.calls.take_in()

    with world.db.reading() as reading:
        kept = reading.rows("SELECT keys, screen, label FROM call_screen")
    assert telephones.secrets
    assert len(kept) > 5
    for secret in telephones.secrets:
        apart = re.compile(rf"(?<![\d.,]){secret}(?!\d)")
        assert not [row for row in kept if apart.search("\n".join(row))], secret
    assert "Pin.enter" not in in_redis
