"""Check the books against themselves, in one snapshot that no writer waits for."""

from __future__ import annotations

from ussd_app import bootstrap, log
from ussd_app.audit import invariants as audit
from ussd_app.clock import Deadline
from ussd_app.commands import environment
from ussd_app.commands.findings import OK, VIOLATED, WARNING, Finding, tell
from ussd_app.db import Database, version
from ussd_app.db.connection import within
from ussd_app.errors import NotDurable, Unavailable
from ussd_app.ledger import invariants as ledger
from ussd_app.members import invariants as members
from ussd_app.messages import invariants as messages
from ussd_app.settings import SettingsFaulty
from ussd_app.transfers import invariants as transfers

SHOWN_MOST = 5
SECONDS_MOST = 600.0  # for all of it: millions of entries are summed

INVARIANTS = (
    *ledger.INVARIANTS,
    *transfers.INVARIANTS,
    *members.INVARIANTS,
    *messages.INVARIANTS,
    *audit.INVARIANTS,
)


def reconcile(*, as_json: bool) -> int:
    """Print what was found; the exit code. Books that cannot be read are not in order."""
    log.configure("error")
    try:
        with environment.settings() as settings:
            built = bootstrap.build(settings, name="reconcile")
            found = findings(built.db)
            built.db.close()
    except (SettingsFaulty, Unavailable, NotDurable) as error:
        found = [Finding("the books can be read", VIOLATED, str(error))]
    return tell(found, as_json=as_json)


def findings(db: Database) -> list[Finding]:
    """Every invariant, with the first rows that break it."""
    found = []
    with within(Deadline(SECONDS_MOST)), db.work() as work:
        work.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        work.run("SET LOCAL statement_timeout = 0")  # the deadline bounds it
        if version.at(work) != version.newest():
            return [Finding("the books can be read", VIOLATED, "run `ussd-app db upgrade` first")]
        for invariant in INVARIANTS:
            broken = [str(row[0]) for row in work.rows(invariant.query)]
            grave = (VIOLATED if invariant.stops else WARNING) if broken else OK
            seen = f"{len(broken)}: {', '.join(broken[:SHOWN_MOST])}" if broken else ""
            found.append(Finding(invariant.name, grave, seen))
    return found
