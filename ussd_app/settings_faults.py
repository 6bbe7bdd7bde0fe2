"""What settings say that cannot be, though each of them can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ussd_app import parsers

ARGON2_KIB, ARGON2_ROUNDS = 19_456, 2  # of passwords: OWASP's and ASVS 5.0's argon2id, one lane
KEYS = (
    "session_data_key",
    "session_index_key",
    "message_key",
    "code_key",
    "cookie_key",
    "factor_key",
    "password_pepper",
)


def of_all(values: Mapping[str, Any]) -> list[str]:
    """A policy that nobody could ever meet."""
    most = values.get("guarantors_most")
    return [
        f"{name.upper()} must be at most GUARANTORS_MOST"
        for name in ("guarantors_least", "guarantors_quorum")
        if most is not None and values.get(name, 0) > most
    ]


def of_production(values: Mapping[str, Any], *, made_up: Mapping[str, str]) -> list[str]:
    """What may do in development and must not in production; `made_up` is what stands there ungiven."""
    faults = []
    address = urlsplit(values.get("at_base_url", "https:"))
    if address.hostname in ("localhost", "127.0.0.1", "::1"):
        faults.append("AT_BASE_URL is a simulator's")
    elif address.scheme != "https":
        faults.append("AT_BASE_URL must be https: the API key is sent there")
    if urlsplit(values.get("admin_url", "https:")).scheme != "https":
        faults.append("ADMIN_URL must be https: passwords are sent there")
    if urlsplit(values.get("mail_url", "smtps:")).scheme == "smtp":
        faults.append("MAIL_URL must be smtps or smtp+starttls: codes are sent there")
    if values.get("at_username") == made_up["at_username"]:
        faults.append("AT_USERNAME is the sandbox's")
    if api_key := values.get("at_api_key"):
        faults += _api_key_faults(api_key, made_up["at_api_key"])
    faults += _hashing_faults(values)
    used = [values[name] for name in KEYS if name in values]
    used += values.get("pin_peppers", {}).values()
    if len(set(used)) < len(used):
        names = ", ".join(name.upper() for name in KEYS)
        faults.append(f"{names} and PIN_PEPPERS must differ")
    if values.get("simulator_url"):
        faults.append("SIMULATOR_URL must be empty: members' places would be kept")
    if values.get("sim_swap_check") == "clean":
        faults.append("SIM_SWAP_CHECK must ask somebody, or be none")
    return faults


def _hashing_faults(values: Mapping[str, Any]) -> list[str]:
    kib = values.get("password_hash_kib", ARGON2_KIB)
    rounds = values.get("password_hash_rounds", ARGON2_ROUNDS)
    if kib < ARGON2_KIB or rounds < ARGON2_ROUNDS:
        least = f"{ARGON2_KIB} and {ARGON2_ROUNDS}"
        return [f"PASSWORD_HASH_KIB and _ROUNDS must be at least {least}"]
    return []


def _api_key_faults(api_key: str, simulated: str) -> list[str]:
    if api_key == simulated:
        return ["AT_API_KEY is the simulator's"]
    try:
        parsers.hard_to_guess(api_key)
    except ValueError as error:
        return [f"AT_API_KEY {error}"]
    return []
