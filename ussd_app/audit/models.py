"""Who did what to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class AuditRow(Base):
    """One deed, written with it; rows are only ever added. `details` holds no personal data."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_subject", "subject_kind", "subject", "id"),
        Index("ix_audit_at", "at", postgresql_using="brin"),
        # Of others than members alone: a payment need not write it.
        Index(
            "ix_audit_actor",
            "actor_kind",
            "actor",
            "id",
            postgresql_where=text("actor_kind <> 'member'"),
        ),
        Index(
            "ix_audit_channel",
            "channel",
            "subject",
            postgresql_where=text("subject_kind = 'posting' AND channel <> 'ussd'"),
        ),
        Index("ix_audit_given_up", "id", postgresql_where=text("action = 'transfer.abandoned'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor: Mapped[int | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject: Mapped[int | None]
    channel: Mapped[str]
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Seal(Base):
    """The place of an audit row in the chain, given after its commit; seals are only ever added.

    `hash` is the SHA-256 of the hash before it and of the row. `seq` counts from 1 without a gap,
    and so is no identity, which leaves one whenever a sealer is killed.
    """

    __tablename__ = "audit_seal"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    audit: Mapped[int] = mapped_column(unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
