"""Settings in, the whole application out: the only place that builds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import redis

from ussd_app.calls.service import Calls
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database
from ussd_app.gateways.africastalking import AfricasTalkingSms
from ussd_app.members.joining import Joining
from ussd_app.members.pin_vault import PinVault
from ussd_app.members.pins import Pins
from ussd_app.members.service import Members
from ussd_app.messages.delivery import Budget, Delivery
from ussd_app.messages.service import Messages
from ussd_app.messages.sms import Sms
from ussd_app.services import Services
from ussd_app.settings import TEST, Settings, SettingsFaulty
from ussd_app.text import Catalogs, load_catalogs
from ussd_app.tokens.service import Tokens
from ussd_app.transfers.grants import WelcomeGrant
from ussd_app.transfers.payments import Payments
from ussd_app.transfers.receipts import Receipts
from ussd_app.transfers.recipients import Recipients
from ussd_app.transfers.statements import Statements

TRANSLATIONS = Path(__file__).parent.parent / "menus" / "translations"
STATEMENT_SECONDS = 3.5  # while a caller waits
REDIS_CONNECT_SECONDS, REDIS_ANSWER_SECONDS = 0.2, 0.5


@dataclass(frozen=True)
class Built:
    """What one process works with."""

    settings: Settings
    services: Services
    db: Database
    redis: redis.Redis
    clock: Clock


def build(settings: Settings, *, name: str, threads: int = 2, waits: bool = False) -> Built:
    """Build for a process called `name`; `waits` says that a caller waits for its answers."""
    clock = clock_of(settings)
    db = Database(
        settings.database_url,
        name=f"ussd-app {name}",
        pool_size=threads + 1,
        statement_seconds=STATEMENT_SECONDS if waits else 30.0,
    )
    sms = AfricasTalkingSms(
        settings.at_base_url, settings.at_username, settings.at_api_key, settings.at_sender_id
    )
    slots = hashing_slots(settings) if waits else cores()
    services = services_of(settings, db=db, clock=clock, sms=sms, slots=slots)
    return Built(settings, services, db, redis_of(settings, waits=waits), clock)


def services_of(
    settings: Settings, *, db: Database, clock: Clock, sms: Sms, slots: int
) -> Services:
    """Wire the features together."""
    local = Local(settings.time_zone)
    catalogs = load_catalogs(TRANSLATIONS)
    if settings.default_language not in catalogs.languages:
        raise SettingsFaulty([f"DEFAULT_LANGUAGE must be one of {', '.join(catalogs.languages)}"])
    signature = constants_of(settings)
    tokens = Tokens(db, clock)
    messages = Messages(db, clock, catalogs)
    delivery = Delivery(
        db,
        clock,
        sms,
        budget=Budget(settings.sms_daily_spend * 100, settings.sms_price, local),
        unclear_seconds=settings.sms_unclear_seconds,
    )
    vault = PinVault(settings.pin_peppers, slots=slots)
    pins = Pins(db, clock, vault, messages, local=local, signature=signature)
    joining = Joining(
        db,
        clock,
        pins,
        messages,
        WelcomeGrant(clock, tokens, whole_tokens=settings.grant),
        countries=settings.countries,
        signature=signature,
    )
    members = Members(
        db, clock, messages, local=local, lookups_a_day=settings.lookups_a_day, signature=signature
    )
    payments = Payments(db, clock, tokens, local=local)
    recipients = Recipients(
        db,
        clock,
        tokens,
        members,
        messages,
        local=local,
        countries=settings.countries,
        signature=signature,
    )
    statements = Statements(
        db,
        clock,
        tokens,
        messages,
        catalogs,
        local=local,
        a_day=settings.statements_a_day,
        signature=signature,
    )
    return Services(
        clock=clock,
        local=local,
        catalogs=catalogs,
        tokens=tokens,
        members=members,
        pins=pins,
        joining=joining,
        payments=payments,
        receipts=Receipts(db, tokens, messages, local),
        recipients=recipients,
        statements=statements,
        messages=messages,
        delivery=delivery,
        calls=Calls(db, clock),
        organisation=settings.organisation,
        shows_balance=settings.show_balance,
    )


def catalogs() -> Catalogs:
    """Every language there is."""
    return load_catalogs(TRANSLATIONS)


def constants_of(settings: Settings) -> dict[str, str]:
    """What every screen and SMS may show."""
    return {
        "org": settings.organisation,
        "code": settings.service_code,
        "support": settings.support_phone,
        "terms": settings.terms_url,
    }


def clock_of(settings: Settings) -> Clock:
    """The clock; only a test's may be ahead."""
    return Clock(settings.test_clock_offset if settings.app_env == TEST else 0)


def redis_of(settings: Settings, *, waits: bool) -> redis.Redis:
    """A client that gives up early where a caller waits."""
    if not waits:
        return redis.Redis.from_url(settings.redis_url)
    return redis.Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=REDIS_CONNECT_SECONDS,
        socket_timeout=REDIS_ANSWER_SECONDS,
        retry=None,
    )


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def web_processes(settings: Settings) -> int:
    """How many web processes there are: one for each core, unless fewer are set."""
    return min(settings.web_processes or cores(), cores())


def hashing_slots(settings: Settings) -> int:
    """How many PINs one web process may hash at once: all of them no more than there are cores."""
    return cores() // web_processes(settings)
