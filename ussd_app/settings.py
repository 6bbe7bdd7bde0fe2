"""Every setting: typed, frozen, read once from the environment, all faults told at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ussd_app import parsers, settings_faults
from ussd_app.settings_faults import ARGON2_KIB, ARGON2_ROUNDS

DECIMALS_MOST = 2  # as many as screens have room for
GRANT_MOST = 9_999_999
DEVELOPMENT, TEST, PRODUCTION = "development", "test", "production"


class SettingsFaulty(ValueError):
    """The environment cannot be used; `faults` names every reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(["These settings cannot be used:", *faults]))
        self.faults = faults


def is_production(environ: Mapping[str, str]) -> bool:
    """Whether these settings are a production's: what may do in development must not do there."""
    return _given(environ, "app_env") == PRODUCTION


def _given(environ: Mapping[str, str], name: str) -> str:
    """What the environment says of a setting; empty is the same as nothing."""
    return environ.get(name.upper(), "").strip()


def _setting(parse: Callable[[str], Any], default: str | None, meaning: str) -> Any:
    """A setting; no default means that production must give one."""
    return field(metadata={"parse": parse, "default": default, "meaning": meaning})


@dataclass(frozen=True, repr=False)
class Settings:
    """What the environment says. A field's name in capitals is the variable it is read from.

    It has no repr: half of it is secret.
    """

    app_env: str = _setting(
        parsers.one_of(DEVELOPMENT, TEST, PRODUCTION),
        DEVELOPMENT,
        "development, test or production",
    )
    var_folder: Path = _setting(
        parsers.folder, "var", "folder of embedded stores, logs and generated keys"
    )

    database_url: str = _setting(
        parsers.text, "", "PostgreSQL, as the role that serves; empty starts an embedded one"
    )
    database_owner_url: str = _setting(
        parsers.text, "", "PostgreSQL, as the role that owns the tables, for `ussd-app db upgrade`"
    )
    redis_url: str = _setting(parsers.text, "", "Redis; empty starts an embedded one")

    web_host: str = _setting(parsers.text, "127.0.0.1", "address the web server listens on")
    port: int = _setting(parsers.port, "8000", "port of the web server")
    metrics_host: str = _setting(
        parsers.text, "127.0.0.1", "address of Prometheus metrics, never public"
    )
    metrics_port: int = _setting(parsers.port, "9464", "port of Prometheus metrics")
    simulator_port: int = _setting(parsers.port, "8001", "port of the simulator that `run` starts")
    simulator_url: str = _setting(
        parsers.text,
        "",
        "page of the simulator's telephones, where staff may go on from a screen; `run` sets it,"
        " production refuses it",
    )
    simulator_mail_port: int = _setting(
        parsers.port, "8025", "port of the mail server that the simulator plays"
    )
    web_processes: int = _setting(
        parsers.whole(), "0", "web processes, at most one for each core; 0 is as many"
    )
    log_level: str = _setting(
        parsers.one_of("debug", "info", "warning", "error"), "info", "debug, info, warning or error"
    )

    organisation: str = _setting(
        parsers.organisation,
        "Umoja",
        "name of the organisation, on screens and SMS, at most 20 letters",
    )
    service_code: str = _setting(parsers.code, "*384*96#", "what callers dial")
    service_codes: tuple[str, ...] = _setting(
        parsers.codes, "", "all service codes that are answered; empty is SERVICE_CODE alone"
    )
    support_phone: str = _setting(parsers.text, "0800724724", "whom callers may call for help")
    terms_url: str = _setting(
        parsers.text, "https://example.org/terms", "where the terms can be read"
    )
    default_language: str = _setting(parsers.text, "en", "language until a caller has chosen one")
    time_zone: ZoneInfo = _setting(
        parsers.zone, "Africa/Nairobi", "in which hours and days are shown"
    )
    countries: tuple[str, ...] = _setting(
        parsers.countries, "254", "calling codes of numbers that may join, be paid and get SMS"
    )
    token_code: str = _setting(
        parsers.token_code, "UMOJA", "code of the first token, at most 12 letters"
    )
    token_name: str = _setting(parsers.text, "Umoja", "its name")
    token_decimals: int = _setting(
        parsers.whole(0, DECIMALS_MOST),
        "2",
        "its decimals, at most 2: more leave no room on a screen",
    )
    grant: int = _setting(
        parsers.whole(0, GRANT_MOST), "50", "whole tokens that greet whoever joins by dialling"
    )
    show_balance: bool = _setting(
        parsers.yes, "no", "show the balance on the first screen, without PIN"
    )

    callback_secrets: tuple[str, ...] = _setting(
        parsers.secrets,
        None,
        "secret part of every callback path; two while rotating, the new one first",
    )
    callback_sources: tuple[parsers.Network, ...] = _setting(
        parsers.networks,
        None,
        "networks that callbacks may come from, like 192.0.2.0/24,2001:db8::/32",
    )
    trusted_proxies: tuple[parsers.Network, ...] = _setting(
        parsers.networks,
        "",
        "networks of reverse proxies that are ours: their X-Forwarded-For counts",
    )
    phone_burst: int = _setting(parsers.whole(1), "150", "answers one phone may ask for at once")
    phone_per_second: int = _setting(parsers.whole(1), "5", "… and each second in the long run")
    all_burst: int = _setting(
        parsers.whole(1), "4000", "answers one web process gives at once, to all phones"
    )
    all_per_second: int = _setting(parsers.whole(1), "2000", "… and each second in the long run")

    pin_peppers: Mapping[str, bytes] = _setting(
        parsers.peppers,
        None,
        "keys over PINs, 'name:64 hex digits', newest first; old ones stay until used up",
    )
    session_data_key: bytes = _setting(
        parsers.key, None, "key that seals calls in Redis, 64 hex digits"
    )
    session_index_key: bytes = _setting(parsers.key, None, "key over their names, 64 hex digits")

    message_key: bytes = _setting(
        parsers.key, None, "key that seals SMS with a secret in them, 64 hex digits"
    )
    code_key: bytes = _setting(parsers.key, None, "key over one-time codes, 64 hex digits")

    admin_url: str = _setting(
        parsers.url,
        "http://127.0.0.1:8000",
        "where browsers reach the staff's pages, without /admin; https in production",
    )
    cookie_key: bytes = _setting(parsers.key, None, "key that signs cookies, 64 hex digits")
    factor_key: bytes = _setting(
        parsers.key, None, "key over second factors and invitations, 64 hex digits"
    )
    password_pepper: bytes = _setting(
        parsers.key, None, "key over passwords, 64 hex digits; a new one voids them all"
    )

    password_hash_kib: int = _setting(
        parsers.whole(8),
        str(ARGON2_KIB),
        "memory that hashing a password takes, in KiB; production takes no less",
    )
    password_hash_rounds: int = _setting(
        parsers.whole(1), str(ARGON2_ROUNDS), "how often it goes over it; production takes no less"
    )

    mail_url: str = _setting(
        parsers.mail_url,
        None,
        "server that takes e-mail: smtps://user:password@host:465, or smtp+starttls://…:587;"
        " `run` sets its simulator",
    )
    mail_from: str = _setting(
        parsers.mail_from, None, "whom e-mail is from, like Umoja <staff@example.org>"
    )

    at_base_url: str = _setting(
        parsers.url, "https://api.africastalking.com", "Africa's Talking; `run` sets its simulator"
    )
    at_insights_url: str = _setting(
        parsers.url,
        "https://insights.africastalking.com",
        "Africa's Talking Insights, for SIM swaps; `run` sets its simulator",
    )
    at_username: str = _setting(parsers.text, None, "Africa's Talking user name")
    at_api_key: str = _setting(parsers.text, None, "Africa's Talking API key")
    at_sender_id: str = _setting(parsers.text, "", "SMS sender name or short code; empty is theirs")
    sms_daily_spend: int = _setting(
        parsers.whole(), "5000", "most to spend on SMS a day, whole currency"
    )
    sms_price: int = _setting(
        parsers.whole(1),
        "80",
        "what one SMS counts until its cost is told, in hundredths of the currency",
    )
    sms_unclear_seconds: int = _setting(
        parsers.whole(1),
        "60",
        "how long to wait for a delivery report before an unanswered SMS is repeated",
    )
    statements_a_day: int = _setting(
        parsers.whole(), "3", "statements by SMS a member may ask for a day"
    )
    lookups_a_day: int = _setting(parsers.whole(), "20", "names of others a member may see a day")

    guarantors_least: int = _setting(
        parsers.whole(1, 5), "2", "guarantors who must count before they decide a recovery"
    )
    guarantors_most: int = _setting(parsers.whole(1, 9), "5", "guarantors a member may have")
    guarantors_quorum: int = _setting(
        parsers.whole(1, 5), "2", "guarantors who must vouch for a new PIN"
    )
    wards_most: int = _setting(parsers.whole(1), "5", "members one guarantor may vouch for")
    guarantor_age_hours: int = _setting(
        parsers.whole(0, 720), "72", "hours after accepting until a guarantor counts"
    )
    guarantor_ring: int = _setting(
        parsers.whole(0, 3),
        "2",
        "people in a ring none of whom counts: 2 for each other, 3 in a circle too, 0 allows all",
    )
    recovery_hours: int = _setting(parsers.whole(1), "24", "hours a recovery stays open")
    recovery_cooling_minutes: int = _setting(
        parsers.whole(), "60", "minutes between the last word needed and the new PIN"
    )
    recovery_careful_hours: int = _setting(
        parsers.whole(),
        "24",
        "hours after a new PIN in which little may be sent and no guarantor changed",
    )
    recoveries_a_week: int = _setting(
        parsers.whole(1), "3", "recoveries a member may begin in 7 days"
    )
    sim_swap_check: str = _setting(
        parsers.one_of("insights", "none", "clean"),
        "insights",
        "who knows of swapped SIMs: insights (Africa's Talking); none: a person decides every"
        " recovery; clean: nobody asks, which production refuses",
    )
    sim_swap_hours: int = _setting(
        parsers.whole(1), "72", "hours after a swap in which a person decides a recovery"
    )
    invitations_a_day: int = _setting(parsers.whole(), "100", "codes one agent may have sent a day")

    registration_keep_days: int = _setting(
        parsers.whole(1), "30", "days until a registration nobody went on with is forgotten"
    )
    lookup_keep_days: int = _setting(
        parsers.whole(1), "30", "days until it is forgotten how many names a member saw on a day"
    )
    invitation_keep_days: int = _setting(
        parsers.whole(1),
        "30",
        "days until a list of invitations that was worked off, and a one-time code, are forgotten",
    )
    report_keep_days: int = _setting(
        parsers.whole(2),
        "90",
        "days until a delivery report is forgotten; SMS under way need theirs",
    )
    sms_keep_days: int = _setting(
        parsers.whole(2), "30", "days until the words of an SMS are forgotten"
    )
    call_keep_days: int = _setting(
        parsers.whole(1), "90", "days until a USSD session is forgotten, with its screens"
    )

    test_clock_offset: float = _setting(
        parsers.seconds, "0", "seconds the clock is ahead; heeded when APP_ENV=test alone"
    )

    @property
    def all_service_codes(self) -> tuple[str, ...]:
        return self.service_codes or (self.service_code,)

    @property
    def admin_is_https(self) -> bool:
        return urlsplit(self.admin_url).scheme == "https"

    @property
    def admin_origin(self) -> str:
        address = urlsplit(self.admin_url)
        return f"{address.scheme}://{address.netloc}"

    @property
    def admin_host(self) -> str:
        return urlsplit(self.admin_url).hostname or ""

    @property
    def is_production(self) -> bool:
        return self.app_env == PRODUCTION


DEVELOPMENT_DEFAULTS = {
    "callback_sources": "127.0.0.0/8,::1/128",
    "mail_url": "smtp://127.0.0.1:8025",
    "mail_from": "staff@example.org",
    "at_username": "sandbox",
    "at_api_key": "simulated",
}
REQUIRED_IN_PRODUCTION = ("database_url", "redis_url", "support_phone", "terms_url", "admin_url")


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings, or SettingsFaulty with every fault. Nothing secret has a default."""
    given = os.environ if environ is None else environ
    faults: list[str] = []
    values: dict[str, Any] = {}
    production = is_production(given)
    for one in fields(Settings):
        raw = _given(given, one.name)
        default = one.metadata["default"]
        if default is None and not production:
            default = DEVELOPMENT_DEFAULTS.get(one.name)
        missing = default is None or (production and one.name in REQUIRED_IN_PRODUCTION)
        if not raw and missing:
            faults.append(f"{one.name.upper()} is missing: {one.metadata['meaning']}")
            continue
        try:
            values[one.name] = one.metadata["parse"](raw or default)
        except ValueError as error:
            faults.append(f"{one.name.upper()} {error}")
    faults += settings_faults.of_all(values)
    if production:
        faults += settings_faults.of_production(values, made_up=DEVELOPMENT_DEFAULTS)
    if faults:
        raise SettingsFaulty(faults)
    return Settings(**values)


def example() -> str:
    """The text of `.env.example`: every setting with its meaning and its default."""
    lines = ["# Every setting. Copy to .env and change what differs; nothing here is required for", "# `make run`, which generates what is secret and starts what is missing.", ""]  # fmt: skip
    for one in fields(Settings):
        default = one.metadata["default"]
        note = " (required in production)" if default is None else ""
        if one.name in REQUIRED_IN_PRODUCTION:
            note = " (required in production)"
        lines.append(f"# {one.metadata['meaning']}{note}")
        lines.append(f"#{one.name.upper()}={default or ''}")
    return "\n".join(lines) + "\n"
