"""Remove what has no use any more, a batch of each kind at a time; never books, audit or payments."""

from __future__ import annotations

from functools import partial

from ussd_app.jobs.clock import Chore
from ussd_app.services import Services
from ussd_app.settings import Settings

EVERY_SECONDS = 600.0
BATCH = 5000  # a fraction of a second, for which the relay waits


def chores(services: Services, settings: Settings) -> list[Chore]:
    """One for each kind, so that one that fails keeps no other from being done."""
    return [
        Chore(name, EVERY_SECONDS, partial(forget, after_days=days, most=BATCH))
        for name, forget, days in (
            (
                "unfinished-registrations",
                services.joining.forget_unfinished,
                settings.registration_keep_days,
            ),
            ("old-lookups", services.members.forget_lookups, settings.lookup_keep_days),
            ("old-reports", services.delivery.forget_reports, settings.report_keep_days),
        )
    ]
