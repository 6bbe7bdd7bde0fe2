"""What a phone showed: each screen of a USSD session, and SMS that staff send.

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TOLD_LATER = (
    ("network", "''"),
    ("status", "'Open'"),
    ("path", "''"),
    ("hops", "0"),
    ("milliseconds", "0"),
    ("cost", "0"),
)
"""Columns of a session that only the gateway's word of its end fills."""
LOST = "state IN ('failed', 'expired', 'suppressed')"


def upgrade() -> None:
    for column, value in TOLD_LATER:
        op.alter_column("call", column, server_default=sa.text(value))
    op.alter_column("call", "ended_at", nullable=True)
    op.add_column("call", sa.Column("member", sa.BigInteger(), nullable=True))
    op.add_column("call", sa.Column("began_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE call SET began_at = ended_at - milliseconds * interval '1 millisecond'")
    op.execute("UPDATE call SET member = m.id FROM member m WHERE m.phone = call.phone")
    op.alter_column("call", "began_at", nullable=False)
    op.drop_index("ix_call_ended_at", table_name="call")
    op.drop_index("ix_call_phone", table_name="call")
    for name, columns in (
        ("began_at", ["began_at", "id"]),
        ("member", ["member", "began_at", "id"]),
        ("phone", ["phone", "began_at", "id"]),
        ("status", ["status", "began_at", "id"]),
    ):
        op.create_index(f"ix_call_{name}", "call", columns)
    op.create_index(
        "ix_call_failure",
        "call",
        ["began_at", "id"],
        postgresql_where=sa.text("failure IS NOT NULL"),
    )
    op.create_table(
        "call_screen",
        sa.Column("call", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("screen", sa.Text(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "how IN ('dialled', 'pressed', 'secret', 'other')", name=op.f("ck_call_screen_how")
        ),
        sa.CheckConstraint(
            "how IN ('dialled', 'pressed') OR keys = ''", name=op.f("ck_call_screen_no_secret")
        ),
        sa.ForeignKeyConstraint(
            ["call"], ["call.id"], name=op.f("fk_call_screen_call_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call", "at", "number", name=op.f("pk_call_screen")),
    )
    op.create_index("ix_call_screen_label", "call_screen", ["label", "call"])
    for name in ("again_of", "author", "cost"):
        op.add_column("message", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_index("ix_message_made_at", "message", ["made_at", "id"])
    op.create_index("ix_message_kind", "message", ["kind", "made_at", "id"])
    op.create_index("ix_message_lost", "message", ["made_at", "id"], postgresql_where=sa.text(LOST))
    op.create_index(
        "ix_message_author",
        "message",
        ["author", "made_at"],
        postgresql_where=sa.text("author IS NOT NULL"),
    )
