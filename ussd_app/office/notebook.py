"""What staff write down: notes and tags of members, filters of their own, and whose data they saw."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.digits import without_pins
from ussd_app.errors import Invalid, NotFound
from ussd_app.members.reasons import refuse_named
from ussd_app.office.people_filter import NO_TAG, TAG, PeopleFilter
from ussd_app.text import _
from ussd_app.values import Reason

NOTE_LETTERS, NOTE_LETTERS_LEAST = 1000, 3
NOTES_SHOWN, TAGS_MOST, SAVED_MOST = 30, 20, 30
FILTER_NAME = re.compile(r"[^\x00-\x1f<>]{1,40}")

NO_NOTE = _("Write a few words, at most 1000 letters.")
NO_FILTER_NAME = _("Give it a name of at most 40 letters.")
TOO_MANY_TAGS = _("Twenty tags are enough. Take one away first.")
TOO_MANY_FILTERS = _("Thirty filters are enough. Forget one first.")


@dataclass(frozen=True)
class NoteView:
    """What somebody of the staff wrote about a member."""

    author: str
    at: datetime
    words: str


class Notebook:
    """Keeps what staff write, with who and when."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def notes(self, member: int) -> Sequence[NoteView]:
        """The newest first."""
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT u.name, n.at, n.words FROM note n JOIN user_account u ON u.id = n.author
                WHERE n.member = %s ORDER BY n.id DESC LIMIT %s
                """,
                member,
                NOTES_SHOWN,
            )
        return [NoteView(*row) for row in rows]

    def write(self, member: int, words: str, *, by: Actor) -> None:
        """Add a note; what may be a PIN is blanked. Raises Invalid, NotFound."""
        plain = "".join(c if c.isprintable() or c == "\n" else " " for c in words)
        note = without_pins(unicodedata.normalize("NFC", plain).strip())
        if not NOTE_LETTERS_LEAST <= len(note) <= NOTE_LETTERS:
            raise Invalid(NO_NOTE)
        now = self._clock.now()
        with self._db.work() as work:
            _must_be_there(work, member)
            work.run(
                "INSERT INTO note (member, author, words, at) VALUES (%s, %s, %s, %s)",
                member,
                by.id,
                note,
                now,
            )
            audit.record(work, by, "member.noted", subject=("member", member), at=now)

    def tags(self, member: int) -> Sequence[str]:
        """In the order of letters."""
        with self._db.reading() as reading:
            rows = reading.rows("SELECT tag FROM tag WHERE member = %s ORDER BY tag", member)
        return [tag for (tag,) in rows]

    def tag(self, member: int, typed: str, *, by: Actor) -> None:
        """Tag a member; again changes nothing. Raises Invalid, NotFound."""
        with self._db.work() as work:
            self.put_tag(work, member, typed, by=by)

    def put_tag(self, work: Work, member: int, typed: str, *, by: Actor) -> None:
        """The same, in a work of the caller's."""
        tag, now = typed.strip().lower(), self._clock.now()
        if not TAG.fullmatch(tag):
            raise Invalid(NO_TAG)
        _must_be_there(work, member)
        refuse_named(work, member, tag)
        (count,) = work.the_row("SELECT count(*) FROM tag WHERE member = %s", member)
        if count >= TAGS_MOST:
            raise Invalid(TOO_MANY_TAGS)
        if work.run(
            """
            INSERT INTO tag (member, tag, author, at) VALUES (%s, %s, %s, %s)
            ON CONFLICT DO NOTHING
            """,
            member,
            tag,
            by.id,
            now,
        ):
            audit.record(work, by, "member.tagged", subject=("member", member), at=now, tag=tag)

    def untag(self, member: int, tag: str, *, by: Actor) -> None:
        """Take a tag away; again changes nothing."""
        with self._db.work() as work:
            if work.run("DELETE FROM tag WHERE member = %s AND tag = %s", member, tag):
                subject, now = ("member", member), self._clock.now()
                audit.record(work, by, "member.untagged", subject=subject, at=now, tag=tag)

    def reveal(self, member: int, *, by: Actor, why: str) -> None:
        """Write down that somebody looks at private data, and why. Raises Invalid, NotFound."""
        reason, now = Reason.parse(why), self._clock.now()
        with self._db.work() as work:
            _must_be_there(work, member)
            refuse_named(work, member, reason)
            audit.record(
                work, by, "member.revealed", subject=("member", member), at=now, why=reason
            )

    def filters(self, user: int) -> Sequence[tuple[str, str]]:
        """The user's filters: name and query, in the order of their names."""
        with self._db.reading() as reading:
            rows = reading.rows(
                "SELECT name, query FROM saved_filter WHERE user_id = %s ORDER BY name", user
            )
        return [(name, query) for name, query in rows]

    def keep_filter(self, name: str, wanted: PeopleFilter, *, by: Actor) -> None:
        """Keep a filter under a name; the same name again replaces it. Raises Invalid.

        What was searched for is left away: a name or a number would be kept with it.
        """
        plain, now = " ".join(name.split()), self._clock.now()
        if not FILTER_NAME.fullmatch(plain):
            raise Invalid(NO_FILTER_NAME)
        with self._db.work() as work:
            (count,) = work.the_row(
                "SELECT count(*) FROM saved_filter WHERE user_id = %s AND name <> %s", by.id, plain
            )
            if count >= SAVED_MOST:
                raise Invalid(TOO_MANY_FILTERS)
            work.run(
                """
                INSERT INTO saved_filter (user_id, name, query, made_at) VALUES (%s, %s, %s, %s)
                ON CONFLICT (user_id, name) DO UPDATE
                SET query = excluded.query, made_at = excluded.made_at
                """,
                by.id,
                plain,
                wanted.without_search.query,
                now,
            )
            audit.record(work, by, "filter.kept", subject=("user", by.id), at=now)

    def forget_filter(self, name: str, *, by: Actor) -> None:
        """Forget one; again changes nothing."""
        with self._db.work() as work:
            if work.run("DELETE FROM saved_filter WHERE user_id = %s AND name = %s", by.id, name):
                subject, now = ("user", by.id), self._clock.now()
                audit.record(work, by, "filter.forgotten", subject=subject, at=now)


def _must_be_there(work: Work, member: int) -> None:
    """Nobody changes them meanwhile."""
    there = "SELECT 1 FROM member WHERE id = %s AND status <> 'DELETED' FOR NO KEY UPDATE"
    if not work.row(there, member):
        raise NotFound("no such member")
