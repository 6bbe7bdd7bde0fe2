"""Who did what to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class AuditRow(Base):
    """One deed, written with it; rows are only ever added. `details` holds no personal data."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject_kind", "subject", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor: Mapped[int | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject: Mapped[int | None]
    channel: Mapped[str]
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
