"""How an unknown number becomes a member: once, whole, and from wherever it was cut off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ussd_app.audit import service as audit
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotAllowed, NotFound
from ussd_app.members import status
from ussd_app.members.kinds import INDIVIDUAL
from ussd_app.members.pin_vault import Verifier
from ussd_app.members.pins import Pins, forget
from ussd_app.members.status import Status
from ussd_app.messages.service import Draft, Messages
from ussd_app.text import _
from ussd_app.values import Amount, Name, Phone

FIRST_TIER = 1  # the number is proven by dialling from it

WELCOME = _(
    "Welcome to {org}, {name}! {amount} is yours to start with. Dial {code}. Terms: {terms}"
)
WELCOME_WITHOUT_GRANT = _("Welcome to {org}, {name}! Dial {code}. Terms: {terms}")


class Welcome(Protocol):
    """What a new member is given."""

    @property
    def grant(self) -> Amount:
        """How much everybody starts with."""
        ...

    def give(self, work: Work, member: int) -> None:
        """Open the wallet and put the grant in, in the transaction that makes the member."""
        ...


class Tenants(Protocol):
    """Who knows the organisations."""

    def admit(self, work: Work, member: int, tenant: int | None = None) -> None:
        """Let a member belong to an organisation, the first unless told; again changes nothing."""
        ...


@dataclass(frozen=True)
class Applicant:
    """Somebody on the way: the id they will have, and what they have told so far."""

    id: int
    language: str
    has_agreed: bool
    name: Name | None


class Joining:
    """Self-registration as small steps, each durable and repeatable."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        pins: Pins,
        messages: Messages,
        welcome: Welcome,
        *,
        tenants: Tenants,
        countries: tuple[str, ...],
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._pins, self._messages = db, clock, pins, messages
        self._welcome, self._tenants = welcome, tenants
        self._countries, self._signature = countries, signature

    def applicant(self, phone: Phone) -> Applicant | None:
        """What this number has told so far; None if it never began."""
        with self._db.reading() as reading:
            row = reading.row(
                "SELECT id, language, terms_at, name FROM registration WHERE phone = %s", phone
            )
        if row is None:
            return None
        applicant, language, terms_at, name = row
        return Applicant(applicant, language, terms_at is not None, Name(name) if name else None)

    def speak(self, phone: Phone, language: str) -> None:
        """Begin, or go on, in this language; a member begins nothing.

        Raises NotAllowed for a country not served.
        """
        if str(phone.country_code) not in self._countries:
            raise NotAllowed("this country is not served")
        now = self._clock.now()
        with self._db.work() as work:
            one_at_a_time(work, phone)
            work.run(
                """
                INSERT INTO registration (id, phone, language, began_at, touched_at)
                SELECT coalesce((SELECT id FROM member WHERE phone = %s), nextval('member_id')),
                    %s, %s, %s, %s
                WHERE NOT EXISTS (
                    SELECT FROM member WHERE phone = %s AND status NOT IN ('INVITED', 'EXPIRED')
                )
                ON CONFLICT (phone) DO UPDATE
                SET language = excluded.language, touched_at = excluded.touched_at
                """,
                phone,
                phone,
                language,
                now,
                now,
                phone,
            )

    def agree(self, phone: Phone) -> None:
        """They accept the terms."""
        now = self._clock.now()
        with self._db.work() as work:
            work.run(
                "UPDATE registration SET terms_at = %s, touched_at = %s WHERE phone = %s",
                now,
                now,
                phone,
            )

    def call_me(self, phone: Phone, name: Name) -> None:
        """Their name."""
        with self._db.work() as work:
            work.run(
                "UPDATE registration SET name = %s, touched_at = %s WHERE phone = %s",
                name,
                self._clock.now(),
                phone,
            )

    def finish(self, phone: Phone, candidate: str) -> Amount:
        """Make them a member with this PIN, wallet, grant and welcome SMS, or nothing of it.

        Returns what they start with; a repetition finds it done. Raises NotFound if something is
        missing still.
        """
        now = self._clock.now()
        with self._db.work() as work:
            one_at_a_time(work, phone)
            row = work.row(
                """
                DELETE FROM registration
                WHERE phone = %s AND terms_at IS NOT NULL AND name IS NOT NULL
                RETURNING id, language, terms_at, name
                """,
                phone,
            )
            if row is None:
                _must_be_done(work, phone, candidate)
                return self._welcome.grant
            member, language, terms_at, name = row
            if work.row("SELECT 1 FROM member WHERE id = %s FOR NO KEY UPDATE", member):
                _leave_invitation(work, member, name, language, terms_at=terms_at, at=now)
            else:
                work.run(
                    """
                    INSERT INTO member
                        (id, phone, name, language, status, tier, terms_at, joined_at)
                    VALUES (%s, %s, %s, %s, 'ACTIVE', %s, %s, %s)
                    """,
                    member,
                    phone,
                    name,
                    language,
                    FIRST_TIER,
                    terms_at,
                    now,
                )
            self._pins.set_first(work, member, candidate)
            self._welcome.give(work, member)
            self._tenants.admit(work, member)
            audit.record(
                work, audit.by_member(member), "member.joined", subject=("member", member), at=now
            )
            letter = welcome_letter(
                member,
                phone,
                language,
                name=Name(name),
                grant=self._welcome.grant,
                signature=self._signature,
            )
            self._messages.queue(work, letter)
        return self._welcome.grant

    def forget_unfinished(self, *, after_days: int, most: int) -> int:
        """Forget registrations that nobody went on with for so long; how many were forgotten."""
        with self._db.work() as work:
            return work.run(
                """
                DELETE FROM registration WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM registration WHERE touched_at < %s
                    LIMIT %s FOR UPDATE SKIP LOCKED
                ))
                """,
                self._clock.now() - timedelta(days=after_days),
                most,
            )


def welcome_letter(
    member: int,
    phone: Phone,
    language: str,
    *,
    name: Name,
    grant: Amount,
    signature: dict[str, str],
) -> Draft:
    """The SMS that greets a new member, once, however they joined."""
    return Draft(
        key=f"welcome:{member}",
        kind="welcome",
        phone=phone,
        language=language,
        text=WELCOME if grant.units else WELCOME_WITHOUT_GRANT,
        values={**signature, "name": name.short, "amount": grant},
        member=member,
    )


def one_at_a_time(work: Work, phone: Phone) -> None:
    """Beginning and finishing see what the other has done."""
    work.run("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", phone)


def _leave_invitation(
    work: Work, member: int, name: str, language: str, *, terms_at: datetime, at: datetime
) -> None:
    """Somebody invited joins without the code, and so as anybody does."""
    forget(work, member)
    work.run(
        """
        UPDATE invitation SET state = 'declined', ended_at = %s
        WHERE member = %s AND state IN ('sent', 'proven')
        """,
        at,
        member,
    )
    work.run(
        """
        UPDATE member SET name = %s, language = %s, kind = %s, tier = %s, terms_at = %s,
            joined_at = %s WHERE id = %s
        """,
        name,
        language,
        INDIVIDUAL,
        FIRST_TIER,
        terms_at,
        at,
        member,
    )
    why = "joined without a code"
    status.change(work, member, Status.ACTIVE, by=audit.by_member(member), why=why, at=at)


def _must_be_done(work: Work, phone: Phone, candidate: str) -> None:
    """The same hop may come twice: then the member is there, with this very PIN."""
    done = work.row(
        """
        SELECT 1 FROM member m JOIN pin p ON p.member = m.id
        WHERE m.phone = %s AND verifier = %s AND joined_at IS NOT NULL
        """,
        phone,
        Verifier.load(candidate).hash,
    )
    if done is None:
        raise NotFound("something is missing still")
