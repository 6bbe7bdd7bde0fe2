"""What is always true of members."""

from __future__ import annotations

from ussd_app.db.invariant import Invariant

INVARIANTS = (
    Invariant(
        "every member has a PIN and a wallet: there are no halves",
        """
        SELECT m.id FROM member m LEFT JOIN pin p ON p.member = m.id
            LEFT JOIN account a ON a.owner = m.id
        WHERE m.status = 'ACTIVE' AND (p.member IS NULL OR a.id IS NULL)
        """,
    ),
    Invariant(
        "every member was welcomed once",
        """
        SELECT m.id FROM member m LEFT JOIN message s ON s.dedupe = 'welcome:' || m.id
        WHERE s.id IS NULL AND m.joined_at IS NOT NULL
        """,
    ),
    Invariant(
        "nobody is a member and still joining",
        """
        SELECT r.id FROM registration r JOIN member m ON m.phone = r.phone
        WHERE m.joined_at IS NOT NULL
        """,
    ),
    Invariant(
        "who is invited has an open invitation, and nobody else has one",
        """
        SELECT m.id FROM member m WHERE (m.status = 'INVITED') <> EXISTS (
            SELECT FROM invitation i WHERE i.member = m.id AND i.state IN ('sent', 'proven')
        )
        """,
    ),
)
