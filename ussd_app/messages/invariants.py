"""What is always true of SMS and of errands."""

from __future__ import annotations

from ussd_app.db.invariant import Invariant

INVARIANTS = (
    Invariant(
        "every SMS that is under way has an errand",
        """
        SELECT m.id FROM message m LEFT JOIN errand e ON e.kind = 'sms' AND e.subject = m.id
        WHERE m.state IN ('waiting', 'sending', 'unclear') AND e.id IS NULL
        """,
    ),
    Invariant(
        "no SMS keeps its secret once it has left",
        """
        SELECT id FROM message
        WHERE sealed IS NOT NULL AND state NOT IN ('waiting', 'sending', 'unclear')
        """,
    ),
    Invariant(
        "every letter that is under way has an errand",
        """
        SELECT l.id FROM letter l LEFT JOIN errand e ON e.kind = 'mail' AND e.subject = l.id
        WHERE l.state IN ('waiting', 'sending', 'unclear') AND e.id IS NULL
        """,
    ),
    Invariant(
        "no letter keeps its secret once it has left",
        """
        SELECT id FROM letter
        WHERE sealed IS NOT NULL AND state NOT IN ('waiting', 'sending', 'unclear')
        """,
    ),
    Invariant(
        "no SMS is late by more than an hour",
        """
        SELECT id FROM message
        WHERE state IN ('waiting', 'sending', 'unclear') AND valid_until < now() - interval '1 hour'
        """,
        stops=False,
    ),
    Invariant(
        "no errand was given up",
        "SELECT id FROM errand WHERE state = 'dead'",
        stops=False,
    ),
    Invariant(
        "no errand is overdue by more than two minutes",
        "SELECT id FROM errand WHERE state NOT IN ('dead', 'parked') AND due_at < now() - interval '2 minutes'",
        stops=False,
    ),
)
