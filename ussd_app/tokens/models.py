"""Community currencies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Identity, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base


class Token(Base):
    """A community currency: the code people see, and how many decimals its amounts have."""

    __tablename__ = "token"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,11}$'", name="code"),
        CheckConstraint("decimals BETWEEN 0 AND 2", name="decimals"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    decimals: Mapped[int] = mapped_column(SmallInteger)
    made_at: Mapped[datetime]
