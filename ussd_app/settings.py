"""Every setting: typed, frozen, read once from the environment, all faults told at once."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ussd_app.text import septets, to_gsm7

KEY_BYTES = 32
PORT_MOST = 65535
SECRET_LETTERS = 22  # 128 bits, written in base64
TOO_SHORT = f"must have at least {SECRET_LETTERS} letters and digits"
ORGANISATION_SEPTETS = 20  # what every screen and SMS is measured with
DECIMALS_MOST = 2  # as many as screens have room for
GRANT_MOST = 9_999_999
DEVELOPMENT, TEST, PRODUCTION = "development", "test", "production"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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


def _text(raw: str) -> str:
    return raw


def _whole(least: int = 0, most: int = 999_999_999) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", raw):
            raise ValueError("must be a whole number")
        number = int(raw)
        if number < least:
            raise ValueError(f"must be at least {least}")
        if number > most:
            raise ValueError(f"must be at most {most}")
        return number

    return parse


def _seconds(raw: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]+)?", raw):
        raise ValueError("must be a number of seconds")
    return float(raw)


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return raw

    return parse


def _yes(raw: str) -> bool:
    if raw.lower() not in ("yes", "no"):
        raise ValueError("must be 'yes' or 'no'")
    return raw.lower() == "yes"


def _port(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", raw) or not 1 <= int(raw) <= PORT_MOST:
        raise ValueError("must be a port, 1 to 65535")
    return int(raw)


def _code(raw: str) -> str:
    if not re.fullmatch(r"\*\d+(\*\d+)*#", raw):
        raise ValueError("must be a service code like *384*96#")
    return raw


def _codes(raw: str) -> tuple[str, ...]:
    return tuple(_code(part) for part in _words(raw))


def _countries(raw: str) -> tuple[str, ...]:
    codes = _words(raw)
    if not codes or not all(re.fullmatch(r"[1-9][0-9]{0,2}", code) for code in codes):
        raise ValueError("must be calling codes like 254")
    return codes


def _organisation(raw: str) -> str:
    shown = to_gsm7(raw)
    if not shown.strip():
        raise ValueError("must be a name that a phone can show")
    if (size := septets(shown)) > ORGANISATION_SEPTETS:
        raise ValueError(f"takes {size} letters on a phone, must be at most {ORGANISATION_SEPTETS}")
    return raw


def _token_code(raw: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,11}", raw):
        raise ValueError("must be 2 to 12 capital letters and digits")
    return raw


def _words(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def _networks(raw: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in _words(raw))


def _zone(raw: str) -> ZoneInfo:
    try:
        return ZoneInfo(raw)
    except (KeyError, OSError, ValueError):
        raise ValueError("must be a time zone like Africa/Nairobi") from None


def _folder(raw: str) -> Path:
    return Path(raw).resolve()


def _url(raw: str) -> str:
    if urlsplit(raw).scheme not in ("http", "https"):
        raise ValueError("must be an http or https address")
    return raw.rstrip("/")


def _key(raw: str) -> bytes:
    try:
        key = bytes.fromhex(raw)
    except ValueError:
        raise ValueError("must be hexadecimal") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes ({2 * KEY_BYTES} hexadecimal digits)")
    if len(set(key)) < KEY_BYTES // 4:
        raise ValueError("must be random")
    return key


def _peppers(raw: str) -> Mapping[str, bytes]:
    peppers: dict[str, bytes] = {}
    for part in _words(raw):
        name, colon, key = part.partition(":")
        if not colon or not re.fullmatch(r"[a-z0-9]{1,8}", name) or name in peppers:
            raise ValueError("must be 'name:key' with a name of its own each, the newest first")
        peppers[name] = _key(key)
    if not peppers:
        raise ValueError("must hold at least one key")
    return peppers


def _hard_to_guess(secret: str) -> None:
    if len(secret) < SECRET_LETTERS:
        raise ValueError(TOO_SHORT)
    if len(set(secret)) < SECRET_LETTERS // 3:
        raise ValueError("must be random")


def _secrets(raw: str) -> tuple[str, ...]:
    secrets = _words(raw)
    if len(secrets) not in (1, 2):
        raise ValueError("must be one secret, or two while changing from the second to the first")
    for secret in secrets:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", secret):
            raise ValueError(TOO_SHORT)
        _hard_to_guess(secret)
    if len(set(secrets)) < len(secrets):
        raise ValueError("must differ from each other")
    return secrets


def _setting(parse: Callable[[str], Any], default: str | None, meaning: str) -> Any:
    """A setting; no default means that production must give one."""
    return field(metadata={"parse": parse, "default": default, "meaning": meaning})


@dataclass(frozen=True, repr=False)
class Settings:
    """What the environment says. A field's name in capitals is the variable it is read from.

    It has no repr: half of it is secret.
    """

    app_env: str = _setting(
        _one_of(DEVELOPMENT, TEST, PRODUCTION), DEVELOPMENT, "development, test or production"
    )
    var_folder: Path = _setting(
        _folder, "var", "folder of embedded stores, logs and generated keys"
    )

    database_url: str = _setting(
        _text, "", "PostgreSQL, as the role that serves; empty starts an embedded one"
    )
    database_owner_url: str = _setting(
        _text, "", "PostgreSQL, as the role that owns the tables, for `ussd-app db upgrade`"
    )
    redis_url: str = _setting(_text, "", "Redis; empty starts an embedded one")

    web_host: str = _setting(_text, "127.0.0.1", "address the web server listens on")
    port: int = _setting(_port, "8000", "port of the web server")
    metrics_host: str = _setting(_text, "127.0.0.1", "address of Prometheus metrics, never public")
    metrics_port: int = _setting(_port, "9464", "port of Prometheus metrics")
    simulator_port: int = _setting(_port, "8001", "port of the simulator that `run` starts")
    web_processes: int = _setting(
        _whole(), "0", "web processes, at most one for each core; 0 is as many"
    )
    log_level: str = _setting(
        _one_of("debug", "info", "warning", "error"), "info", "debug, info, warning or error"
    )

    organisation: str = _setting(
        _organisation, "Umoja", "name of the organisation, on screens and SMS, at most 20 letters"
    )
    service_code: str = _setting(_code, "*384*96#", "what callers dial")
    service_codes: tuple[str, ...] = _setting(
        _codes, "", "all service codes that are answered; empty is SERVICE_CODE alone"
    )
    support_phone: str = _setting(_text, "0800724724", "whom callers may call for help")
    terms_url: str = _setting(_text, "https://example.org/terms", "where the terms can be read")
    default_language: str = _setting(_text, "en", "language until a caller has chosen one")
    time_zone: ZoneInfo = _setting(_zone, "Africa/Nairobi", "in which hours and days are shown")
    countries: tuple[str, ...] = _setting(
        _countries, "254", "calling codes of numbers that may join, be paid and get SMS"
    )
    token_code: str = _setting(_token_code, "UMOJA", "code of the first token, at most 12 letters")
    token_name: str = _setting(_text, "Umoja", "its name")
    token_decimals: int = _setting(
        _whole(0, DECIMALS_MOST), "2", "its decimals, at most 2: more leave no room on a screen"
    )
    grant: int = _setting(
        _whole(0, GRANT_MOST), "50", "whole tokens that greet whoever joins by dialling"
    )
    show_balance: bool = _setting(_yes, "no", "show the balance on the first screen, without PIN")

    callback_secrets: tuple[str, ...] = _setting(
        _secrets, None, "secret part of every callback path; two while rotating, the new one first"
    )
    callback_sources: tuple[Network, ...] = _setting(
        _networks, None, "networks that callbacks may come from, like 192.0.2.0/24,2001:db8::/32"
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        _networks, "", "networks of reverse proxies that are ours: their X-Forwarded-For counts"
    )
    phone_burst: int = _setting(_whole(1), "150", "answers one phone may ask for at once")
    phone_per_second: int = _setting(_whole(1), "5", "… and each second in the long run")
    all_burst: int = _setting(
        _whole(1), "4000", "answers one web process gives at once, to all phones"
    )
    all_per_second: int = _setting(_whole(1), "2000", "… and each second in the long run")

    pin_peppers: Mapping[str, bytes] = _setting(
        _peppers,
        None,
        "keys over PINs, 'name:64 hex digits', newest first; old ones stay until used up",
    )
    session_data_key: bytes = _setting(_key, None, "key that seals calls in Redis, 64 hex digits")
    session_index_key: bytes = _setting(_key, None, "key over their names, 64 hex digits")

    at_base_url: str = _setting(
        _url, "https://api.africastalking.com", "Africa's Talking; `run` sets its simulator"
    )
    at_username: str = _setting(_text, None, "Africa's Talking user name")
    at_api_key: str = _setting(_text, None, "Africa's Talking API key")
    at_sender_id: str = _setting(_text, "", "SMS sender name or short code; empty is theirs")
    sms_daily_spend: int = _setting(_whole(), "5000", "most to spend on SMS a day, whole currency")
    sms_price: int = _setting(
        _whole(1),
        "80",
        "what one SMS counts until its cost is told, in hundredths of the currency",
    )
    sms_unclear_seconds: int = _setting(
        _whole(1),
        "60",
        "how long to wait for a delivery report before an unanswered SMS is repeated",
    )
    statements_a_day: int = _setting(_whole(), "3", "statements by SMS a member may ask for a day")
    lookups_a_day: int = _setting(_whole(), "20", "names of others a member may see a day")

    registration_keep_days: int = _setting(
        _whole(1), "30", "days until a registration nobody went on with is forgotten"
    )
    lookup_keep_days: int = _setting(
        _whole(1), "30", "days until it is forgotten how many names a member saw on a day"
    )
    report_keep_days: int = _setting(
        _whole(2), "90", "days until a delivery report is forgotten; SMS under way need theirs"
    )

    test_clock_offset: float = _setting(
        _seconds, "0", "seconds the clock is ahead; heeded when APP_ENV=test alone"
    )

    @property
    def all_service_codes(self) -> tuple[str, ...]:
        return self.service_codes or (self.service_code,)

    @property
    def is_production(self) -> bool:
        return self.app_env == PRODUCTION


DEVELOPMENT_DEFAULTS = {
    "callback_sources": "127.0.0.0/8,::1/128",
    "at_username": "sandbox",
    "at_api_key": "simulated",
}
REQUIRED_IN_PRODUCTION = ("database_url", "redis_url", "support_phone", "terms_url")


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
    if production:
        faults += _production_faults(values)
    if faults:
        raise SettingsFaulty(faults)
    return Settings(**values)


def _production_faults(values: Mapping[str, Any]) -> list[str]:
    """What may do in development and must not in production, of the values that can be used."""
    faults = []
    address = urlsplit(values.get("at_base_url", "https:"))
    if address.hostname in ("localhost", "127.0.0.1", "::1"):
        faults.append("AT_BASE_URL is a simulator's")
    elif address.scheme != "https":
        faults.append("AT_BASE_URL must be https: the API key is sent there")
    if values.get("at_username") == DEVELOPMENT_DEFAULTS["at_username"]:
        faults.append("AT_USERNAME is the sandbox's")
    if api_key := values.get("at_api_key"):
        faults += _api_key_faults(api_key)
    used = [values[name] for name in ("session_data_key", "session_index_key") if name in values]
    used += values.get("pin_peppers", {}).values()
    if len(set(used)) < len(used):
        faults.append("SESSION_DATA_KEY, SESSION_INDEX_KEY and PIN_PEPPERS must differ")
    return faults


def _api_key_faults(api_key: str) -> list[str]:
    if api_key == DEVELOPMENT_DEFAULTS["at_api_key"]:
        return ["AT_API_KEY is the simulator's"]
    try:
        _hard_to_guess(api_key)
    except ValueError as error:
        return [f"AT_API_KEY {error}"]
    return []


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
