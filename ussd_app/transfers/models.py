"""Member to member, and the limits that stand around it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Identity, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class Transfer(Base):
    """A transfer that was posted, or one that was given up before it was.

    `key` is made before the first attempt: the second attempt finds the first. A row without a
    posting takes the key of a payment that was given up: its caller was told that nothing was sent.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0 OR posting IS NULL", name="amount"),
        Index("ix_transfer_payer", "payer", "at", postgresql_include=["payee", "token", "amount"]),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    payer: Mapped[int]
    payee: Mapped[int]
    token: Mapped[int]
    amount: Mapped[int]
    posting: Mapped[int | None] = mapped_column(unique=True)
    at: Mapped[datetime]


class LimitRule(Base):
    """One limit, as data. NULL in `tier` or `token` means every one.

    Tier -1 is whoever got a PIN back a moment ago; its rules hold besides those of their own tier.
    """

    __tablename__ = "limit_rule"
    __table_args__ = (
        CheckConstraint("direction IN ('out', 'in')", name="direction"),
        CheckConstraint("measure IN ('amount', 'balance_after')", name="measure"),
        CheckConstraint("span IN ('transfer', 'day', '7d', '30d')", name="span"),
        CheckConstraint("value BETWEEN 0 AND 9999999", name="value"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    tier: Mapped[int | None] = mapped_column(SmallInteger)
    token: Mapped[int | None]
    direction: Mapped[str]
    measure: Mapped[str]
    span: Mapped[str]
    value: Mapped[int]
    """Whole tokens, no more than a screen can show."""
    active_from: Mapped[datetime]
    active_to: Mapped[datetime | None]
