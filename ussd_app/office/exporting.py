"""Lists by the page, and taken out as a file: what for is written down first, how many at the end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.values import Reason

BATCH = 500
"""Rows that are read at once for a file."""

Row = TypeVar("Row")
Place = TypeVar("Place")
Row_co = TypeVar("Row_co", covariant=True)
Place_co = TypeVar("Place_co", covariant=True)


class Listed(Protocol[Row_co, Place_co]):
    """Some rows of a list, and where the next ones begin; None after the last."""

    @property
    def rows(self) -> Sequence[Row_co]: ...

    @property
    def after(self) -> Place_co | None: ...


@dataclass(frozen=True)
class Page(Generic[Row]):
    """A page of a list, and where the next one begins; None after the last."""

    rows: Sequence[Row]
    after: str | None


class Exports:
    """Lets lists leave as files."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def begin(
        self,
        what: str,
        page: Callable[[Place | None], Listed[Row, Place]],
        *,
        by: Actor,
        why: str,
        **told: int | str | bool,
    ) -> Generator[Row]:
        """Every row of a list called `what`, page after page; `page` reads the one after a place.

        That it began is written down, with what is `told` of its filter, before the first row
        leaves, and how many left at the end, however it ends. Raises Invalid, before anything is
        written, for a reason and for what `page` refuses.
        """
        reason = Reason.parse(why)
        first = page(None)
        self._record(what, "export_begun", by, why=reason, **told)
        return self._rows(what, first, page, by)

    def _rows(
        self,
        what: str,
        found: Listed[Row, Place],
        page: Callable[[Place | None], Listed[Row, Place]],
        by: Actor,
    ) -> Generator[Row]:
        count = 0
        try:
            while True:
                for row in found.rows:
                    count += 1
                    yield row
                if found.after is None:
                    return
                found = page(found.after)
        finally:
            self._record(what, "exported", by, count=count)

    def _record(self, what: str, deed: str, by: Actor, **details: int | str | bool) -> None:
        now = self._clock.now()
        with self._db.work() as work:
            audit.record(work, by, f"{what}.{deed}", subject=(what, None), at=now, **details)
