"""Double-entry bookkeeping: the book of record.

Every movement is a posting of at least two legs that sum to zero in each token. Amounts are whole
numbers of a token's smallest unit; a leg adds to its account when positive and takes from it when
negative. Postings are never changed: what was wrong is reversed by a posting that names it.

A member's account stores its balance, which PostgreSQL keeps from falling below what is held. An
account of the house (grants, fees, …) may owe; half the world pays into it at once, so it stores
no balance and is summed when somebody asks.

The books know no people: an owner is a number. Only the functions of the migration write here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class Account(Base):
    """Where amounts of one token are kept for one owner, or for one purpose of the house."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("held BETWEEN 0 AND balance", name="covered"),
        Index(
            "uq_account_owner",
            "owner",
            "token",
            unique=True,
            postgresql_where=text("owner IS NOT NULL"),
        ),
        Index(
            "uq_account_house", "token", "kind", unique=True, postgresql_where=text("owner IS NULL")
        ),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    token: Mapped[int]
    kind: Mapped[str]
    owner: Mapped[int | None]
    balance: Mapped[int | None]
    held: Mapped[int] = mapped_column(server_default="0")
    opened_at: Mapped[datetime]


class Posting(Base):
    """One balanced set of legs; `reverses` names the one it undoes."""

    __tablename__ = "posting"
    __table_args__ = (
        Index(
            "uq_posting_reverses",
            "reverses",
            unique=True,
            postgresql_where=text("reverses IS NOT NULL"),
        ),
        Index("ix_posting_at", "at", postgresql_using="brin"),
        Index("ix_posting_kind", "kind", "id", postgresql_where=text("kind <> 'transfer'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    reverses: Mapped[int | None]


class Entry(Base):
    """One leg; `balance` is the account's after it, where the account stores one."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("ix_entry_account", "account", "posting"),
        Index(
            "ix_entry_amount",
            "token",
            "amount",
            "posting",
            postgresql_where=text("amount > 0"),
        ),
    )

    posting: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    leg: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    account: Mapped[int]
    token: Mapped[int]
    amount: Mapped[int]
    balance: Mapped[int | None]


class Hold(Base):
    """An amount set aside for something outside, until it is posted or voided."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state IN ('held', 'posted', 'voided')", name="state"),
        CheckConstraint("(posting IS NOT NULL) = (state = 'posted')", name="posting"),
        Index("ix_hold_open", "account", postgresql_where=text("state = 'held'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    account: Mapped[int]
    amount: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="held")
    posting: Mapped[int | None]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
