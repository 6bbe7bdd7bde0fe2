"""What is always true of the audit; `ussd-app audit verify` proves its contents."""

from __future__ import annotations

from ussd_app.db.invariant import Invariant

INVARIANTS = (
    Invariant(
        "every seal of the audit has its row",
        """
        SELECT s.audit FROM audit_seal s
        WHERE NOT EXISTS (SELECT FROM audit a WHERE a.id = s.audit)
        """,
    ),
    Invariant(
        "every row of the audit is sealed within minutes",
        """
        SELECT a.id FROM audit a
        WHERE NOT EXISTS (SELECT FROM audit_seal s WHERE s.audit = a.id)
            AND a.at < now() - interval '5 minutes'
        """,
        stops=False,
    ),
)
