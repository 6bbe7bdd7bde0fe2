"""What is always true of transfers."""

from __future__ import annotations

from ussd_app.db.invariant import Invariant

INVARIANTS = (
    Invariant(
        "every transfer moved its amount from payer to payee, once",
        """
        SELECT t.posting FROM transfer t
        WHERE t.posting IS NOT NULL AND NOT EXISTS (
            SELECT FROM posting p
                JOIN entry paid ON paid.posting = p.id AND paid.leg = 1
                JOIN entry got ON got.posting = p.id AND got.leg = 2
                JOIN account payer ON payer.id = paid.account AND payer.owner = t.payer
                JOIN account payee ON payee.id = got.account AND payee.owner = t.payee
            WHERE p.id = t.posting AND p.kind = 'transfer'
                AND paid.amount = -t.amount AND got.amount = t.amount AND got.token = t.token
        )
        """,
    ),
    Invariant(
        "every posting of a transfer belongs to one",
        """
        SELECT p.id FROM posting p LEFT JOIN transfer t ON t.posting = p.id
        WHERE p.kind = 'transfer' AND t.key IS NULL
        """,
    ),
    Invariant(
        "both sides of every transfer are told, once each",
        """
        SELECT t.posting FROM transfer t
            LEFT JOIN message s ON s.dedupe = 'sent:' || t.posting
            LEFT JOIN message r ON r.dedupe = 'received:' || t.posting
            LEFT JOIN errand e ON e.kind = 'receipts' AND e.subject = t.posting
        WHERE t.posting IS NOT NULL AND (s.id IS NULL OR r.id IS NULL) AND e.id IS NULL
        """,
    ),
    Invariant(
        "every transfer is in the audit",
        """
        SELECT t.posting FROM transfer t LEFT JOIN audit a
            ON a.subject_kind = 'posting' AND a.subject = t.posting AND a.action = 'transfer.sent'
        WHERE t.posting IS NOT NULL AND a.id IS NULL
        """,
    ),
)
