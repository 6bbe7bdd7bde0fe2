"""Words of SMS that are old enough to be forgotten.

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for table, since in (("message", "made_at"), ("inbound_message", "received_at")):
        op.create_index(
            f"ix_{table}_worded", table, [since], postgresql_where=sa.text("body <> ''")
        )
