"""What waits for a second person, what staff write about people, and the filters they keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class ApprovalRequest(Base):
    """A deed that one person asks for and another decides.

    waiting → approved → done | refused | expired. `approved` lasts as long as the deed does, in
    the same work. `hash` is of kind and payload; when it has ended, what is private in the payload
    is forgotten.
    """

    __tablename__ = "approval_request"
    __table_args__ = (
        CheckConstraint("checker IS NULL OR checker <> maker", name="two_people"),
        CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'expired', 'done')", name="state"
        ),
        CheckConstraint(
            "state IN ('waiting', 'expired') OR (checker IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided",
        ),
        Index(
            "uq_approval_request_waiting",
            "kind",
            "hash",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_approval_request_maker", "maker", "id"),
        Index(
            "ix_approval_request_posting",
            text("(payload ->> 'posting')"),
            postgresql_where=text("kind = 'posting.reversal'"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    maker: Mapped[int]
    checker: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    why: Mapped[str]
    answer: Mapped[str | None]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class Note(Base):
    """What somebody of the staff wrote about a member; rows are only added."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_member", "member", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member: Mapped[int]
    author: Mapped[int]
    words: Mapped[str]
    at: Mapped[datetime]


class Tag(Base):
    """A word by which staff find a member again."""

    __tablename__ = "tag"
    __table_args__ = (Index("ix_tag_tag", "tag", "member"),)

    member: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[int]
    at: Mapped[datetime]


class SavedFilter(Base):
    """A filter of people that a user keeps under a name of theirs, as the query of an address."""

    __tablename__ = "saved_filter"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    query: Mapped[str]
    made_at: Mapped[datetime]


class Erasure(Base):
    """Somebody who is being forgotten: by what words traces of them are found elsewhere.

    It lives for minutes: as soon as the last SMS to them and about them has left and no trace is
    found any more, the row goes too. `seen` is the SMS up to which was looked, `last` the last to be,
    `seen_calls` the USSD session. `hung_up` once their own call was ended.
    """

    __tablename__ = "erasure"

    member: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    phones: Mapped[list[str]] = mapped_column(ARRAY(Text))
    names: Mapped[list[str]] = mapped_column(ARRAY(Text))
    acquainted: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    began_at: Mapped[datetime]
    seen: Mapped[int] = mapped_column(server_default="0")
    last: Mapped[int] = mapped_column(server_default="0")
    seen_calls: Mapped[int] = mapped_column(server_default="0")
    hung_up: Mapped[bool] = mapped_column(server_default=text("false"))
