"""What staff send: an SMS that did not arrive once more, and words of their own to one member.

Limits stand in `LIMITS`. What is sent waits, is paid for and is delivered as every other SMS.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.digits import without_pins
from ussd_app.errors import Invalid, LimitReached, NotAllowed, NotFound
from ussd_app.members.status import Status
from ussd_app.messages.service import HIDDEN, Draft, Messages
from ussd_app.text import SMS_PART_SEPTETS, SMS_SEPTETS, Text, _, septets, sms_parts, to_gsm7

KIND = "staff"
WORDS_LEAST = 3
PARTS_MOST = 2
SEPTETS_MOST = PARTS_MOST * SMS_PART_SEPTETS
HOURS = 24.0

FROM_US = Text("{org}: {words}")
AS_IT_WAS = Text("{body}")
TOO_SHORT = _("Write a few words.")
TOO_LONG = _("That is longer than two SMS. Write it shorter.")
OUTSIDE = _("Some letters cannot be sent as they are. Write these in another way.")
MAY_BE_SECRET = _("Never write a PIN or a code in an SMS. Write an amount like 1,500.")
NO_KEY = _("Please open the page anew.")

_KEY = re.compile(r"[0-9a-f]{32}")
_MAYBE_CODE = re.compile(r"(?<!\d)\d{5,6}(?!\d)")


@dataclass(frozen=True)
class Limits:
    """How many SMS a day: repeated for one member, written to one member, sent by one user."""

    repeated: int = 3
    written: int = 5
    by_user: int = 200


LIMITS = Limits()


class Unsendable(Invalid):
    """Letters that no SMS of ours carries; `letters` names them."""

    def __init__(self, letters: str) -> None:
        super().__init__(OUTSIDE)
        self.letters = letters


class NotLost(NotAllowed):
    """It arrived, or is under way."""


class HasSecret(NotAllowed):
    """There was a code in it, which is not kept and must not be sent twice."""


class TooLate(NotAllowed):
    """What it says may not be so any more."""


class NotTheirs(NotAllowed):
    """It was to nobody who is a member with that number now."""


class NotActive(NotAllowed):
    """Who has not joined, is blocked or has gone is written to by nobody."""


@dataclass(frozen=True)
class Measure:
    """How long an SMS would be: septets, and as how many SMS it is sent and paid for."""

    septets: int
    parts: int
    most: int = SEPTETS_MOST

    @property
    def room(self) -> int:
        """How much one SMS, or two, hold."""
        return SMS_SEPTETS if self.parts == 1 else self.most


class SmsDesk:
    """Sends for the staff."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        messages: Messages,
        *,
        local: Local,
        organisation: str,
    ) -> None:
        self._db, self._clock, self._messages = db, clock, messages
        self._local, self._organisation = local, organisation

    def measure(self, words: str) -> Measure:
        """How long it would be, with the name of the organisation before it."""
        whole = f"{self._organisation}: {words.strip()}"
        return Measure(septets(to_gsm7(whole)), sms_parts(whole))

    def write(self, member: int, words: str, *, key: str, by: Actor) -> bool:
        """Send a member these words; False if this form was sent before.

        Raises Invalid, NotFound, NotActive, OptedOut, LimitReached.
        """
        plain, now = self._read(words), self._clock.now()
        if not _KEY.fullmatch(key):
            raise Invalid(NO_KEY)
        draft_key = f"staff-{by.id}-{key}"
        with self._db.work() as work:
            phone, language, status = _locked(work, member)
            if self._messages.is_promised(work, draft_key):
                return False
            if status != Status.ACTIVE:
                raise NotActive(status)
            self._messages.refuse_opted_out(work, phone)
            self._refuse_too_many(work, member, by, now, repeated=False)
            values = {"org": self._organisation, "words": plain}
            draft = Draft(
                draft_key, KIND, phone, language, FROM_US, values, member, HOURS, author=by.id
            )
            self._messages.queue(work, draft)
            _record(work, by, "sms.written", member=member, key=draft_key, at=now)
        return True

    def again(self, message: int, *, by: Actor) -> tuple[int, bool]:
        """Send an SMS that did not arrive once more; its id, and whether this did it.

        Raises NotFound, NotLost, HasSecret, TooLate, NotTheirs, OptedOut, LimitReached.
        """
        now, draft_key = self._clock.now(), f"again-{message}"
        with self._db.work() as work:
            row = work.row(
                """
                SELECT kind, member, phone, body, state, valid_until FROM message WHERE id = %s
                """,
                message,
            )
            if row is None:
                raise NotFound("no such SMS")
            kind, member, phone, body, state, valid_until = row
            if member is None:
                raise NotTheirs("no member")
            number, language, status = _locked(work, member)
            if self._messages.is_promised(work, draft_key):
                return _id_of(work, draft_key), False
            if state not in ("failed", "suppressed", "expired"):
                raise NotLost(state)
            if HIDDEN in body:
                raise HasSecret(kind)
            if valid_until <= now:
                raise TooLate(kind)
            if number != phone or status not in (Status.ACTIVE, Status.BLOCKED):
                raise NotTheirs(status)
            self._messages.refuse_opted_out(work, phone)
            self._refuse_too_many(work, member, by, now, repeated=True)
            draft = Draft(
                draft_key,
                kind,
                phone,
                language,
                AS_IT_WAS,
                {"body": body},
                member,
                (valid_until - now) / timedelta(hours=1),
                again_of=message,
                author=by.id,
            )
            self._messages.queue(work, draft)
            return _record(work, by, "sms.repeated", member=member, key=draft_key, at=now), True

    def _read(self, words: str) -> str:
        plain = unicodedata.normalize("NFC", words.replace("\r\n", "\n")).strip()
        letters = "".join(dict.fromkeys(c for c in plain if to_gsm7(c) != c))
        if len(plain) < WORDS_LEAST:
            raise Invalid(TOO_SHORT)
        if letters:
            raise Unsendable(letters)
        if without_pins(plain) != plain or _MAYBE_CODE.search(plain):
            raise Invalid(MAY_BE_SECRET)
        if self.measure(plain).parts > PARTS_MOST:
            raise Invalid(TOO_LONG)
        return plain

    def _refuse_too_many(
        self, work: Work, member: int, by: Actor, now: datetime, *, repeated: bool
    ) -> None:
        """The rows of member and user are locked, so that no second one is counted meanwhile."""
        today = self._local.midnight(now)
        work.run("SELECT 1 FROM user_account WHERE id = %s FOR NO KEY UPDATE", by.id)
        (to_member, by_user) = work.the_row(
            """
            SELECT (SELECT count(*) FROM message WHERE member = %s AND made_at >= %s
                    AND author IS NOT NULL AND (again_of IS NOT NULL) = %s),
                (SELECT count(*) FROM message WHERE author = %s AND made_at >= %s)
            """,
            member,
            today,
            repeated,
            by.id,
            today,
        )
        most = LIMITS.repeated if repeated else LIMITS.written
        if to_member >= most:
            raise LimitReached("member", 0)
        if by_user >= LIMITS.by_user:
            raise LimitReached("user", 0)


def _record(work: Work, by: Actor, action: str, *, member: int, key: str, at: datetime) -> int:
    """Who sent it to whom, and its id: never its words."""
    message = _id_of(work, key)
    audit.record(work, by, action, subject=("member", member), at=at, message=message)
    return message


def _locked(work: Work, member: int) -> tuple[str, str, str]:
    """Number, language and status of a member, whom nobody changes meanwhile."""
    row = work.row(
        "SELECT phone, language, status FROM member WHERE id = %s FOR NO KEY UPDATE", member
    )
    if row is None:
        raise NotFound("no such member")
    phone, language, status = row
    return phone, language, status


def _id_of(work: Work, key: str) -> int:
    (number,) = work.the_row("SELECT id FROM message WHERE dedupe = %s", key)
    assert isinstance(number, int)
    return number
