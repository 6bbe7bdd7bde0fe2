"""Finding transactions: by kind, amount and channel, and those that were given up.

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Nearly all are transfers by USSD: the partial indexes cost those nothing.
    op.create_index(
        "ix_posting_kind",
        "posting",
        ["kind", "id"],
        unique=False,
        postgresql_where=sa.text("kind <> 'transfer'"),
    )
    op.create_index(
        "ix_entry_amount",
        "entry",
        ["token", "amount", "posting"],
        unique=False,
        postgresql_where=sa.text("amount > 0"),
    )
    op.create_index(
        "ix_audit_channel",
        "audit",
        ["channel", "subject"],
        unique=False,
        postgresql_where=sa.text("subject_kind = 'posting' AND channel <> 'ussd'"),
    )
    op.create_index(
        "ix_audit_given_up",
        "audit",
        ["id"],
        unique=False,
        postgresql_where=sa.text("action = 'transfer.abandoned'"),
    )
    op.create_index(
        "ix_approval_request_posting",
        "approval_request",
        [sa.literal_column("(payload ->> 'posting')")],
        unique=False,
        postgresql_where=sa.text("kind = 'posting.reversal'"),
    )
