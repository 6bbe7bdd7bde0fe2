"""How settings are read: a function for each kind of value.

Each raises ValueError with words that may follow the setting's name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ussd_app.text import septets, to_gsm7

KEY_BYTES = 32
PORT_MOST = 65535
SECRET_LETTERS = 22  # 128 bits, written in base64
TOO_SHORT = f"must have at least {SECRET_LETTERS} letters and digits"
ORGANISATION_SEPTETS = 20  # what every screen and SMS is measured with

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def text(raw: str) -> str:
    return raw


def whole(least: int = 0, most: int = 999_999_999) -> Callable[[str], int]:
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


def seconds(raw: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]+)?", raw):
        raise ValueError("must be a number of seconds")
    return float(raw)


def one_of(*words: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return raw

    return parse


def yes(raw: str) -> bool:
    if raw.lower() not in ("yes", "no"):
        raise ValueError("must be 'yes' or 'no'")
    return raw.lower() == "yes"


def port(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", raw) or not 1 <= int(raw) <= PORT_MOST:
        raise ValueError("must be a port, 1 to 65535")
    return int(raw)


def code(raw: str) -> str:
    if not re.fullmatch(r"\*\d+(\*\d+)*#", raw):
        raise ValueError("must be a service code like *384*96#")
    return raw


def codes(raw: str) -> tuple[str, ...]:
    return tuple(code(part) for part in words(raw))


def countries(raw: str) -> tuple[str, ...]:
    codes = words(raw)
    if not codes or not all(re.fullmatch(r"[1-9][0-9]{0,2}", code) for code in codes):
        raise ValueError("must be calling codes like 254")
    return codes


def organisation(raw: str) -> str:
    shown = to_gsm7(raw)
    if not shown.strip():
        raise ValueError("must be a name that a phone can show")
    if (size := septets(shown)) > ORGANISATION_SEPTETS:
        raise ValueError(f"takes {size} letters on a phone, must be at most {ORGANISATION_SEPTETS}")
    return raw


def token_code(raw: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,11}", raw):
        raise ValueError("must be 2 to 12 capital letters and digits")
    return raw


def words(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def networks(raw: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in words(raw))


def zone(raw: str) -> ZoneInfo:
    try:
        return ZoneInfo(raw)
    except (KeyError, OSError, ValueError):
        raise ValueError("must be a time zone like Africa/Nairobi") from None


def folder(raw: str) -> Path:
    return Path(raw).resolve()


def url(raw: str) -> str:
    if urlsplit(raw).scheme not in ("http", "https"):
        raise ValueError("must be an http or https address")
    return raw.rstrip("/")


def mail_url(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("smtps", "smtp+starttls", "smtp") or not parts.hostname:
        raise ValueError("must be like smtps://user:password@host:465, or smtp+starttls or smtp")
    if parts.username and parts.scheme == "smtp":
        raise ValueError("must not send a password without TLS: smtps or smtp+starttls")
    return raw


def mail_from(raw: str) -> str:
    address = r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,250}"
    if not re.fullmatch(rf"{address}|[^<>@,\x00-\x1f]{{1,60}}<{address}>", raw):
        raise ValueError("must be like Umoja <staff@example.org>")
    return raw


def key(raw: str) -> bytes:
    try:
        key = bytes.fromhex(raw)
    except ValueError:
        raise ValueError("must be hexadecimal") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes ({2 * KEY_BYTES} hexadecimal digits)")
    if len(set(key)) < KEY_BYTES // 4:
        raise ValueError("must be random")
    return key


def peppers(raw: str) -> Mapping[str, bytes]:
    peppers: dict[str, bytes] = {}
    for part in words(raw):
        name, colon, digits = part.partition(":")
        if not colon or not re.fullmatch(r"[a-z0-9]{1,8}", name) or name in peppers:
            raise ValueError("must be 'name:key' with a name of its own each, the newest first")
        peppers[name] = key(digits)
    if not peppers:
        raise ValueError("must hold at least one key")
    return peppers


def hard_to_guess(secret: str) -> None:
    if len(secret) < SECRET_LETTERS:
        raise ValueError(TOO_SHORT)
    if len(set(secret)) < SECRET_LETTERS // 3:
        raise ValueError("must be random")


def secrets(raw: str) -> tuple[str, ...]:
    secrets = words(raw)
    if len(secrets) not in (1, 2):
        raise ValueError("must be one secret, or two while changing from the second to the first")
    for secret in secrets:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", secret):
            raise ValueError(TOO_SHORT)
        hard_to_guess(secret)
    if len(set(secrets)) < len(secrets):
        raise ValueError("must differ from each other")
    return secrets
