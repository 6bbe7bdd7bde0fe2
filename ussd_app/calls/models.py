"""USSD sessions: their screens as they were shown, and their ends as the gateway told of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class Call(Base):
    """A USSD session, from its first screen or from the gateway's word of its end on.

    `status` is the gateway's, and Open until it told. What was typed is not in that word.
    """

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_began_at", "began_at", "id"),
        Index("ix_call_member", "member", "began_at", "id"),
        Index("ix_call_phone", "phone", "began_at", "id"),
        Index("ix_call_status", "status", "began_at", "id"),
        Index("ix_call_failure", "began_at", "id", postgresql_where=text("failure IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    session: Mapped[str] = mapped_column(unique=True)
    phone: Mapped[str]
    member: Mapped[int | None]
    """Who had the number then, or came to have it within the session."""
    service_code: Mapped[str]
    network: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str] = mapped_column(server_default="Open")
    path: Mapped[str] = mapped_column(server_default="")
    hops: Mapped[int] = mapped_column(server_default="0")
    milliseconds: Mapped[int] = mapped_column(server_default="0")
    cost: Mapped[int] = mapped_column(server_default="0")
    failure: Mapped[str | None]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class CallScreen(Base):
    """A screen of a session as it was shown; told twice it is one row.

    `how` says what led to it: dialling, a key or an answer (`keys`), a secret, something else; of
    the last two nothing is kept. `place` is a sealed session to go on from, in development alone.
    """

    __tablename__ = "call_screen"
    __table_args__ = (
        CheckConstraint("how IN ('dialled', 'pressed', 'secret', 'other')", name="how"),
        CheckConstraint("how IN ('dialled', 'pressed') OR keys = ''", name="no_secret"),
        Index("ix_call_screen_label", "label", "call"),
    )

    call: Mapped[int] = mapped_column(
        ForeignKey("call.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    label: Mapped[str]
    screen: Mapped[str]
    is_over: Mapped[bool]
    how: Mapped[str]
    keys: Mapped[str]
    place: Mapped[bytes | None]
