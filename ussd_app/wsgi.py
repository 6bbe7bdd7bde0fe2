"""The web process: what granian loads."""

from __future__ import annotations

import redis
import structlog

from admin import app as admin
from menus.home import Home
from ussd_app import bootstrap
from ussd_app.bootstrap import Built
from ussd_app.db import version
from ussd_app.db.connection import within
from ussd_app.dialog.machine import Machine
from ussd_app.dialog.switchboard import Switchboard
from ussd_app.dialog.verify import verify
from ussd_app.errors import Unavailable
from ussd_app.log import configure as configure_log
from ussd_app.process import die_with_parent
from ussd_app.settings import Settings, read
from ussd_app.web import app as web
from ussd_app.web.health import Check
from ussd_app.web.ussd import UssdDoor

THREADS = 2

log = structlog.get_logger(__name__)


def create(settings: Settings | None = None) -> UssdDoor:
    """Build the web application; refuses menus with faults."""
    if settings is None:
        settings = read()
        die_with_parent()
    configure_log(settings.log_level)
    built = bootstrap.build(settings, name="web", threads=THREADS, waits=True)
    sealer, lines = bootstrap.call_sealer_of(settings), bootstrap.lines_of(settings, built.redis)
    try:
        lines.start()
    except Unavailable as error:
        log.warning("web.no_redis", error=error)
    door = web.create(
        settings,
        built.services,
        Switchboard(machine_of(built), lines, sealer, within),
        sealer,
        checks_of(built),
        processes=bootstrap.web_processes(settings),
        admin=admin.create(settings, built.services).wsgi_app,
    )
    log.info("web.ready")
    return door


def machine_of(built: Built) -> Machine:
    """The menus, proven."""
    settings, catalogs = built.settings, built.services.catalogs
    constants = bootstrap.constants_of(settings)
    if faults := verify(Home, catalogs, constants):
        raise ValueError("\n".join(["The menus have faults:", *faults]))
    return Machine(
        Home, built.services, catalogs, constants=constants, language=settings.default_language
    )


def checks_of(built: Built) -> dict[str, Check]:
    """What must answer for this process to be of use."""
    return {
        "database": lambda: _answers(built),
        "migrations": lambda: _is_current(built),
        "redis": lambda: _pings(built.redis),
    }


def _answers(built: Built) -> bool:
    try:
        with built.db.reading() as reading:
            return reading.row("SELECT 1") is not None
    except Unavailable:
        return False


def _is_current(built: Built) -> bool:
    try:
        with built.db.reading() as reading:
            return version.at(reading) == version.newest()
    except Unavailable:
        return False


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
