"""The company as a whole: one office, three desks, and the people who have its phones."""

from collections.abc import Mapping
from typing import Any

from ussd_app.simulators.africastalking.faults import Faults
from ussd_app.simulators.africastalking.office import Office
from ussd_app.simulators.africastalking.sims import SimDesk
from ussd_app.simulators.africastalking.sms import SmsDesk
from ussd_app.simulators.africastalking.subscribers import Subscribers
from ussd_app.simulators.africastalking.ussd import UssdDesk
from ussd_app.simulators.config import Config


class Company:
    """Africa's Talking as the application meets it; lives in one process and remembers in memory."""

    def __init__(self, config: Config) -> None:
        self.office = Office(config=config, faults=Faults(config.seed))
        self.ussd = UssdDesk(self.office)
        self.sms = SmsDesk(self.office)
        self.sims = SimDesk(self.office)
        self.subscribers = Subscribers(config.people)

    @property
    def config(self) -> Config:
        """The settings as they are now."""
        return self.office.config

    def configure(self, wishes: Mapping[str, Any]) -> None:
        """Change settings while open; what is under way goes on with those it began with."""
        self.office.config = self.office.config.changed(wishes)
        if "seed" in wishes:
            self.office.faults.clear(self.config.seed)
        if "people" in wishes:
            self.subscribers.replace(self.config.people)
        self.office.books.touch()

    def reset(self) -> None:
        """Forget everything but the settings."""
        self.office.reset()
        self.sims.swap({})
        self.subscribers.replace(self.config.people)

    def close(self) -> None:
        """End all work; closing twice is harmless."""
        self.office.close()
