"""What the audit keeps for ever must not name whom it concerns: nothing could make it forget."""

from __future__ import annotations

from ussd_app.db.work import Work
from ussd_app.errors import Invalid
from ussd_app.text import _

NAMED = _("Say it without their name: what is written here is kept for ever.")


def refuse_named(work: Work, member: int, words: str) -> None:
    """Raises Invalid if a word of the member's name, of three letters or more, is among these."""
    named = work.row(
        """
        SELECT 1 FROM member m, unnest(string_to_array(name_fold(m.name), ' ')) AS n(word)
        WHERE m.id = %s AND length(n.word) >= 3
            AND n.word = ANY(regexp_split_to_array(name_fold(%s), '[^[:alnum:]]+'))
        """,
        member,
        words,
    )
    if named:
        raise Invalid(NAMED)
