"""The door of the staff: what a passkey signs, how often one asks, in which language one is invited.

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "rate",
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rate")),
    )
    op.add_column("user_account", sa.Column("challenge", sa.LargeBinary(), nullable=True))
    op.add_column(
        "user_account", sa.Column("challenge_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "staff_invitation",
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
    )
    # Nobody had a passkey yet: what its columns said of other uses goes.
    op.drop_index("ix_passkey_user", table_name="passkey")
    op.drop_column("passkey", "usage")
    op.drop_column("passkey", "extras")
    op.create_index(
        "uq_passkey_user_name", "passkey", ["user_id", sa.text("lower(name)")], unique=True
    )
