"""Places at which a process of the running system can be held, from outside.

A trigger waits inside a statement or inside the commit, for one phone, until its gate is opened. A
process killed while its statement waits loses its transaction, unless that statement is the whole
of it; killed while its commit waits, it never learns that the commit went through. Nothing in the
application knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.whole.system import System
from tests.whole.telephone import Phone, eventually

HELD_SECONDS = 2.5  # at most, and less than a web process gives a statement
BEAT_SECONDS = 0.02
MARK = 4711  # the first key of the advisory locks by which who is held is known

_SETTING_UP = f"""
    CREATE TABLE whole_gate (name text, phone text, seconds float8);
    CREATE FUNCTION whole_gate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        v_row jsonb := to_jsonb(NEW);
        v_phone text;
        v_until timestamptz;
    BEGIN
        v_phone := CASE TG_TABLE_NAME
            WHEN 'message' THEN v_row->>'phone'
            WHEN 'pin' THEN (SELECT phone FROM member WHERE id = (v_row->>'member')::bigint)
            WHEN 'transfer' THEN (SELECT phone FROM member WHERE id = (v_row->>'payer')::bigint)
            WHEN 'errand' THEN CASE v_row->>'kind'
                WHEN 'sms' THEN (SELECT phone FROM message WHERE id = (v_row->>'subject')::bigint)
                WHEN 'receipts' THEN (
                    SELECT m.phone FROM transfer t JOIN member m ON m.id = t.payee
                    WHERE t.posting = (v_row->>'subject')::bigint
                )
            END
        END;
        LOOP
            SELECT coalesce(v_until, clock_timestamp() + seconds * interval '1 second') INTO v_until
            FROM whole_gate WHERE name = TG_NAME AND phone = v_phone;
            EXIT WHEN NOT FOUND OR clock_timestamp() > v_until;
            PERFORM pg_advisory_xact_lock_shared({MARK}, 0), pg_sleep({BEAT_SECONDS});
        END LOOP;
        RETURN NULL;
    END $$;
    GRANT SELECT ON whole_gate TO ussd_app;
"""


@dataclass(frozen=True)
class Gate:
    """One place: on which rows of which table, and whether inside the statement or the commit."""

    name: str
    table: str
    event: str
    when: str
    at_commit: bool = False

    @property
    def trigger(self) -> str:
        late = "DEFERRABLE INITIALLY DEFERRED" if self.at_commit else ""
        kind = "CONSTRAINT TRIGGER" if self.at_commit else "TRIGGER"
        return (
            f"CREATE {kind} {self.name} AFTER {self.event} ON {self.table} {late} "
            f"FOR EACH ROW WHEN ({self.when}) EXECUTE FUNCTION whole_gate();"
        )


CHARGED = Gate("try_charged", "pin", "UPDATE", "NEW.failures > OLD.failures")
CLEARED = Gate("pin_was_right", "pin", "UPDATE", "NEW.failures = 0 AND OLD.failures > 0")
PAYING = Gate("payment_before_commit", "transfer", "INSERT", "NEW.posting IS NOT NULL")
PAID = Gate("payment_committing", "transfer", "INSERT", "NEW.posting IS NOT NULL", at_commit=True)

_QUEUED, _RUNNING = "NEW.state = 'queued' AND NEW.kind = ", "NEW.state = 'running' AND NEW.kind = "
PROMISE_HANDED = Gate(
    "promise_handed_over", "errand", "UPDATE", f"{_QUEUED}'receipts'", at_commit=True
)
PROMISE_FETCHED = Gate("promise_fetched", "errand", "UPDATE", f"{_RUNNING}'receipts'")
WORDING = Gate("receipts_before_commit", "message", "INSERT", "NEW.kind = 'receipt'")
WORDED = Gate("receipts_committing", "message", "INSERT", "NEW.kind = 'receipt'", at_commit=True)
HANDED = Gate("errand_handed_over", "errand", "UPDATE", f"{_QUEUED}'sms'", at_commit=True)
FETCHED = Gate("job_fetched", "errand", "UPDATE", f"{_RUNNING}'sms'")
SENDING = Gate("sms_before_wire", "message", "UPDATE", "NEW.state = 'sending'", at_commit=True)
ANSWERED = Gate("sms_answer_read", "message", "UPDATE", "NEW.state = 'sent'")
NOTED = Gate("sms_committing", "message", "UPDATE", "NEW.state = 'sent'", at_commit=True)

EVERY = (
    CHARGED, CLEARED, PAYING, PAID,
    PROMISE_HANDED, PROMISE_FETCHED, WORDING, WORDED,
    HANDED, FETCHED, SENDING, ANSWERED, NOTED,
)  # fmt: skip


def build(system: System) -> None:
    """Build every gate, open."""
    if not system.value("SELECT to_regclass('whole_gate') IS NOT NULL"):
        system.run(_SETTING_UP + "".join(gate.trigger for gate in EVERY))


@contextmanager
def closed(
    system: System, gate: Gate, phone: Phone, seconds: float = HELD_SECONDS
) -> Iterator[None]:
    """Hold whoever comes through the gate for this phone, while the block lasts."""
    close(system, gate, phone, seconds)
    try:
        yield
    finally:
        system.run("DELETE FROM whole_gate WHERE phone = %s", phone.number)


def close(system: System, gate: Gate, phone: Phone, seconds: float = HELD_SECONDS) -> None:
    """Hold whoever comes through the gate for this phone, until all are opened."""
    system.run("INSERT INTO whole_gate VALUES (%s, %s, %s)", gate.name, phone.number, seconds)


def open_all(system: System) -> None:
    """Hold nobody any more, and wait until nobody is held."""
    system.run("DELETE FROM whole_gate")
    eventually(lambda: not held(system), "the end of what was held", seconds=25)


def wait_until_held(system: System, count: int = 1) -> None:
    """Wait until so many are held."""
    eventually(lambda: held(system) >= count, f"{count} held")


def held(system: System) -> int:
    """How many transactions came to a closed gate and are not over yet."""
    found: int = system.value(
        """
        SELECT count(*) FROM pg_locks
        WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2
        """,
        MARK,
    )
    return found
