"""Time: aware UTC inside, local only where it is shown."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

Day = date  # by a name that no method has


class Clock:
    """Tells the time; `offset_seconds` moves it, for tests that cannot wait until tomorrow."""

    def __init__(self, offset_seconds: float = 0) -> None:
        self._offset = timedelta(seconds=offset_seconds)

    def now(self) -> datetime:
        """The time in UTC, aware."""
        return datetime.now(UTC) + self._offset

    def advance(self, **span: float) -> None:
        """Let time pass at once: `advance(minutes=15)`."""
        self._offset += timedelta(**span)


class Deadline:
    """A moment by which an answer must be given, whatever hangs behind it."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._at - time.monotonic())


@dataclass(frozen=True)
class Local:
    """Times as the clocks and calendars of one zone show them."""

    zone: ZoneInfo

    def hour(self, moment: datetime) -> str:
        """The hour and minute: '14:03'."""
        return moment.astimezone(self.zone).strftime("%H:%M")

    def day(self, moment: datetime) -> str:
        """The day and month: '21/11'."""
        return moment.astimezone(self.zone).strftime("%d/%m")

    def day_and_hour(self, moment: datetime) -> str:
        """Both: '21/11 14:03'."""
        return moment.astimezone(self.zone).strftime("%d/%m %H:%M")

    def moment(self, moment: datetime, language: str) -> str:
        """In full, as letters say it: '22 November 2026, 10:15'."""
        told = format_datetime(moment.astimezone(self.zone), "d MMMM y, HH:mm", locale=language)
        return str(told)

    def date(self, moment: datetime) -> date:
        """The calendar day."""
        return moment.astimezone(self.zone).date()

    def midnight(self, moment: datetime) -> datetime:
        """When that day began."""
        return moment.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def beginning(self, day: Day) -> datetime:
        """When a day of the calendar begins."""
        return datetime.combine(day, datetime.min.time(), self.zone)

    def span(self, since: Day | None, until: Day | None) -> tuple[datetime | None, datetime | None]:
        """From when on, and until before when, these days lie, the last one whole."""
        return (
            self.beginning(since) if since else None,
            self.beginning(until + timedelta(days=1)) if until else None,
        )
