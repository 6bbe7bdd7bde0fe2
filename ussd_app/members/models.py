"""People who dial. Here alone stand their names and numbers; everything else knows an id."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Identity,
    Index,
    Sequence,
    SmallInteger,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ussd_app.db.base import Base

member_id = Sequence("member_id", metadata=Base.metadata)


class Member(Base):
    """A person known by a phone number. `tier` decides the limits (KYC: 0 to 3).

    Who is INVITED has not joined yet: no terms, no PIN, no wallet. Until `careful_until`, after a
    recovery, little may be sent and no guarantor changed. Who is DELETED has an id, and nothing
    else: no number, and a name of no letters.
    """

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("phone ~ '^\\+[1-9][0-9]{6,14}$'", name="phone"),
        CheckConstraint(
            "status IN ('INVITED', 'ACTIVE', 'BLOCKED', 'EXPIRED', 'DELETED')", name="status"
        ),
        CheckConstraint(
            "kind IN ('individual', 'group', 'borrower', 'originator_agent', 'token_agent')",
            name="kind",
        ),
        CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
        CheckConstraint("phone IS NOT NULL OR status = 'DELETED'", name="reachable"),
        CheckConstraint("group_of IS NULL OR kind <> 'group'", name="no_group_in_a_group"),
        CheckConstraint(
            "status NOT IN ('ACTIVE', 'BLOCKED') OR (terms_at IS NOT NULL AND joined_at IS NOT NULL)",
            name="joined",
        ),
        Index(
            "ix_member_words",
            text("name_keys(name)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index("ix_member_sorted", text('name_fold(name COLLATE "C")'), "id"),
        Index(
            "ix_member_joined",
            text("COALESCE(joined_at, '-infinity'::timestamp with time zone)"),
            "id",
        ),
        Index("ix_member_number", text('reverse(phone COLLATE "C")')),
        Index(
            "ix_member_group",
            "group_of",
            "id",
            postgresql_where=text("group_of IS NOT NULL"),
        ),
        Index(
            "ix_member_place",
            text('name_fold(location COLLATE "C")'),
            "id",
            postgresql_where=text("location IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(member_id, primary_key=True)
    phone: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    language: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="individual")
    status: Mapped[str]
    tier: Mapped[int] = mapped_column(SmallInteger)
    terms_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    careful_until: Mapped[datetime | None]
    location: Mapped[str | None]
    group_of: Mapped[int | None]
    default_token: Mapped[int | None]
    auto_convert: Mapped[bool] = mapped_column(server_default=text("false"))


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
        Index("ix_pin_locked", "locked_until", postgresql_where=text("locked_until IS NOT NULL")),
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
    """What somebody reported in their own words, and what staff answered."""

    __tablename__ = "complaint"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL AND closed_by IS NOT NULL)", name="closed"
        ),
        Index("ix_complaint_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    member: Mapped[int]
    words: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    made_at: Mapped[datetime]
    answer: Mapped[str | None]
    closed_by: Mapped[int | None]
    closed_at: Mapped[datetime | None]


class Lookup(Base):
    """How many strangers' names a member has seen on a day."""

    __tablename__ = "lookup"

    member: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]


class Guarantor(Base):
    """Somebody asked to vouch for the `ward` when their PIN is lost.

    asked → accepted | declined | lapsed; accepted → removed (by the ward) | left (by themselves).
    """

    __tablename__ = "guarantor"
    __table_args__ = (
        CheckConstraint(
            "state IN ('asked', 'accepted', 'declined', 'lapsed', 'removed', 'left')", name="state"
        ),
        CheckConstraint("ward <> guarantor", name="another"),
        Index(
            "uq_guarantor_ward",
            "ward",
            "guarantor",
            unique=True,
            postgresql_where=text("state IN ('asked', 'accepted')"),
        ),
        Index(
            "ix_guarantor_guarantor",
            "guarantor",
            postgresql_where=text("state IN ('asked', 'accepted')"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    ward: Mapped[int]
    guarantor: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="asked")
    asked_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Recovery(Base):
    """One attempt to get a PIN back.

    open → done (a new PIN) | unlocked (the old one) | vetoed | refused (by staff) | expired.
    `path` says who decides: guarantors, or people of the organisation. Rules are those of the
    moment at which it was opened. `sim` is what is known of the SIM: asked (no answer yet), clean,
    swapped, unknown.
    """

    __tablename__ = "recovery"
    __table_args__ = (
        CheckConstraint("path IN ('guarantors', 'people')", name="path"),
        CheckConstraint(
            "state IN ('open', 'done', 'unlocked', 'vetoed', 'refused', 'expired')", name="state"
        ),
        CheckConstraint("sim IN ('asked', 'clean', 'swapped', 'unknown')", name="sim"),
        Index("uq_recovery_open", "member", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_recovery_member", "member", "opened_at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member: Mapped[int]
    path: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    quorum: Mapped[int] = mapped_column(SmallInteger)
    cooling_seconds: Mapped[int]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    old_pin_tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    told_ready: Mapped[bool] = mapped_column(server_default=text("false"))
    sim: Mapped[str] = mapped_column(server_default="asked")
    sim_asked_at: Mapped[datetime | None]
    sim_known_at: Mapped[datetime | None]
    sim_bad_since: Mapped[datetime | None]
    sim_reference: Mapped[str | None] = mapped_column(unique=True)


class Vote(Base):
    """A guarantor's answer to a recovery, their last one; it counts while their guaranty lasts."""

    __tablename__ = "vote"

    recovery: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    voter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    guarantor: Mapped[int]
    vouches: Mapped[bool]
    at: Mapped[datetime]


class Approval(Base):
    """Somebody of the organisation who let a recovery go on, once: 'staff:7', 'agent:12'."""

    __tablename__ = "approval"

    recovery: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    approver: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    why: Mapped[str]


class Invitation(Base):
    """A number asked to join: by an agent, or by the organisation itself (`inviter` is empty).

    sent → proven (the code was right) → accepted; or expired, withdrawn, declined (joined without).
    """

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint(
            "state IN ('sent', 'proven', 'accepted', 'expired', 'withdrawn', 'declined')",
            name="state",
        ),
        Index(
            "uq_invitation_open",
            "member",
            unique=True,
            postgresql_where=text("state IN ('sent', 'proven')"),
        ),
        Index("ix_invitation_member", "member", "id"),
        Index("ix_invitation_inviter", "inviter", "id"),
        Index("ix_invitation_expiring", "expires_at", postgresql_where=text("state = 'sent'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member: Mapped[int]
    tenant: Mapped[int]
    inviter: Mapped[int | None]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="sent")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    asked_again_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class InvitationBatch(Base):
    """A list of people to invite, worked off in the background for whoever gave it."""

    __tablename__ = "invitation_batch"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    actor_kind: Mapped[str]
    actor: Mapped[int | None]
    channel: Mapped[str]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class InvitationRow(Base):
    """One line of such a list as it was written, and what became of it."""

    __tablename__ = "invitation_row"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'invited', 'refused')", name="state"),)

    batch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    phone: Mapped[str]
    name: Mapped[str]
    language: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    why: Mapped[str | None]
    invitation: Mapped[int | None]
