"""Forget whoever was deleted: what others were told of them, and wherever else they are mentioned.

The words to look for are kept in one row, `erasure`, until nothing is found any more: some minutes,
while the last SMS to them and about them leave. An SMS that mentions them is emptied; on the screens
of others, and in what staff and others wrote about somebody else, their name and number give way to
dots.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import THE_SYSTEM
from ussd_app.clock import Clock
from ussd_app.db import outbox
from ussd_app.db.work import Database, Work
from ussd_app.errors import Unavailable
from ussd_app.members.standing import Calls
from ussd_app.values import Name, Phone

ERRAND = "erasure"
BATCH = 20_000
"""SMS that are looked at in one go: a fraction of a second."""
CALLS = 2_000
"""USSD sessions whose screens are looked at in one go."""
PAUSE = timedelta(seconds=30)
SHOWN_WITHIN = timedelta(minutes=10)
"""For so long a call may last, and its last screen be on its way into the table."""
REPORTED_WITHIN = timedelta(minutes=10)
"""For so long the company may report what became of the last SMS."""


@dataclass(frozen=True)
class _Trace:
    """By what somebody is recognised: their numbers, and how SMS call them."""

    member: int
    phones: Sequence[str]
    names: Sequence[str]
    acquainted: Sequence[int]
    began_at: datetime
    seen: int
    last: int
    seen_calls: int
    hung_up: bool

    @property
    def endings(self) -> list[str]:
        """The numbers without the country: so much stands in every way of writing them."""
        codes = [str(Phone(phone).country_code) for phone in self.phones]
        return [
            phone.removeprefix("+").removeprefix(code)
            for phone, code in zip(self.phones, codes, strict=True)
        ]

    @property
    def pattern(self) -> str:
        """A number however it is grouped, or the name in any case, as a regular expression."""
        between = r"[ ().\/-]*"
        numbers = "|".join(between.join(digits) for digits in self.endings)
        names = "|".join(re.escape(name) for name in self.names)
        return rf"((\+|00)?[0-9]{{1,3}}{between})?({numbers})|\m({names})\M"


def begin(work: Work, member: int, phone: Phone, name: Name, *, at: datetime) -> Sequence[str]:
    """Write down what is to be looked for, and who may have been told of them; their numbers."""
    rows = work.rows(_ACQUAINTED, *[member] * _ACQUAINTED.count("%s"))
    numbers = [phone, *(earlier for (earlier,) in work.rows(_EARLIER_NUMBERS, member, member))]
    work.run(
        """
        INSERT INTO erasure (member, phones, names, acquainted, began_at)
        VALUES (%s, %s, %s, %s, %s)
        """,
        member,
        sorted(set(numbers)),
        sorted({str(name), name.short}),
        [one for (one,) in rows],
        at,
    )
    return numbers


def forget_theirs(work: Work, member: int) -> None:
    """Forget what is kept of them by their id; again changes nothing."""
    for statement in _THEIRS:
        work.run(statement, member)


def promise(work: Work, member: int, *, at: datetime) -> None:
    """All that is to be forgotten is written by now: the errand may begin."""
    work.run("UPDATE erasure SET last = (SELECT max(id) FROM message) WHERE member = %s", member)
    outbox.promise(work, ERRAND, member, at=at)


class Forgetting:
    """Carries out the errand."""

    def __init__(self, db: Database, clock: Clock, calls: Calls) -> None:
        self._db, self._clock, self._calls = db, clock, calls

    def carry(self, member: int) -> datetime | None:
        """Forget as far as it goes now; when to go on, or None when nothing is left."""
        now = self._clock.now()
        with self._db.work() as work:
            if (trace := _find(work, member)) is None:
                return None
            upto = min(trace.seen + BATCH, trace.last)
            waits = _empty_messages(work, trace, upto, now)
            work.run(
                "UPDATE erasure SET seen = %s, hung_up = true WHERE member = %s",
                waits or upto,
                member,
            )
            if waits is None and upto < trace.last:
                return now
            if _dot_screens(work, trace):
                return now
            _forget_elsewhere(work, trace)
            if waits is None and now < trace.began_at + SHOWN_WITHIN:
                return trace.began_at + SHOWN_WITHIN
            if waits is None:
                work.run("DELETE FROM erasure WHERE member = %s", member)
                subject = ("member", member)
                audit.record(work, THE_SYSTEM, "member.forgotten", subject=subject, at=now)
        if not trace.hung_up:
            self._hang_up(trace)
        return None if waits is None else now + PAUSE

    def _hang_up(self, trace: _Trace) -> None:
        """End their call, once: whoever dials with the number after that is somebody else."""
        with suppress(Unavailable):  # what is there is sealed, and gone in ten minutes
            for phone in trace.phones:
                self._calls.end(Phone(phone))


def _find(work: Work, member: int) -> _Trace | None:
    row = work.row(
        """
        SELECT phones, names, acquainted, began_at, seen, last, seen_calls, hung_up FROM erasure
        WHERE member = %s FOR UPDATE
        """,
        member,
    )
    return _Trace(member, *row) if row else None


def _empty_messages(work: Work, trace: _Trace, upto: int, now: datetime) -> int | None:
    """Empty what mentions them; before which SMS to go on, where one has not left yet."""
    values = (
        trace.seen,
        upto,
        trace.phones,
        trace.member,
        [f"%{digits}%" for digits in trace.endings],
        trace.acquainted,
        [f"%{name}%" for name in trace.names],
        trace.acquainted,
        trace.member,
        trace.member,
        trace.member,
    )
    (waits,) = work.the_row(
        f"SELECT min(id) FROM message WHERE {_MENTIONS} AND NOT ({_HAS_LEFT})",  # noqa: S608 - ours
        *values,
        trace.phones,
        now - REPORTED_WITHIN,
    )
    work.run(
        f"UPDATE message SET {_EMPTY} WHERE {_MENTIONS} AND {_HAS_LEFT}",  # noqa: S608 - ours
        trace.phones,
        [f"%{digits}%" for digits in trace.endings],
        *values,
        trace.phones,
        now - REPORTED_WITHIN,
    )
    return None if waits is None else int(waits) - 1


def _dot_screens(work: Work, trace: _Trace) -> bool:
    """Take them off some more of the screens that others were shown; whether there are more yet."""
    pattern, first = trace.pattern, trace.seen_calls
    (upto,) = work.the_row(_NEXT_CALLS, first, first, CALLS)
    work.run(_SCREENS, pattern, pattern, first, upto, pattern, pattern)
    work.run(_CALLS_OF_THEIRS, trace.phones, trace.began_at, trace.member)
    goes_on = work.row("SELECT 1 FROM call WHERE id > %s LIMIT 1", upto) is not None
    if not goes_on:  # a call that was open then may get another screen: look at it again
        (upto,) = work.the_row(_BEFORE, upto, upto, trace.began_at - SHOWN_WITHIN)
    work.run("UPDATE erasure SET seen_calls = %s WHERE member = %s", upto, trace.member)
    return goes_on


def _forget_elsewhere(work: Work, trace: _Trace) -> None:
    forget_theirs(work, trace.member)  # what was under way when they were deleted
    phones, began_at, pattern = trace.phones, trace.began_at, trace.pattern
    for statement in _MENTIONED:
        work.run(statement, *[pattern] * statement.count("%s"))
    work.run(_INVITATION_ROWS, trace.member, [f"%{digits}" for digits in trace.endings])
    work.run(_REPORTS, phones, phones)
    work.run(
        "DELETE FROM inbound_message WHERE phone = ANY(%s) AND received_at <= %s", phones, began_at
    )
    work.run("DELETE FROM opt_out WHERE phone = ANY(%s) AND since <= %s", phones, began_at)


_THEIRS: Sequence[LiteralString] = (
    # An SMS that is under way has left, as far as we can know; one that waits is not sent.
    """
    UPDATE message SET phone = '', body = '', sealed = NULL,
        state = CASE WHEN state IN ('waiting', 'sending', 'unclear') THEN 'suppressed'
            ELSE state END
    WHERE member = %s
    """,
    "DELETE FROM errand WHERE kind = 'identity' AND subject = %s",
    "DELETE FROM pin WHERE member = %s",
    "DELETE FROM past_pin WHERE member = %s",
    "DELETE FROM lookup WHERE member = %s",
    "DELETE FROM note WHERE member = %s",
    "DELETE FROM tag WHERE member = %s",
    "DELETE FROM complaint WHERE member = %s",
    # What was approved stays known by kind, people and time; a digest of a number is the number.
    r"""
    UPDATE approval_request SET why = '', answer = NULL, hash = '\x00'
    WHERE state NOT IN ('waiting', 'approved') AND payload ->> 'member' = %s::text
    """,
)
# One that is somebody else's by now is theirs.
_EARLIER_NUMBERS: LiteralString = """
    SELECT DISTINCT s.phone FROM message s WHERE s.member = %s AND s.phone <> ''
        AND NOT EXISTS (SELECT FROM member m WHERE m.phone = s.phone AND m.id <> %s)
"""
_ACQUAINTED: LiteralString = """
    SELECT ward FROM guarantor WHERE guarantor = %s
    UNION SELECT guarantor FROM guarantor WHERE ward = %s
    UNION SELECT member FROM invitation WHERE inviter = %s
    UNION SELECT inviter FROM invitation WHERE member = %s AND inviter IS NOT NULL
    UNION SELECT b.owner FROM account a JOIN entry e ON e.account = a.id
        JOIN entry o ON o.posting = e.posting JOIN account b ON b.id = o.account
        WHERE a.owner = %s AND b.owner IS NOT NULL
"""
# Whoever has joined with the number since, and has an id of their own, is somebody else. A name is
# looked for only where it can be theirs; a receipt is found by its posting, whatever they were
# called at the time.
_MENTIONS: LiteralString = """
    id > %s AND id <= %s AND body <> '' AND (
        (phone = ANY(%s) AND member IS NULL)
        OR about = %s
        OR body LIKE ANY(%s)
        OR ((member IS NULL OR member = ANY(%s::bigint[])) AND body LIKE ANY(%s::text[]))
        OR (kind IN ('statement', 'onboarding', 'withdrawn') AND member = ANY(%s::bigint[])
            AND EXISTS (SELECT FROM audit WHERE subject_kind = 'member' AND subject = %s
                AND action = 'member.renamed'))
        OR (kind = 'receipt' AND split_part(dedupe, ':', 2)::bigint IN (
            SELECT posting FROM transfer WHERE payer = %s
            UNION ALL SELECT e.posting FROM account a JOIN entry e ON e.account = a.id
                WHERE a.owner = %s
        ))
    )
"""
_HAS_LEFT: LiteralString = """
    state NOT IN ('waiting', 'sending', 'unclear')
        AND NOT (state = 'sent' AND phone = ANY(%s) AND member IS NULL AND tried_at > %s)
"""
_EMPTY: LiteralString = """
    body = '', phone = CASE WHEN phone = ANY(%s) AND member IS NULL THEN '' ELSE phone END,
    dedupe = CASE WHEN dedupe LIKE ANY(%s) AND kind = 'invitation' THEN 'erased:' || id
        ELSE dedupe END
"""
_MENTIONED: Sequence[LiteralString] = (
    "UPDATE note SET words = regexp_replace(words, %s, '•••', 'gi') WHERE words ~* %s",
    """
    UPDATE complaint SET words = regexp_replace(words, %s, '•••', 'gi'),
        answer = regexp_replace(answer, %s, '•••', 'gi')
    WHERE words ~* %s OR answer ~* %s
    """,
    "UPDATE inbound_message SET body = regexp_replace(body, %s, '•••', 'gi') WHERE body ~* %s",
    """
    UPDATE approval_request SET why = regexp_replace(why, %s, '•••', 'gi'),
        answer = regexp_replace(answer, %s, '•••', 'gi')
    WHERE state <> 'waiting' AND (why ~* %s OR answer ~* %s)
    """,
    "DELETE FROM saved_filter WHERE name ~* %s OR replace(query, '+', ' ') ~* %s",
)
_NEXT_CALLS: LiteralString = """
    SELECT coalesce(max(id), %s) FROM (
        SELECT id FROM call WHERE id > %s ORDER BY id LIMIT %s
    ) next
"""
_BEFORE: LiteralString = """
    SELECT least(%s, coalesce(min(id) - 1, %s)) FROM call WHERE began_at > %s
"""
_SCREENS: LiteralString = """
    UPDATE call_screen SET screen = regexp_replace(screen, %s, '•••', 'gi'), place = NULL,
        keys = CASE WHEN keys ~* %s THEN '' ELSE keys END
    WHERE call > %s AND call <= %s AND (screen ~* %s OR keys ~* %s)
"""
_CALLS_OF_THEIRS: LiteralString = """
    DELETE FROM call WHERE (phone = ANY(%s) AND began_at <= %s) OR member = %s
"""
_INVITATION_ROWS: LiteralString = """
    UPDATE invitation_row SET phone = '', name = '',
        state = CASE WHEN state = 'waiting' THEN 'refused' ELSE state END
    WHERE invitation IN (SELECT id FROM invitation WHERE member = %s)
        OR regexp_replace(phone, '[^0-9]', '', 'g') LIKE ANY(%s)
"""
_REPORTS: LiteralString = """
    DELETE FROM delivery_report r WHERE r.phone = ANY(%s) AND NOT EXISTS (
        SELECT FROM message m WHERE m.provider_id = r.provider_id AND m.phone = ANY(%s)
    )
"""
