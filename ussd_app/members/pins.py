"""Check, choose and change PINs. A try is charged before it is checked, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotAllowed, NotBegun, NotFound, PinLocked, PinWeak, PinWrong
from ussd_app.members import pin_policy, pin_texts
from ussd_app.members.pin_texts import FOR_GOOD, Teller
from ussd_app.members.pin_vault import PinVault, Verifier
from ussd_app.members.reasons import refuse_named
from ussd_app.messages.service import Messages
from ussd_app.values import Phone

TRIES = 3
LOCKS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=24))
UNTOLD_SECONDS = 30


class Pins:
    """Members' PINs."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vault: PinVault,
        messages: Messages,
        *,
        local: Local,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._vault = db, clock, vault
        self._tell = Teller(messages, local=local, signature=signature)

    def check(self, phone: Phone, typed: str) -> int:
        """The member's id if that is their PIN.

        Raises PinWrong (with the tries left), PinLocked, and, without charging a try, Invalid for
        what is no PIN at all, NotAllowed for a blocked member, and NotBegun for one that cannot be
        judged here and now. Of many at once, only as many are evaluated as there are tries.
        """
        pin = pin_policy.read(typed)
        with self._vault.slot():
            member, verifier, failures, locked_until = self._charge(phone)
            right = self._vault.proves(verifier, member, pin)
        if right:
            self._clear(member, verifier, pin)
            return member
        if locked_until is not None:
            self._tell_locked(member)
            raise PinLocked(_open_end(locked_until))
        raise PinWrong(TRIES - failures)

    def refuse_locked(self, phone: Phone) -> None:
        """Raises PinLocked if the member's PIN may not be tried now."""
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT p.locked_until FROM member m JOIN pin p ON p.member = m.id
                WHERE m.phone = %s AND p.locked_until > %s
                """,
                phone,
                self._clock.now(),
            )
        if row:
            raise PinLocked(_open_end(row[0]))

    def candidate(self, phone: Phone, typed: str) -> str:
        """A verifier for a PIN chosen but not yet repeated, for the dialog to carry.

        Raises Invalid for what is no PIN, PinWeak for one that is easy to guess.
        """
        pin = pin_policy.read(typed)
        pin_policy.weigh(pin, phone=phone)
        with self._db.reading() as reading:
            owner = _owner(reading, phone)
        return self._vault.seal(owner, pin).dump()

    def repeats(self, phone: Phone, candidate: str, typed: str) -> bool:
        """Whether the same PIN was typed again.

        Raises Invalid for what is no PIN, and PinWeak for one that was used lately: not before it
        was chosen, or a thief who is to choose one would guess the old one in peace.
        """
        pin = pin_policy.read(typed)
        with self._db.reading() as reading:
            owner = _owner(reading, phone)
            used = reading.rows(
                """
                (SELECT pepper, verifier FROM pin WHERE member = %s)
                UNION ALL
                (SELECT pepper, verifier FROM past_pin WHERE member = %s
                 ORDER BY replaced_at DESC LIMIT %s)
                """,
                owner,
                owner,
                pin_policy.PAST_KEPT - 1,
            )
        with self._vault.slot():
            if not self._vault.proves(Verifier.load(candidate), owner, pin):
                return False
        for verifier in (Verifier(*row) for row in used):
            if not self._vault.knows(verifier):  # its pepper was retired: it can be proven no more
                continue
            with self._vault.slot():
                if self._vault.proves(verifier, owner, pin):
                    raise PinWeak("used")
        return True

    def set_first(self, work: Work, member: int, candidate: str) -> None:
        """Give a new member the PIN they chose."""
        verifier = Verifier.load(candidate)
        work.run(
            "INSERT INTO pin (member, pepper, verifier, changed_at) VALUES (%s, %s, %s, %s)",
            member,
            verifier.pepper,
            verifier.hash,
            self._clock.now(),
        )

    def change(self, phone: Phone, candidate: str) -> None:
        """Replace the PIN by one chosen twice; the owner is told. Again changes nothing more."""
        now = self._clock.now()
        with self._db.work() as work:
            member = _owner(work, phone)
            if not self.replace(work, member, candidate, at=now):
                return
            audit.record(
                work, audit.by_member(member), "pin.changed", subject=("member", member), at=now
            )
            self._tell.owner(
                work, member, f"pin-changed:{member}:{now.isoformat()}", pin_texts.CHANGED, now
            )

    def replace(self, work: Work, member: int, candidate: str, *, at: datetime) -> bool:
        """Give a member the PIN they chose twice, and all tries; False if it is theirs already.

        Whoever asks writes it down and tells the owner.
        """
        verifier, was = Verifier.load(candidate), _verifier(work, member)
        if was == verifier:
            return False
        work.run(
            """
            INSERT INTO past_pin (member, pepper, verifier, replaced_at) VALUES (%s, %s, %s, %s)
            """,
            member,
            was.pepper,
            was.hash,
            at,
        )
        work.run(
            """
            UPDATE pin SET pepper = %s, verifier = %s, changed_at = %s, failures = 0,
                series = 0, locked_until = NULL, told = true WHERE member = %s
            """,
            verifier.pepper,
            verifier.hash,
            at,
            member,
        )
        return True

    def is_theirs(self, work: Work, member: int, candidate: str) -> bool:
        """Whether a PIN chosen twice is what the member has now."""
        return _verifier(work, member) == Verifier.load(candidate)

    def proves(self, phone: Phone, typed: str, *, charge: Callable[[], None]) -> bool:
        """Whether that is the member's PIN, also while it is locked; the lock is left as it is.

        `charge` counts the try elsewhere, durably, and may refuse it. Raises what it raises, and,
        before it is called, Invalid for what is no PIN at all and NotBegun.
        """
        pin = pin_policy.read(typed)
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT member, pepper, verifier FROM pin p JOIN member m ON m.id = p.member
                WHERE m.phone = %s
                """,
                phone,
            )
        if row is None:
            raise NotFound("no such member")
        self._refuse_unjudged(phone)
        member, verifier = row[0], Verifier(*row[1:])
        with self._vault.slot():
            charge()
            return self._vault.proves(verifier, member, pin)

    def unlock(self, member: int, *, by: Actor, why: str) -> bool:
        """Open the lock without a new PIN; the owner is told. False if it was not locked."""
        now = self._clock.now()
        with self._db.work() as work:
            if not self.forgive(work, member):
                return False
            refuse_named(work, member, why)
            subject = ("member", member)
            audit.record(work, by, "pin.unlocked", subject=subject, at=now, why=why)
            self._tell.owner(
                work, member, f"pin-unlocked:{member}:{now.isoformat()}", pin_texts.UNLOCKED, now
            )
        return True

    def forgive(self, work: Work, member: int) -> bool:
        """Give all tries back and open the lock; False if there was none and nothing was tried."""
        return bool(
            work.run(
                """
                UPDATE pin SET failures = 0, series = 0, locked_until = NULL, told = true
                WHERE member = %s AND (failures, series, locked_until) IS DISTINCT FROM (0, 0, NULL)
                """,
                member,
            )
        )

    def tell_untold(self) -> int:
        """Tell the owners of PINs whose lock outlived the process that should have told them."""
        late = self._clock.now() - timedelta(seconds=UNTOLD_SECONDS)
        with self._db.reading() as reading:
            rows = reading.rows("SELECT member FROM pin WHERE NOT told AND tried_at < %s", late)
        for (member,) in rows:
            self._tell_locked(member)
        return len(rows)

    def _charge(self, phone: Phone) -> tuple[int, Verifier, int, datetime | None]:
        """Charge one try, durably, before it is evaluated; the third locks before it is known."""
        now = self._clock.now()
        first, second, third = (now + span for span in LOCKS)
        with self._db.reading() as one:
            row = one.row(
                """
                UPDATE pin SET
                    failures = CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END,
                    tried_at = %s,
                    series = series + (locked_until IS NULL AND failures + 1 >= %s)::int,
                    told = NOT (locked_until IS NULL AND failures + 1 >= %s),
                    locked_until = CASE WHEN locked_until IS NULL AND failures + 1 >= %s THEN
                        CASE series WHEN 0 THEN %s WHEN 1 THEN %s WHEN 2 THEN %s ELSE %s END
                    END
                FROM member
                WHERE member.phone = %s AND member.status = 'ACTIVE' AND pin.member = member.id
                    AND (locked_until IS NULL OR locked_until <= %s) AND pepper = ANY(%s)
                RETURNING pin.member, pepper, verifier, failures, locked_until
                """,
                now, TRIES, TRIES, TRIES, first, second, third, FOR_GOOD, phone, now,
                self._vault.peppers,
            )  # fmt: skip
        if row is None:
            self._refuse_blocked(phone)
            self.refuse_locked(phone)
            self._refuse_unjudged(phone)
            raise NotFound("no such member")
        member, pepper, hashed, failures, locked_until = row
        return member, Verifier(pepper, hashed), failures, locked_until

    def _refuse_blocked(self, phone: Phone) -> None:
        """Raises NotAllowed if the member is blocked."""
        with self._db.reading() as reading:
            row = reading.row("SELECT 1 FROM member WHERE phone = %s AND status = 'BLOCKED'", phone)
        if row:
            raise NotAllowed("blocked")

    def _refuse_unjudged(self, phone: Phone) -> None:
        """Raises NotBegun if the pepper under the member's PIN is not at hand."""
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT pepper FROM pin p JOIN member m ON m.id = p.member
                WHERE m.phone = %s AND pepper <> ALL(%s)
                """,
                phone,
                self._vault.peppers,
            )
        if row:
            raise NotBegun(f"the pepper {row[0]!r} is gone from PIN_PEPPERS")

    def _clear(self, member: int, verifier: Verifier, pin: str) -> None:
        """Give the try back, and with it all the earlier ones; renew a dated verifier."""
        fresh = verifier
        if self._vault.is_dated(verifier):
            with suppress(NotBegun):  # then at the next right PIN: this one is given back now
                fresh = self._vault.seal(member, pin)
        with self._db.reading() as one:
            one.run(
                """
                UPDATE pin SET failures = 0, series = 0, locked_until = NULL, told = true,
                    pepper = %s, verifier = %s WHERE member = %s AND verifier = %s
                """,
                fresh.pepper,
                fresh.hash,
                member,
                verifier.hash,
            )

    def _tell_locked(self, member: int) -> None:
        with self._db.work() as work:
            row = work.row(
                """
                UPDATE pin SET told = true WHERE member = %s AND NOT told
                RETURNING locked_until, series, tried_at
                """,
                member,
            )
            if row is None:
                return
            until, series, tried_at = row
            audit.record(
                work,
                audit.by_member(member),
                "pin.locked",
                subject=("member", member),
                at=self._clock.now(),
                series=series,
            )
            text = pin_texts.LOCKED_FOR_GOOD if until == FOR_GOOD else pin_texts.LOCKED_UNTIL
            self._tell.owner(
                work, member, f"pin-locked:{member}:{tried_at.isoformat()}", text, until
            )


def forget(work: Work, member: int) -> None:
    """Forget the PIN that somebody chose who has not joined, if they did."""
    work.run("DELETE FROM pin WHERE member = %s", member)


def _owner(work: Work, phone: Phone) -> int:
    """The id a PIN of this number is bound to: the member's, or the one an applicant will have."""
    row = work.row(
        """
        SELECT id FROM member WHERE phone = %s
        UNION ALL SELECT id FROM registration WHERE phone = %s
        """,
        phone,
        phone,
    )
    if row is None:
        raise NotFound("nobody with this number")
    owner: int = row[0]
    return owner


def _verifier(work: Work, member: int) -> Verifier:
    """What proves the member's PIN, which nobody else changes until this work ends."""
    row = work.row("SELECT pepper, verifier FROM pin WHERE member = %s FOR UPDATE", member)
    if row is None:
        raise NotFound("no PIN")
    return Verifier(*row)


def _open_end(until: datetime) -> datetime | None:
    return None if until == FOR_GOOD else until
