"""Where members live, whom they belong to and what they prefer; and forgetting who has left.

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.alter_column("member", "phone", existing_type=sa.Text(), nullable=True)
    op.add_column("member", sa.Column("location", sa.Text(), nullable=True))
    op.add_column("member", sa.Column("group_of", sa.BigInteger(), nullable=True))
    op.add_column("member", sa.Column("default_token", sa.BigInteger(), nullable=True))
    op.add_column(
        "member",
        sa.Column("auto_convert", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_member_reachable"), "member", "phone IS NOT NULL OR status = 'DELETED'"
    )
    op.create_check_constraint(
        op.f("ck_member_no_group_in_a_group"), "member", "group_of IS NULL OR kind <> 'group'"
    )
    op.create_index(
        "ix_member_group",
        "member",
        ["group_of", "id"],
        postgresql_where=sa.text("group_of IS NOT NULL"),
    )
    op.create_index(
        "ix_member_place",
        "member",
        [sa.text('name_fold(location COLLATE "C")'), "id"],
        postgresql_where=sa.text("location IS NOT NULL"),
    )
    op.add_column("message", sa.Column("about", sa.BigInteger(), nullable=True))
    op.create_table(
        "erasure",
        sa.Column("member", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("phones", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("acquainted", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seen_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hung_up", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_erasure")),
    )
