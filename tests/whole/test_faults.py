"""The fault suite: everything is killed, emptied and spoilt while people call; then the judgement.

A storm of the soak prints its seed: `SOAK_SEED=… make soak` strikes the same blows in the same order,
`SOAK_MINUTES=…` makes it longer.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import pytest
import redis

from tests.whole.judge import Verdict, judge
from tests.whole.storm import Storm
from tests.whole.system import System, hold_still
from tests.whole.telephone import eventually

SOAK_MINUTES = float(os.environ.get("SOAK_MINUTES", "5"))
SOAK_SEED = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(10**6))
STORMS = 3
EVERY_SECONDS = 2.2
CALLERS = 8
PAUSE_SECONDS = 4.0  # at most, between two calls: SMS to one number are sent one after another
POSTGRES_KILLS = 8

USSD_FAULTS: tuple[dict[str, Any], ...] = (
    {"name": "ussd.duplicate", "rate": 0.3},
    {"name": "ussd.late_duplicate", "rate": 0.2, "seconds": 1},
    {"name": "ussd.double_start", "rate": 0.3},
    {"name": "ussd.lost_answer", "rate": 0.1},
    {"name": "ussd.lost_request", "rate": 0.05},
    {"name": "ussd.cut", "rate": 0.05},
    {"name": "event.duplicate", "rate": 0.5},
)
REPORT_FAULTS: tuple[dict[str, Any], ...] = (
    {"name": "report.duplicate", "rate": 0.5},
    {"name": "report.reorder", "rate": 0.5},
    {"name": "report.delay", "rate": 0.3, "seconds": 1},
)
TAKEN = ("sms.error_after", "sms.reset_after", "sms.hang_after")
NOT_TAKEN = ("sms.error_before", "sms.reset", "sms.hang_before", "sms.refuse")
KILLED = ("web", "web child", "worker", "clock", "postgres", "redis")
HUNG = ("web child", "worker", "clock", "postgres", "redis")
HUNG_SECONDS = 1.5

Blow = Callable[[], object]


class Nemesis:
    """Knows every blow there is.

    SMS that the company took without telling us happen to one half of the callers, and those that
    it never got to the other: a number that was sent to twice is not trusted with reports of
    unknown SMS for a day, so that both on one number cost an honest copy.
    """

    def __init__(self, storm: Storm, chance: random.Random) -> None:
        self.storm, self.system, self.chance = storm, storm.system, chance
        half = len(storm.numbers) // 2
        self.lucky, self.unlucky = storm.numbers[:half], storm.numbers[half:]

    def kill(self, name: str) -> None:
        with self._forgetting() if name == "redis" else nullcontext():
            self.system.kill(name)

    def hang(self, name: str) -> None:
        """There, and silent for a while."""
        pids = self.system.web_children() if name == "web child" else [self.system.pid(name)]
        release = hold_still([pid for pid in pids if pid])
        time.sleep(HUNG_SECONDS)
        release()

    def spoil_calls(self) -> None:
        """Steps come twice, late, not at all; reports out of order."""
        self.system.desk.spoil(*USSD_FAULTS, *REPORT_FAULTS)

    def spoil_sms(self) -> None:
        """The next SMS to each phone goes wrong, in one way or another."""
        faults = [self._once(self.chance.choice(TAKEN), phone) for phone in self.lucky]
        faults += [self._once(self.chance.choice(NOT_TAKEN), phone) for phone in self.unlucky]
        self.system.desk.spoil(*faults, *REPORT_FAULTS)

    def flush(self) -> None:
        """Empty Redis, if it is there."""
        with self._forgetting(), suppress(redis.RedisError):
            self.system.flush()

    def calm(self) -> None:
        self.system.desk.calm()

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        self.storm.emptied += 1
        yield
        self.storm.emptied += 1

    def _once(self, name: str, phone: str) -> dict[str, Any]:
        return {"name": name, "phone": phone, "times": 1, "seconds": 1, "status_code": 405}

    def any(self) -> Blow:
        """One blow, by chance."""
        choices: list[Blow] = [partial(self.kill, name) for name in KILLED]
        choices += [partial(self.hang, name) for name in HUNG]
        choices += [self.flush, self.spoil_calls, self.spoil_calls, self.calm]
        return self.chance.choice(choices)


def heal_and_judge(storm: Storm, *, patiently: bool = False) -> Verdict:
    """Wait until everything is back and nothing is under way; then look."""
    storm.system.heal()
    storm.system.settle(seconds=150 if patiently else 60, patiently=patiently)
    eventually(storm.system.desk.has_reported, "every report", seconds=60)
    time.sleep(1)  # copies that come late
    return judge(storm)


def test_whatever_dies_nothing_is_lost_doubled_or_told_wrongly(patient: System) -> None:
    storm = Storm.gathered(patient, callers=CALLERS, seed=7)
    nemesis = Nemesis(storm, random.Random(7))

    storm.rage(
        [
            nemesis.spoil_sms,
            partial(nemesis.kill, "worker"),
            nemesis.spoil_calls,
            partial(nemesis.kill, "web"),
            nemesis.flush,
            partial(nemesis.kill, "postgres"),
            nemesis.calm,
            partial(nemesis.kill, "clock"),
            nemesis.spoil_calls,
            partial(nemesis.kill, "redis"),
            partial(nemesis.kill, "web child"),
            nemesis.calm,
        ],
        every_seconds=EVERY_SECONDS,
    )

    verdict = heal_and_judge(storm)
    assert verdict.faults == []
    assert verdict.counts["sms lost"] == 0, verdict.counts
    assert verdict.counts["made"] > CALLERS, "the callers hardly got through"


def blows_by_chance(nemesis: Nemesis, minutes: float) -> Iterator[Blow]:
    """One blow after the other for so long; SMS are spoilt now and then, not twice in a row."""
    deadline = time.monotonic() + minutes * 60
    for number in itertools.count():
        if time.monotonic() > deadline:
            return
        yield nemesis.spoil_sms if number % 10 == 0 else nemesis.any()


@pytest.mark.soak
@pytest.mark.timeout(SOAK_MINUTES * 60 + 300)
@pytest.mark.parametrize("number", range(STORMS))
def test_minutes_of_blows_by_chance_lose_and_double_nothing(
    stormy: System, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = SOAK_SEED + number
    with capsys.disabled():
        print(f"\nstorm {number}: SOAK_SEED={SOAK_SEED}")  # noqa: T201 - to repeat it
    storm = Storm.gathered(stormy, callers=CALLERS, seed=seed)
    storm.pause_seconds = PAUSE_SECONDS
    nemesis = Nemesis(storm, random.Random(seed))

    storm.rage(blows_by_chance(nemesis, SOAK_MINUTES / STORMS), every_seconds=EVERY_SECONDS)

    verdict = heal_and_judge(storm, patiently=True)
    with capsys.disabled():
        print(dict(verdict.counts))  # noqa: T201
    assert verdict.faults == [], f"SOAK_SEED={SOAK_SEED}"
    assert verdict.counts["made"] > SOAK_MINUTES / STORMS * 20, verdict.counts


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_what_was_told_as_sent_survives_the_death_of_postgres(stormy: System) -> None:
    storm = Storm.gathered(stormy, callers=CALLERS, seed=11)
    storm.only_pay, storm.pause_seconds = True, 0.0

    storm.rage([partial(stormy.kill, "postgres")] * POSTGRES_KILLS, every_seconds=4)

    verdict = heal_and_judge(storm)
    assert verdict.faults == []
    assert verdict.counts["sms lost"] == 0, verdict.counts
    assert verdict.counts["left in the dark"] == 0
