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
    Invariant(
        "nobody but a guarantor of the owner vouched",
        """
        SELECT v.recovery FROM vote v JOIN recovery r ON r.id = v.recovery
            LEFT JOIN guarantor g
                ON g.id = v.guarantor AND g.ward = r.member AND g.guarantor = v.voter
        WHERE g.id IS NULL
        """,
    ),
    Invariant(
        "no PIN was recovered without enough people who know its owner",
        """
        SELECT r.id FROM recovery r
        WHERE r.state = 'done'
            AND (r.path <> 'guarantors' OR r.quorum > (
                SELECT count(DISTINCT v.voter) FROM vote v JOIN guarantor g ON g.id = v.guarantor
                WHERE v.recovery = r.id AND v.vouches AND v.at <= r.ended_at
                    AND g.ward = r.member AND g.guarantor = v.voter
                    AND g.accepted_at < r.opened_at
                    AND (g.ended_at IS NULL OR g.ended_at >= r.ended_at)
            ))
            AND 2 > (
                SELECT count(*) FROM approval a
                WHERE a.recovery = r.id AND a.at <= r.ended_at AND a.approver NOT LIKE 'agent:%'
            )
            AND NOT EXISTS (
                SELECT FROM approval a
                WHERE a.recovery = r.id AND a.at <= r.ended_at AND a.approver LIKE 'agent:%'
            )
        """,
    ),
)
