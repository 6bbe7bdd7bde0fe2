"""USSD sessions, as the gateway told of them after their end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class Call(Base):
    """A USSD session as the gateway reported its end; what was typed in it is thrown away."""

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_ended_at", "ended_at"),
        Index("ix_call_phone", "phone", "ended_at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    session: Mapped[str] = mapped_column(unique=True)
    phone: Mapped[str]
    service_code: Mapped[str]
    network: Mapped[str]
    status: Mapped[str]
    path: Mapped[str]
    hops: Mapped[int]
    milliseconds: Mapped[int]
    cost: Mapped[int]
    failure: Mapped[str | None]
    ended_at: Mapped[datetime]
