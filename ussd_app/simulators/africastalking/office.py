"""What every desk of the company shares."""

from dataclasses import dataclass, field

from ussd_app.simulators.africastalking.books import Books
from ussd_app.simulators.africastalking.courier import Courier
from ussd_app.simulators.africastalking.faults import Fault, Faults
from ussd_app.simulators.africastalking.schedule import Schedule
from ussd_app.simulators.config import Config

_POSTMEN = 24


@dataclass(kw_only=True)
class Office:
    """Settings, books, faults, a way out and two clocks: a slow application never delays a phone."""

    config: Config
    faults: Faults
    books: Books = field(default_factory=Books)
    courier: Courier = field(default_factory=Courier)
    clock: Schedule = field(default_factory=lambda: Schedule("clock", threads=2))
    post: Schedule = field(default_factory=lambda: Schedule("post", threads=_POSTMEN))

    def strikes(self, name: str, phone: str, marks: list[str]) -> Fault | None:
        """Return the fault that hits now, writing its name beside what it hit."""
        fault = self.faults.strikes(name, phone)
        if fault:
            marks.append(name)
        return fault

    def reset(self) -> None:
        """Forget everything but the settings."""
        self.clock.forget()
        self.post.forget()
        self.faults.clear(self.config.seed)
        self.books.reset()

    def close(self) -> None:
        """End all work."""
        self.clock.close()
        self.post.close()
        self.courier.close()
