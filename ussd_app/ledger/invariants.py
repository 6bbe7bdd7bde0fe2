"""What is always true of the books."""

from __future__ import annotations

from ussd_app.db.invariant import Invariant

INVARIANTS = (
    Invariant(
        "every posting sums to zero in each token",
        "SELECT posting FROM entry GROUP BY posting, token HAVING sum(amount) <> 0",
    ),
    Invariant(
        "every posting has at least two legs",
        """
        SELECT p.id FROM posting p LEFT JOIN entry e ON e.posting = p.id
        GROUP BY p.id HAVING count(e.leg) < 2
        """,
    ),
    Invariant(
        "every leg belongs to a posting and to an account of its token",
        """
        SELECT e.posting FROM entry e LEFT JOIN posting p ON p.id = e.posting
            LEFT JOIN account a ON a.id = e.account AND a.token = e.token
        WHERE p.id IS NULL OR a.id IS NULL
        """,
    ),
    Invariant(
        "every stored balance is the sum of its legs",
        """
        SELECT a.id FROM account a LEFT JOIN entry e ON e.account = a.id
        WHERE a.balance IS NOT NULL
        GROUP BY a.id, a.balance HAVING a.balance <> coalesce(sum(e.amount), 0)
        """,
    ),
    Invariant(
        "every leg's balance follows from the leg before",
        """
        SELECT posting FROM (
            SELECT posting, balance, amount,
                coalesce(lag(balance) OVER (PARTITION BY account ORDER BY posting), 0) AS before
            FROM entry WHERE balance IS NOT NULL
        ) legs WHERE balance <> before + amount
        """,
    ),
    Invariant(
        "a balance is stored for an owner, and for an owner alone",
        "SELECT id FROM account WHERE (owner IS NULL) <> (balance IS NULL)",
    ),
    Invariant(
        "no member owes, and nobody has less than is held",
        "SELECT id FROM account WHERE balance IS NOT NULL AND (held < 0 OR balance < held)",
    ),
    Invariant(
        "what is held is the sum of the open holds",
        """
        SELECT a.id FROM account a
            LEFT JOIN hold h ON h.account = a.id AND h.state = 'held'
        GROUP BY a.id, a.held HAVING a.held <> coalesce(sum(h.amount), 0)
        """,
    ),
    Invariant(
        "a reversal is the opposite of one posting",
        """
        SELECT r.id FROM posting r
        WHERE r.reverses IS NOT NULL AND (
            SELECT array_agg((account, amount) ORDER BY leg) FROM entry WHERE posting = r.id
        ) IS DISTINCT FROM (
            SELECT array_agg((account, -amount) ORDER BY leg) FROM entry
            WHERE posting = r.reverses
        )
        """,
    ),
)
