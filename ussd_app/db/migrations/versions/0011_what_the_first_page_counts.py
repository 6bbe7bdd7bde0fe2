"""What the first page counts: reports that wait, and how the day goes.

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("complaint", sa.Column("answer", sa.Text))
    op.add_column("complaint", sa.Column("closed_by", sa.BigInteger))
    op.add_column("complaint", sa.Column("closed_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_complaint_closed"),
        "complaint",
        "(state = 'closed') = (closed_at IS NOT NULL AND closed_by IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_complaint_state"), "complaint", "state IN ('open', 'closed')"
    )
    op.create_index("ix_complaint_state", "complaint", ["state", "id"])
    op.create_index("ix_posting_at", "posting", ["at"], postgresql_using="brin")
