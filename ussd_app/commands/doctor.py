"""Examine an installation: what would go wrong, before it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import redis

from ussd_app import bootstrap, log
from ussd_app.audit.chain import LATE
from ussd_app.bootstrap import Built
from ussd_app.commands import environment, menus
from ussd_app.commands.findings import OK, VIOLATED, WARNING, Finding, tell
from ussd_app.db import version
from ussd_app.errors import NotDurable, Unavailable
from ussd_app.members.inviting import IDENTITY
from ussd_app.settings import SettingsFaulty

CLOCK_SECONDS_MOST = 2.0


def examine(*, as_json: bool) -> int:
    """Print what was found; the exit code."""
    log.configure("error")
    try:
        with environment.settings() as settings:
            built = bootstrap.build(settings, name="doctor")
            found = [Finding("settings", OK), *_all(built)]
            built.db.close()
    except SettingsFaulty as faulty:
        found = [Finding("settings", VIOLATED, fault) for fault in faulty.faults]
    return tell(found, as_json=as_json)


def _all(built: Built) -> Iterator[Finding]:
    checks: tuple[tuple[str, Callable[[Built], Iterator[Finding]]], ...] = (
        ("menus", _menus),
        ("database", _database),
        ("redis", _redis),
    )
    for name, check in checks:
        try:
            yield from check(built)
        except (Unavailable, NotDurable) as error:
            yield Finding(name, VIOLATED, str(error))


def _menus(built: Built) -> Iterator[Finding]:
    faults = menus.faults(built.settings)
    yield Finding("menus fit in every language", VIOLATED if faults else OK, "; ".join(faults))


def _database(built: Built) -> Iterator[Finding]:
    with built.db.reading() as reading:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            (value,) = reading.the_row("SELECT current_setting(%s)", setting)
            weak = WARNING if setting == "data_checksums" else VIOLATED
            yield Finding(f"PostgreSQL {setting}", OK if value == "on" else weak, value)
        (statement,) = reading.the_row("SELECT current_setting('log_statement')")
        (terse,) = reading.the_row("SELECT current_setting('log_error_verbosity')")
        quiet = statement == "none" and terse == "terse"
        yield Finding(
            "PostgreSQL logs no values", OK if quiet else WARNING, f"{statement}, {terse}"
        )
        at = version.at(reading)
        if at is None:
            yield Finding("tables are current", VIOLATED, "none: run `ussd-app db upgrade`")
            return
        yield Finding("tables are current", OK if at == version.newest() else VIOLATED, at)
        (theirs,) = reading.the_row("SELECT clock_timestamp()")
        skew = abs((datetime.now(UTC) - theirs).total_seconds())
        yield Finding(
            "clocks agree", OK if skew < CLOCK_SECONDS_MOST else VIOLATED, f"{skew:.3f} s"
        )
        (may_write, role) = reading.the_row(
            """
            SELECT has_table_privilege('entry', 'UPDATE') OR has_table_privilege('entry', 'DELETE'),
                current_user
            """
        )
        yield Finding("the books are append-only", WARNING if may_write else OK, f"role {role}")
        used = reading.rows("SELECT pepper, count(*) FROM pin GROUP BY pepper ORDER BY pepper")
        gone = {pepper for pepper, _count in used} - built.settings.pin_peppers.keys()
        told = [f"{pepper}: {count}{' MISSING' * (pepper in gone)}" for pepper, count in used]
        (waiting,) = reading.the_row("SELECT count(*) FROM errand WHERE kind = %s", IDENTITY)
        yield Finding("identities promised and not made yet", OK, str(waiting))
        decide = len(built.services.recovery_desk.waiting())
        command = "; see `ussd-app recoveries`" if decide else ""
        yield Finding("lost PINs that wait for the organisation", OK, f"{decide}{command}")
        yield _sealed(built)
        yield Finding("every PIN's pepper is at hand", VIOLATED if gone else OK, ", ".join(told))


def _sealed(built: Built) -> Finding:
    waiting, oldest = built.services.audit_chain.waiting()
    is_late = oldest is not None and oldest < built.clock.now() - LATE
    return Finding("the audit is sealed", WARNING if is_late else OK, f"{waiting} rows wait")


def _redis(built: Built) -> Iterator[Finding]:
    try:
        memory = built.redis.info("memory")
    except redis.RedisError as error:
        yield Finding("redis", VIOLATED, type(error).__name__)
        return
    policy = str(memory["maxmemory_policy"])
    yield Finding("Redis evicts nothing", OK if policy == "noeviction" else WARNING, policy)
    guarded = urlsplit(built.settings.redis_url).password is not None
    yield Finding("Redis asks for a password", OK if guarded else WARNING)
