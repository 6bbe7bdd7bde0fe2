"""Organisations, and who belongs to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class Tenant(Base):
    """An organisation: its name for people, and for addresses its slug."""

    __tablename__ = "tenant"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'", name="slug"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    time_zone: Mapped[str]
    language: Mapped[str]
    service_code: Mapped[str]
    made_at: Mapped[datetime]


class Membership(Base):
    """A member belongs to a tenant, since then."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_tenant", "tenant", "member"),)

    member: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[datetime]
