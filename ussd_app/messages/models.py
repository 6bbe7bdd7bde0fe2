"""SMS and letters: what was promised, what became of it, what came in."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base

LOST = "state IN ('failed', 'expired', 'suppressed')"
OPEN = "state IN ('waiting', 'sending', 'unclear')"


class Message(Base):
    """One SMS to one number, written with the deed that it tells of.

    What is secret in it stands in `body` as stars, and whole in `sealed` until it has left.

    waiting → sending → sent → delivered | failed; `unclear` once the company did not answer;
    expired when it came too late; suppressed when the number opted out. `again_of` is the SMS that it
    repeats, `author` the user who wrote it or had it repeated, `cost` what the company told, in
    hundredths.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "ix_message_unclear", "phone", postgresql_where=text("state IN ('sending', 'unclear')")
        ),
        Index("ix_message_member", "member", "id"),
        Index("ix_message_made_at", "made_at", "id"),
        Index("ix_message_worded", "made_at", postgresql_where=text("body <> ''")),
        Index("ix_message_kind", "kind", "made_at", "id"),
        Index("ix_message_lost", "made_at", "id", postgresql_where=text(LOST)),
        Index(
            "ix_message_author",
            "author",
            "made_at",
            postgresql_where=text("author IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    dedupe: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    member: Mapped[int | None]
    phone: Mapped[str]
    body: Mapped[str]
    sealed: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    made_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    copies: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    tried_at: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(unique=True)
    failure: Mapped[str | None]
    again_of: Mapped[int | None]
    author: Mapped[int | None]
    cost: Mapped[int | None]
    about: Mapped[int | None]


class Letter(Base):
    """One e-mail to one address, written with the deed that it tells of.

    What is secret in it stands in `body` as stars, and whole in `sealed` until it has left.

    waiting → sending → sent | failed; `unclear` once the server did not answer; expired when it
    came too late.
    """

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'sending', 'unclear', 'sent', 'failed', 'expired')", name="state"
        ),
        Index("ix_letter_user", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    dedupe: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    user_id: Mapped[int | None]
    address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    sealed: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    made_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    copies: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    tried_at: Mapped[datetime | None]
    failure: Mapped[str | None]


class DeliveryReport(Base):
    """What the company reported of a message id of theirs; the first of each kind counts."""

    __tablename__ = "delivery_report"
    __table_args__ = (
        Index("ix_delivery_report_received_at", "received_at"),
        Index("ix_delivery_report_phone", "phone", "received_at"),
    )

    provider_id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    phone: Mapped[str]
    failure: Mapped[str | None]
    received_at: Mapped[datetime]


class InboundMessage(Base):
    """An SMS somebody sent us, once, however often it is delivered; without what may be a PIN."""

    __tablename__ = "inbound_message"
    __table_args__ = (
        Index("ix_inbound_message_worded", "received_at", postgresql_where=text("body <> ''")),
    )

    provider_id: Mapped[str] = mapped_column(primary_key=True)
    phone: Mapped[str]
    body: Mapped[str]
    received_at: Mapped[datetime]


class OptOut(Base):
    """A number that wants no SMS from us."""

    __tablename__ = "opt_out"

    phone: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]


class SmsSpend(Base):
    """What SMS cost on a day, in hundredths of the currency; estimated where it was not told."""

    __tablename__ = "sms_spend"

    day: Mapped[date] = mapped_column(primary_key=True)
    cost: Mapped[int]
    count: Mapped[int]


class OneTimeCode(Base):
    """A code that was sent to a number for one purpose and one `subject`: only its keyed digest.

    live → right (typed, its deed not yet done) → used; or burnt (too many tries), replaced by a
    newer one, withdrawn.
    """

    __tablename__ = "one_time_code"
    __table_args__ = (
        CheckConstraint(
            "state IN ('live', 'right', 'used', 'burnt', 'replaced', 'withdrawn')", name="state"
        ),
        Index(
            "uq_one_time_code_live",
            "phone",
            "purpose",
            unique=True,
            postgresql_where=text("state IN ('live', 'right')"),
        ),
        Index("ix_one_time_code_phone", "phone", "made_at"),
        Index(
            "ix_one_time_code_subject",
            "subject",
            postgresql_where=text("state IN ('live', 'right')"),
        ),
        Index("ix_one_time_code_asker", "asker", "made_at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    phone: Mapped[str]
    purpose: Mapped[str]
    subject: Mapped[int]
    digest: Mapped[bytes]
    asker: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="live")
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    right_at: Mapped[datetime | None]
