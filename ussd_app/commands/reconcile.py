"""Check the books against themselves, in one snapshot that no writer waits for."""

from __future__ import annotations

from ussd_app import bootstrap, log
from ussd_app.commands import environment
from ussd_app.commands.findings import OK, VIOLATED, WARNING, Finding, tell
from ussd_app.db import Database
from ussd_app.ledger import invariants as ledger
from ussd_app.members import invariants as members
from ussd_app.messages import invariants as messages
from ussd_app.transfers import invariants as transfers

SHOWN_MOST = 5

INVARIANTS = (
    *ledger.INVARIANTS,
    *transfers.INVARIANTS,
    *members.INVARIANTS,
    *messages.INVARIANTS,
)


def reconcile(*, as_json: bool) -> int:
    """Print what was found; the exit code."""
    log.configure("warning")
    with environment.settings() as settings:
        built = bootstrap.build(settings, name="reconcile")
        found = findings(built.db)
        built.db.close()
    return tell(found, as_json=as_json)


def findings(db: Database) -> list[Finding]:
    """Every invariant, with the first rows that break it."""
    found = []
    with db.work() as work:
        work.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for invariant in INVARIANTS:
            broken = [str(row[0]) for row in work.rows(invariant.query)]
            grave = (VIOLATED if invariant.stops else WARNING) if broken else OK
            seen = f"{len(broken)}: {', '.join(broken[:SHOWN_MOST])}" if broken else ""
            found.append(Finding(invariant.name, grave, seen))
    return found
