"""Amina, who may have lost her PIN, and those who can help her."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.members.circle import DAUDI, Circle
from tests.people import AMINA, BARAKA, CHEBET, PIN, World
from ussd_app import bootstrap
from ussd_app.audit.service import SHELL, Actor
from ussd_app.errors import PinLocked, PinWrong
from ussd_app.gateways.sim_swaps import Asked
from ussd_app.members.pins import Pins
from ussd_app.members.recoveries import Progress, Recoveries, Rules
from ussd_app.members.recovery_desk import RecoveryDesk
from ussd_app.members.recovery_docket import Docket
from ussd_app.members.recovery_in_person import InPerson
from ussd_app.members.recovery_texts import Teller
from ussd_app.members.sim_swaps import CLEAN
from ussd_app.values import Phone

NEW, OTHER, WRONG = "4815", "2850", "9137"
STAFF, COLLEAGUE = Actor("staff", 7, "web"), Actor("staff", 8, "web")
OPERATOR = Actor("operator", 1000, SHELL)
GUARANTORS = (BARAKA, CHEBET, DAUDI)


@dataclass
class Insights:
    """Who knows of swapped SIMs, as the test says; None means that the answer comes later."""

    verdict: str | None = CLEAN
    fault: BaseException | None = None
    is_dumb: bool = False
    meanwhile: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)

    def ask(self, phone: str) -> Asked:
        self.asked.append(phone)
        self.meanwhile()
        if self.fault:
            raise self.fault
        if self.is_dumb:
            return Asked(None)
        return Asked(self.verdict, None if self.verdict else self.reference)

    @property
    def reference(self) -> str:
        """Under which the last answer comes."""
        return f"ATX-{len(self.asked)}"


class Lost:
    """Amina has a PIN, and guarantors of whom two must vouch."""

    def __init__(self, world: World, guarantors: Sequence[Phone] = GUARANTORS) -> None:
        self.world, self.insights = world, Insights()
        self.circle = Circle(world)
        self.amina = self.circle.ids[AMINA]
        self.guaranties = {phone: self.circle.vouches(phone, AMINA) for phone in guarantors}
        candidate = self.candidate(PIN)
        with world.db.work() as work:
            world.services.pins.set_first(work, self.amina, candidate)
        self.go_by(Rules())

    def go_by(self, rules: Rules, *, pins: Pins | None = None) -> None:
        """As the same house with other settings, or another vault."""
        services = self.world.services
        db, clock, local = self.world.db, self.world.clock, services.local
        signature = bootstrap.constants_of(self.world.settings)
        tell = Teller(services.messages, signature=signature)
        docket = Docket(services.guarantors, tell, rules=rules, local=local)
        self.recoveries = Recoveries(
            db,
            clock,
            pins or services.pins,
            docket,
            tell,
            sim_swaps=self.insights,
            rules=rules,
            local=local,
        )
        self.desk = RecoveryDesk(db, clock, docket)
        self.in_person = InPerson(
            db, clock, services.codes, docket, rules=rules, signature=signature
        )
        self.world.services = replace(
            services,
            recoveries=self.recoveries,
            recoveries_in_person=self.in_person,
            recovery_desk=self.desk,
        )

    def open(self) -> Progress:
        opened = self.recoveries.open(AMINA)
        self.world.run_errands()
        return opened

    def decide(self) -> int:
        """Opened, and vouched for by two; the number of the recovery."""
        recovery = self.open().id
        for phone in (BARAKA, CHEBET):
            self.recoveries.vote(phone, recovery, vouches=True)
        return recovery

    def ready(self) -> int:
        """Decided, cooled and checked; everybody was told."""
        recovery = self.decide()
        self.wait(minutes=61)
        return recovery

    def wait(self, **span: float) -> None:
        self.world.clock.advance(**span)
        self.world.run_errands()

    def finish(self, pin: str = NEW) -> None:
        self.recoveries.finish(AMINA, self.candidate(pin))

    def candidate(self, pin: str) -> str:
        return self.world.services.pins.candidate(AMINA, pin)

    def choose(self, pin: str) -> str:
        """A candidate, typed twice."""
        candidate = self.candidate(pin)
        assert self.world.services.pins.repeats(AMINA, candidate, pin)
        return candidate

    def knows(self, pin: str) -> bool:
        """Whether that is Amina's PIN, lock or no lock."""
        return self.world.services.pins.proves(AMINA, pin, charge=lambda: None)

    def lock(self) -> None:
        """Three wrong tries."""
        for _ in range(3):
            try:
                self.world.services.pins.check(AMINA, WRONG)
            except (PinWrong, PinLocked):
                continue

    def row(self, columns: str = "state") -> Any:
        """The newest recovery."""
        with self.world.db.reading() as reading:
            found = reading.the_row(f"SELECT {columns} FROM recovery ORDER BY id DESC LIMIT 1")
        return found if len(found) > 1 else found[0]

    def stage(self) -> str | None:
        progress = self.recoveries.progress(AMINA)
        return progress.stage.value if progress else None

    def sms(self, phone: Phone = AMINA) -> list[str]:
        """What this phone was told of the recovery since last asked."""
        return self.world.sms(phone)
