"""One recovery as its rows tell it, and what follows from them.

Nothing here asks a store or a clock, and whether a recovery is ready is never stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ussd_app.members.guarantors import Counting
from ussd_app.members.sim_swaps import SWAPPED, UNKNOWN

OPEN = "open"
GUARANTORS, PEOPLE = "guarantors", "people"
AGENT = "agent:"  # how an approver's name begins who has seen the owner in person


@dataclass(frozen=True)
class Rules:
    """How long things take, and how often they may be asked for."""

    lasts: timedelta = timedelta(hours=24)
    cooling: timedelta = timedelta(hours=1)
    cooling_after_agent: timedelta = timedelta(hours=24)
    careful: timedelta = timedelta(hours=24)
    sim_fresh: timedelta = timedelta(minutes=15)
    sim_answer: timedelta = timedelta(minutes=5)
    a_week: int = 3
    approvals: int = 2
    old_pin_tries: int = 3


class Stage(StrEnum):
    """Where an open recovery stands, as its owner is told."""

    VOUCHING = "vouching"  # guarantors are asked
    PEOPLE = "people"  # somebody of the organisation must decide
    COOLING = "cooling"  # decided; the owner may still stop it until `ready_at`
    CHECKING = "checking"  # the SIM is being checked, which takes a minute
    READY = "ready"  # a new PIN may be chosen


@dataclass(frozen=True)
class Yes:
    """Somebody's word for the owner: 'guarantor:4', 'staff:7', 'agent:12'."""

    whose: str
    at: datetime


@dataclass(frozen=True)
class Sim:
    """What is known of the owner's SIM: the last answer, as old as its question was."""

    verdict: str
    asked_at: datetime | None
    known_at: datetime | None
    reference: str | None
    bad_since: datetime | None = None

    @property
    def is_bad(self) -> bool:
        """Whether a person must decide."""
        return self.verdict in (SWAPPED, UNKNOWN)

    @property
    def is_awaited(self) -> bool:
        """Whether the last question has no answer yet."""
        return self.asked_at is not None and (
            self.known_at is None or self.known_at < self.asked_at
        )

    def is_known_since(self, moment: datetime) -> bool:
        """Whether there is an answer to a question asked at that moment or later."""
        return self.asked_at is not None and self.asked_at >= moment and not self.is_awaited


@dataclass(frozen=True)
class Case:
    """A recovery with the words that count: `vouches` are of guarantors, `approvals` of others.

    `guarantors` are those whose word counts; `answers` what each member said, yes or no.
    """

    id: int
    member: int
    path: str
    state: str
    quorum: int
    approvals_needed: int
    cooling: timedelta
    cooling_after_agent: timedelta
    opened_at: datetime
    expires_at: datetime
    told_ready: bool
    sim: Sim
    guarantors: Sequence[Counting]
    answers: Mapping[int, bool]
    vouches: Sequence[Yes]
    approvals: Sequence[Yes]

    def is_open(self, now: datetime) -> bool:
        """Whether it may still come to something."""
        return self.state == OPEN and now < self.expires_at

    @property
    def vouched_at(self) -> datetime | None:
        """When so many guarantors had vouched as must."""
        return _nth(self.vouches, self.quorum) if self.path == GUARANTORS else None

    @property
    def is_stuck(self) -> bool:
        """Whether too few guarantors are left who have not said no."""
        denied = sum(self.answers.get(one.member) is False for one in self.guarantors)
        may_still = len(self.guarantors) - denied
        return self.path == GUARANTORS and self.vouched_at is None and may_still < self.quorum

    @property
    def wants_people(self) -> bool:
        """Whether guarantors alone cannot decide it."""
        return self.path == PEOPLE or self.sim.is_bad or self.is_stuck

    @property
    def identified_at(self) -> datetime | None:
        """When an agent had seen the owner."""
        agents = [yes for yes in self.approvals if yes.whose.startswith(AGENT)]
        return _nth(agents, 1) if self.path == PEOPLE else None

    def _staff(self, *, sim_is_bad: bool) -> Sequence[Yes]:
        """What the staff said, and of a bad SIM only what they said knowing of it."""
        since = self.sim.bad_since if sim_is_bad else None
        return [
            yes
            for yes in self.approvals
            if not yes.whose.startswith(AGENT) and not (since and yes.at < since)
        ]

    @property
    def counting(self) -> Sequence[Yes]:
        """The approvals that count, of those there are."""
        agents = [yes for yes in self.approvals if yes.whose.startswith(AGENT)]
        return [*self._staff(sim_is_bad=self.sim.is_bad), *agents]

    def has_word_of(self, approver: str) -> bool:
        """Whether their approval counts as it is."""
        return any(yes.whose == approver for yes in self.counting)

    def ready_at_if(self, *, sim_is_bad: bool) -> datetime | None:
        """When what was decided has cooled; None while nobody decided.

        Guarantors decide, or staff, or an agent who has seen the owner. With a bad SIM the staff
        must approve what guarantors vouch for, and one of them what an agent has seen.
        """
        staff = self._staff(sim_is_bad=sim_is_bad)
        approved = _later(_nth(staff, self.approvals_needed), self.cooling)
        vouched = _later(self.vouched_at, self.cooling)
        seen = _later(self.identified_at, self.cooling_after_agent)
        if sim_is_bad:
            agreed = _later(_nth(staff, 1), self.cooling)
            seen, vouched = _both(seen, agreed), _both(vouched, approved)
            if self.path == GUARANTORS:
                approved = vouched
        return min((at for at in (approved, vouched, seen) if at), default=None)

    @property
    def ready_at(self) -> datetime | None:
        """When a new PIN may be chosen, as far as is known now; None while nobody decided."""
        return self.ready_at_if(sim_is_bad=self.sim.is_bad)

    def stage(self, now: datetime) -> Stage:
        """Where it stands, while it is open."""
        ready_at = self.ready_at
        if ready_at is None:
            waits_for_guarantors = self.path == GUARANTORS and self.vouched_at is None
            return Stage.VOUCHING if waits_for_guarantors else Stage.PEOPLE
        if now < ready_at:
            return Stage.COOLING
        return Stage.READY if self.sim.is_known_since(ready_at) else Stage.CHECKING

    def wants_check(self, now: datetime, rules: Rules) -> bool:
        """Whether the SIM is to be asked for: at first, when it is ready, and when that is old."""
        if self.sim.asked_at is None:
            return True
        if self.sim.is_awaited:  # asked again if the question was lost before it was asked
            return self.sim.reference is None and self.has_waited(now, rules)
        came = [at for at in self._checkpoints if at <= now]
        return bool(came) and self.sim.asked_at < max(*came, now - rules.sim_fresh)

    def has_waited(self, now: datetime, rules: Rules) -> bool:
        """Whether no answer came in time: it is taken for unknown."""
        asked_at = self.sim.asked_at
        return self.sim.is_awaited and asked_at is not None and now >= asked_at + rules.sim_answer

    def next_moment(self, now: datetime, rules: Rules) -> datetime:
        """When there may be something to do again."""
        if self.wants_check(now, rules):
            return now
        moments = [at for at in self._checkpoints if at > now]
        if self.sim.asked_at and self.sim.is_awaited:
            moments.append(self.sim.asked_at + rules.sim_answer)
        return min([*moments, self.expires_at])

    @property
    def waits_for_sim(self) -> bool:
        """Whether it was decided, and only the bad SIM holds it up."""
        return self.ready_at is None and self.ready_at_if(sim_is_bad=False) is not None

    @property
    def is_halted(self) -> bool:
        """Whether the SIM was found bad after it was decided: when to dial had been told."""
        since = self.sim.bad_since if self.waits_for_sim else None
        staff = _nth(self._staff(sim_is_bad=False), self.approvals_needed)
        decided = (staff, self.vouched_at, self.identified_at)
        return since is not None and any(at < since for at in decided if at)

    @property
    def _checkpoints(self) -> list[datetime]:
        """When it is ready if the SIM is clean, and if it is not: a new answer may turn one into the other."""
        both = (self.ready_at_if(sim_is_bad=False), self.ready_at_if(sim_is_bad=True))
        return [at for at in both if at]


@dataclass(frozen=True)
class Progress:
    """An open recovery. `vouched` of the `asked` guarantors have said yes, `quorum` are needed.

    `is_stuck` says that so many said no that the others are too few, `waits_for_sim` that it was
    decided but for the SIM, which `is_swapped` or unknown.
    """

    id: int
    stage: Stage
    vouched: int
    quorum: int
    asked: int
    is_stuck: bool
    waits_for_sim: bool
    is_swapped: bool
    ready_at: datetime | None
    expires_at: datetime


def progress_of(case: Case, now: datetime) -> Progress:
    """What its owner and the guarantors may know of it."""
    return Progress(
        id=case.id,
        stage=case.stage(now),
        vouched=len(case.vouches),
        quorum=case.quorum,
        asked=len(case.guarantors),
        is_stuck=case.is_stuck,
        waits_for_sim=case.waits_for_sim,
        is_swapped=case.sim.verdict == SWAPPED,
        ready_at=case.ready_at,
        expires_at=case.expires_at,
    )


def _later(moment: datetime | None, span: timedelta) -> datetime | None:
    return moment + span if moment else None


def _both(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of the two; None while either is missing."""
    return max(one, other) if one and other else None


def _nth(words: Sequence[Yes], count: int) -> datetime | None:
    """When the word of the `count`-th different person came."""
    first: dict[str, datetime] = {}
    for yes in sorted(words, key=lambda yes: yes.at):
        first.setdefault(yes.whose, yes.at)
    times = list(first.values())
    return times[count - 1] if len(times) >= count else None
