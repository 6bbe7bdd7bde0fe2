"""People who sign in, their second factors, and the browsers they are signed in at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base

ROLES = (
    "role IN ('viewer_public', 'viewer_private', 'investor', 'enroller', 'originator_admin',"
    " 'admin', 'super_admin')"
)


class UserAccount(Base):
    """Somebody who signs in. `uniquifier` stands in the cookie: a new one ends every session.

    ACTIVE, SUSPENDED, or DELETED (then nothing personal is left). Until `password_until`, if set,
    the first password works; `must_change` until it was changed. `last_step` is of the last TOTP
    code that was used, for none works twice; `challenge` is what a passkey was asked to sign, taken
    away when it is answered.
    """

    __tablename__ = "user_account"
    __table_args__ = (
        CheckConstraint("status IN ('ACTIVE', 'SUSPENDED', 'DELETED')", name="status"),
        CheckConstraint("email = lower(email)", name="email"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    language: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="ACTIVE")
    password: Mapped[str | None]
    password_until: Mapped[datetime | None]
    must_change: Mapped[bool] = mapped_column(server_default=text("false"))
    confirmed_at: Mapped[datetime | None]
    uniquifier: Mapped[str] = mapped_column(unique=True)
    handle: Mapped[str] = mapped_column(unique=True)
    factor: Mapped[str | None]
    totp_secret: Mapped[str | None]
    last_step: Mapped[int | None]
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary)
    challenge_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    locked_until: Mapped[datetime | None]
    made_at: Mapped[datetime]


class StaffRole(Base):
    """What a user is in an organisation."""

    __tablename__ = "staff_role"
    __table_args__ = (CheckConstraint(ROLES, name="role"),)

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[str]
    since: Mapped[datetime]


class UserSession(Base):
    """A browser in which a user is signed in; `sid` is the SHA-256 of what the cookie holds."""

    __tablename__ = "user_session"
    __table_args__ = (
        Index("ix_user_session_live", "user_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    sid: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int]
    browser: Mapped[str]
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code on paper, for when the telephone with the TOTP is lost; single use, kept as a MAC."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mac: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """A WebAuthn credential, as a second factor."""

    __tablename__ = "passkey"
    __table_args__ = (Index("uq_passkey_user_name", "user_id", text("lower(name)"), unique=True),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int]
    credential: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str]
    sign_count: Mapped[int]
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text))
    device: Mapped[str]
    backed_up: Mapped[bool]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime]


class StaffInvitation(Base):
    """An e-mail address asked to sign up, by link and separate code.

    sent → accepted | expired | withdrawn. The link's token and the code are kept as MACs.
    """

    __tablename__ = "staff_invitation"
    __table_args__ = (
        CheckConstraint("state IN ('sent', 'accepted', 'expired', 'withdrawn')", name="state"),
        CheckConstraint(ROLES, name="role"),
        Index(
            "uq_staff_invitation_open",
            "email",
            "tenant",
            unique=True,
            postgresql_where=text("state = 'sent'"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    tenant: Mapped[int]
    email: Mapped[str | None]
    role: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="en")
    inviter: Mapped[int | None]
    token: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    code: Mapped[bytes] = mapped_column(LargeBinary)
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    state: Mapped[str] = mapped_column(server_default="sent")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Rate(Base):
    """How often somebody asked lately (GCRA): `name` is a MAC of who and what, nobody's address."""

    __tablename__ = "rate"

    name: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    due: Mapped[datetime]
