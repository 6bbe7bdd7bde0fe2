"""SMS on their way: what was promised, what the company took, and the reports it owes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.db.crowd import eventually
from tests.people import World
from ussd_app.messages.delivery import Budget, Delivery
from ussd_app.messages.service import Draft
from ussd_app.messages.sms import Sms
from ussd_app.text import Text

Form = dict[str, str]

HELLO = "Hello from Umoja"
PRICE = 80


@dataclass
class Post:
    """The SMS of one world."""

    world: World
    keys: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def draft(
        self, phone: str, body: str = HELLO, *, key: str | None = None, hours: float = 24
    ) -> Draft:
        return Draft(
            key=key or f"key-{next(self.keys)}",
            kind="test",
            phone=phone,
            language="en",
            text=Text(body),
            hours=hours,
        )

    def promise(
        self, phone: str, body: str = HELLO, *, key: str | None = None, hours: float = 24
    ) -> int:
        """One more SMS; its id."""
        draft = self.draft(phone, body, key=key, hours=hours)
        with self.world.db.work() as work:
            self.world.services.messages.queue(work, draft)
            return int(work.the_row("SELECT id FROM message WHERE dedupe = %s", draft.key)[0])

    def state(self, message: int) -> str:
        return str(self.column(message, "state"))

    def column(self, message: int, name: str) -> Any:
        with self.world.db.reading() as reading:
            return reading.the_row(f"SELECT {name} FROM message WHERE id = %s", message)[0]

    def due(self, message: int) -> float:
        """Seconds until it goes on."""
        with self.world.db.reading() as reading:
            (due_at,) = reading.the_row(
                "SELECT due_at FROM errand WHERE kind = 'sms' AND subject = %s", message
            )
        assert isinstance(due_at, datetime)
        return (due_at - self.world.clock.now()).total_seconds()

    def taken(self, phone: str | None = None) -> list[dict[str, Any]]:
        """What the company accepted, oldest first."""
        return [sms for sms in self.world.company.books()["sms"] if phone in (None, sms["to"])]

    def refused(self) -> list[int]:
        """The status codes of what the company refused."""
        return [one["status_code"] for one in self.world.company.books()["refused_sms"]]

    def reports(self, phone: str | None = None) -> list[Form]:
        """The reports as the company posts them: in its order, some twice, some never."""
        eventually(self._are_reported)
        found: list[Form] = []
        for sms in self.taken(phone):
            in_order = list(sms["reports"])
            if "report.reorder" in sms["faults"]:
                in_order.insert(0, in_order.pop())
            for report in in_order:
                if report["state"] != "dropped":
                    copies = 2 if "report.duplicate" in report["faults"] else 1
                    found += [report["fields"]] * copies
        return found

    def bring(self, *reports: Form) -> None:
        """Hand reports over, as the callback does."""
        for form in reports:
            self.world.services.delivery.report(
                form["id"],
                status=form["status"],
                phone=form["phoneNumber"],
                failure=form.get("failureReason"),
            )

    def bring_all(self) -> None:
        """Hand over all reports there are."""
        self.bring(*self.reports())

    def _are_reported(self) -> bool:
        return all(
            report["state"] != "waiting" for sms in self.taken() for report in sms["reports"]
        )

    def delivery(self, sms: Sms, *, daily_most: int = 10_000) -> Delivery:
        """Delivery by another company, or with another budget."""
        return Delivery(
            self.world.db,
            self.world.clock,
            sms,
            sealer=self.world.services.messages._sealer,
            budget=Budget(daily_most, PRICE, self.world.services.local),
            unclear_seconds=self.world.settings.sms_unclear_seconds,
        )
