"""People who dial. Here alone stand their names and numbers; everything else knows an id."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Identity, Index, Sequence, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base

member_id = Sequence("member_id", metadata=Base.metadata)


class Member(Base):
    """A person known by a phone number. `tier` decides the limits (KYC: 0 to 3)."""

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("phone ~ '^\\+[1-9][0-9]{6,14}$'", name="phone"),
        CheckConstraint(
            "status IN ('INVITED', 'ACTIVE', 'BLOCKED', 'EXPIRED', 'DELETED')", name="status"
        ),
        CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
    )

    id: Mapped[int] = mapped_column(member_id, primary_key=True)
    phone: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    language: Mapped[str]
    status: Mapped[str]
    tier: Mapped[int] = mapped_column(SmallInteger)
    terms_at: Mapped[datetime]
    joined_at: Mapped[datetime]


class Registration(Base):
    """Somebody on the way to becoming a member; what is still missing is asked at the next dial.

    `id` is the member's to be, so that a PIN can be bound to it before there is a member.
    """

    __tablename__ = "registration"

    id: Mapped[int] = mapped_column(member_id, primary_key=True)
    phone: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str]
    terms_at: Mapped[datetime | None]
    name: Mapped[str | None]
    began_at: Mapped[datetime]
    touched_at: Mapped[datetime]


class Pin(Base):
    """What proves a member's PIN, and how often it was tried in vain.

    `failures` counts the tries of the present series; the third locks until `locked_until`.
    `series` counts locks since the last right PIN: each lasts longer.
    """

    __tablename__ = "pin"
    __table_args__ = (
        Index("ix_pin_untold", "tried_at", postgresql_where=text("NOT told")),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    member: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pepper: Mapped[str]
    verifier: Mapped[str]
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    series: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    tried_at: Mapped[datetime | None]
    locked_until: Mapped[datetime | None]
    told: Mapped[bool] = mapped_column(server_default=text("true"))
    changed_at: Mapped[datetime]


class PastPin(Base):
    """A PIN that was replaced, so that it is not chosen again too soon."""

    __tablename__ = "past_pin"
    __table_args__ = (Index("ix_past_pin_member", "member", "replaced_at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member: Mapped[int]
    pepper: Mapped[str]
    verifier: Mapped[str]
    replaced_at: Mapped[datetime]


class Complaint(Base):
    """What somebody reported in their own words."""

    __tablename__ = "complaint"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    member: Mapped[int]
    words: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    made_at: Mapped[datetime]


class Lookup(Base):
    """How many strangers' names a member has seen on a day."""

    __tablename__ = "lookup"

    member: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
