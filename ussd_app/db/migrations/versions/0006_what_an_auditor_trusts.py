"""What an auditor trusts: seals of the audit, and deeds that wait for a second person.

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

ONLY_ADDED = tuple(
    f"""
    CREATE TRIGGER append_only_{when} BEFORE {event} ON audit_seal
    FOR EACH {level} EXECUTE FUNCTION books_are_append_only()
    """
    for when, event, level in (
        ("rows", "UPDATE OR DELETE", "ROW"),
        ("table", "TRUNCATE", "STATEMENT"),
    )
)


def upgrade() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("audit", name=op.f("uq_audit_seal_audit")),
    )
    for statement in ONLY_ADDED:
        op.execute(statement)
    op.create_index("ix_audit_at", "audit", ["at"], unique=False, postgresql_using="brin")
    op.create_index(
        "ix_audit_actor",
        "audit",
        ["actor_kind", "actor", "id"],
        unique=False,
        postgresql_where=sa.text("actor_kind <> 'member'"),
    )
    op.create_index(
        "ix_pin_locked",
        "pin",
        ["locked_until"],
        unique=False,
        postgresql_where=sa.text("locked_until IS NOT NULL"),
    )
    op.create_table(
        "approval_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("maker", sa.BigInteger(), nullable=False),
        sa.Column("checker", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "checker IS NULL OR checker <> maker", name=op.f("ck_approval_request_two_people")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'expired', 'done')",
            name=op.f("ck_approval_request_state"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'expired') OR (checker IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_approval_request_decided"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
    )
    op.create_index(
        "uq_approval_request_waiting",
        "approval_request",
        ["kind", "hash"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_approval_request_maker", "approval_request", ["maker", "id"], unique=False)
