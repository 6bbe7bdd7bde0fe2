"""The table of errands."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class Errand(Base):
    """A promise still open. One that is kept is deleted; one given up stays `dead` for a person.

    One that nobody can carry out yet is `parked`: it waits, visibly, until it is made due.
    """

    __tablename__ = "errand"
    __table_args__ = (
        Index("ix_errand_due", "due_at", postgresql_where=text("state NOT IN ('dead', 'parked')")),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    subject: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="due")  # due, queued, running, dead, parked
    due_at: Mapped[datetime]
    fence: Mapped[int] = mapped_column(server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    failure: Mapped[str | None]
