"""What staff write about people, and the filters they keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


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
