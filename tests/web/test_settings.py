"""Settings: every fault told at once, and nothing secret with a default."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import fields
from pathlib import Path

import pytest

from ussd_app import bootstrap
from ussd_app.parsers import SECRET_LETTERS
from ussd_app.settings import (
    DEVELOPMENT_DEFAULTS,
    Settings,
    SettingsFaulty,
    example,
    read,
)

ROOT = Path(__file__).parent.parent.parent

KEYS = [bytes(range(n, n + 32)).hex() for n in range(0, 224, 28)]
SECRET = "kQ3x-9ZpLw7_Rt2Vb8Yc6N"

DEVELOPMENT = {
    "CALLBACK_SECRETS": SECRET,
    "PIN_PEPPERS": f"k1:{KEYS[0]}",
    "SESSION_DATA_KEY": KEYS[1],
    "SESSION_INDEX_KEY": KEYS[2],
    "MESSAGE_KEY": KEYS[3],
    "CODE_KEY": KEYS[4],
    "COOKIE_KEY": KEYS[5],
    "FACTOR_KEY": KEYS[6],
    "PASSWORD_PEPPER": KEYS[7],
}
PRODUCTION = {
    **DEVELOPMENT,
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://app@db/ussd",
    "REDIS_URL": "rediss://cache",
    "CALLBACK_SOURCES": "192.0.2.0/24",
    "SUPPORT_PHONE": "0711000111",
    "TERMS_URL": "https://umoja.example/terms",
    "ADMIN_URL": "https://umoja.example",
    "MAIL_URL": "smtps://umoja:geheim@mail.umoja.example:465",
    "MAIL_FROM": "Umoja <staff@umoja.example>",
    "AT_USERNAME": "umoja",
    "AT_API_KEY": "atsk_1f0c9a7be24d8356f0c9a7be24d83561",
}
SECRETS = [
    "CALLBACK_SECRETS", "PIN_PEPPERS", "SESSION_DATA_KEY", "SESSION_INDEX_KEY", "MESSAGE_KEY", "CODE_KEY",
    "COOKIE_KEY", "FACTOR_KEY", "PASSWORD_PEPPER",
]  # fmt: skip


def faults_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsFaulty) as refused:
        read(environ)
    return refused.value.faults


# What is read


def test_what_is_needed_for_production_is_enough() -> None:
    settings = read(PRODUCTION)

    assert settings.is_production
    assert settings.callback_secrets == (SECRET,)
    assert settings.pin_peppers == {"k1": bytes.fromhex(KEYS[0])}
    assert settings.callback_sources == (ipaddress.ip_network("192.0.2.0/24"),)


def test_development_needs_keys_alone() -> None:
    settings = read(DEVELOPMENT)

    assert not settings.is_production
    assert settings.at_username == DEVELOPMENT_DEFAULTS["at_username"]


def test_nothing_secret_has_a_default() -> None:
    assert [fault.split(" ")[0] for fault in faults_of({})] == SECRETS


def test_settings_are_not_to_be_changed() -> None:
    settings = read(DEVELOPMENT)

    with pytest.raises(AttributeError):
        settings.port = 1  # type: ignore[misc]


def test_settings_are_not_to_be_printed() -> None:
    shown = f"{read(DEVELOPMENT)!r} {read(DEVELOPMENT)}"

    assert SECRET not in shown
    assert KEYS[1] not in shown
    assert repr(bytes.fromhex(KEYS[1])) not in shown


def test_faults_do_not_show_what_is_secret() -> None:
    environ = {**PRODUCTION, "SESSION_DATA_KEY": f"{KEYS[1]}ab", "PIN_PEPPERS": KEYS[0]}

    told = "\n".join(faults_of(environ))

    assert KEYS[0] not in told
    assert KEYS[1] not in told


def test_two_secrets_are_live_while_one_is_changed() -> None:
    other = SECRET[::-1]

    assert read({**DEVELOPMENT, "CALLBACK_SECRETS": f"{other}, {SECRET}"}).callback_secrets == (
        other,
        SECRET,
    )


def test_peppers_keep_their_order_the_newest_first() -> None:
    settings = read({**DEVELOPMENT, "PIN_PEPPERS": f"k2:{KEYS[3]}, k1:{KEYS[0]}"})

    assert list(settings.pin_peppers) == ["k2", "k1"]


def test_all_service_codes_are_the_one_unless_more_are_set() -> None:
    assert read(DEVELOPMENT).all_service_codes == ("*384*96#",)
    assert read({**DEVELOPMENT, "SERVICE_CODES": "*384*96#,*483#"}).all_service_codes == (
        "*384*96#",
        "*483#",
    )


# What is refused


@pytest.mark.parametrize(
    ("name", "given", "fault"),
    [
        ("APP_ENV", "staging", "must be development, test or production"),
        ("PORT", "http", "must be a port, 1 to 65535"),
        ("PORT", "0", "must be a port, 1 to 65535"),
        ("PORT", "65536", "must be a port, 1 to 65535"),
        ("PORT", "80.5", "must be a port, 1 to 65535"),
        ("GRANT", "many", "must be a whole number"),
        ("GRANT", "10000000", "must be at most 9999999"),
        ("TOKEN_DECIMALS", "3", "must be at most 2"),
        ("ORGANISATION", "Umoja wa Wakulima Bora", "takes 22 letters on a phone, must be at most 20"),
        ("ORGANISATION", "[Umoja] [ya] [Wazee]", "takes 26 letters on a phone, must be at most 20"),
        ("ORGANISATION", "🌍", "must be a name that a phone can show"),
        ("GRANT", "٥٠", "must be a whole number"),
        ("PHONE_BURST", "0", "must be at least 1"),
        ("LOG_LEVEL", "loud", "must be debug, info, warning or error"),
        ("TEST_CLOCK_OFFSET", "nan", "must be a number of seconds"),
        ("SERVICE_CODE", "384", "must be a service code like *384*96#"),
        ("SERVICE_CODES", "*384*96#,384", "must be a service code like *384*96#"),
        ("TIME_ZONE", "Nairobi", "must be a time zone like Africa/Nairobi"),
        ("SHOW_BALANCE", "maybe", "must be 'yes' or 'no'"),
        ("CALLBACK_SOURCES", "192.0.2.0/40", "'192.0.2.0/40' does not appear to be an IPv4 or IPv6 network"),
        ("CALLBACK_SECRETS", "short", f"must have at least {SECRET_LETTERS} letters and digits"),
        ("CALLBACK_SECRETS", f"{SECRET} {SECRET}", f"must have at least {SECRET_LETTERS} letters and digits"),
        ("CALLBACK_SECRETS", "a" * 40, "must be random"),
        ("CALLBACK_SECRETS", ",".join([SECRET, SECRET[::-1], f"{SECRET}x"]), "must be one secret, or two while changing from the second to the first"),
        ("SESSION_DATA_KEY", "banana", "must be hexadecimal"),
        ("SESSION_DATA_KEY", KEYS[1][:-2], "must be 32 bytes (64 hexadecimal digits)"),
        ("SESSION_INDEX_KEY", "00" * 32, "must be random"),
        ("PIN_PEPPERS", KEYS[0], "must be 'name:key' with a name of its own each, the newest first"),
        ("PIN_PEPPERS", f"k1:{KEYS[0]},k1:{KEYS[3]}", "must be 'name:key' with a name of its own each, the newest first"),
        ("PIN_PEPPERS", ",", "must hold at least one key"),
        ("AT_BASE_URL", "ftp://api.africastalking.com", "must be an http or https address"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_name(name: str, given: str, fault: str) -> None:
    assert faults_of({**DEVELOPMENT, name: given}) == [f"{name} {fault}"]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("TRUSTED_PROXIES", "1"),
        ("WEB_PROCESSES", "-1"),
        ("PHONE_PER_SECOND", "0"),
        ("PHONE_BURST", "0"),
        ("ALL_PER_SECOND", "0"),
        ("ALL_BURST", "-5"),
        ("TOKEN_DECIMALS", "-1"),
        ("TOKEN_CODE", "W" * 13),
        ("TOKEN_CODE", "W"),
        ("TOKEN_CODE", "umoja"),
        ("GRANT", "-50"),
        ("LOG_LEVEL", "loud"),
        ("SMS_DAILY_SPEND", "-1"),
        ("SMS_UNCLEAR_SECONDS", "0"),
        ("STATEMENTS_A_DAY", "-1"),
        ("LOOKUPS_A_DAY", "-1"),
        ("COUNTRIES", "Kenya"),
        ("COUNTRIES", "+254"),
        ("COUNTRIES", ","),
    ],
)
def test_what_would_break_later_is_refused_at_the_start(name: str, given: str) -> None:
    faults = faults_of({**DEVELOPMENT, name: given})

    assert [fault.split(" ")[0] for fault in faults] == [name]


def test_every_fault_is_told_at_once() -> None:
    faults = faults_of({"PORT": "http", "TIME_ZONE": "Mars", "CALLBACK_SECRETS": "short"})

    assert {fault.split(" ")[0] for fault in faults} == {
        "PORT", "TIME_ZONE", "CALLBACK_SECRETS", "PIN_PEPPERS", "SESSION_DATA_KEY", "SESSION_INDEX_KEY",
        "MESSAGE_KEY", "CODE_KEY", "COOKIE_KEY", "FACTOR_KEY", "PASSWORD_PEPPER",
    }  # fmt: skip


def test_every_fault_of_a_production_is_told_at_once() -> None:
    faults = faults_of({**PRODUCTION, "AT_API_KEY": "x", "AT_USERNAME": "sandbox", "PORT": "http"})

    assert [fault.split(" ")[0] for fault in faults] == ["PORT", "AT_USERNAME", "AT_API_KEY"]


def test_the_message_of_the_refusal_names_every_fault() -> None:
    with pytest.raises(SettingsFaulty) as refused:
        read({"PORT": "http"})

    assert str(refused.value).count("\n") == len(refused.value.faults) == len(SECRETS) + 1


# Production


@pytest.mark.parametrize(
    "name",
    [
        *SECRETS,
        "DATABASE_URL",
        "REDIS_URL",
        "CALLBACK_SOURCES",
        "AT_USERNAME",
        "AT_API_KEY",
        "ADMIN_URL",
        "MAIL_URL",
        "MAIL_FROM",
    ],
)
@pytest.mark.parametrize("given", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_production_refuses_what_is_missing(name: str, given: str | None) -> None:
    environ = {k: v for k, v in PRODUCTION.items() if k != name}
    if given is not None:
        environ[name] = given

    (fault,) = faults_of(environ)

    assert fault.startswith(f"{name} is missing: ")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("AT_BASE_URL", "http://127.0.0.1:8001"),
        ("AT_BASE_URL", "http://localhost:8001"),
        ("AT_BASE_URL", "http://[::1]:8001"),
        ("AT_BASE_URL", "http://api.africastalking.com"),
        ("ADMIN_URL", "http://umoja.example"),
        ("MAIL_URL", "smtp://127.0.0.1:8025"),
        ("MAIL_URL", "smtp://mail.umoja.example"),
        ("MAIL_URL", "smtp://umoja:geheim@mail.umoja.example"),
        ("MAIL_URL", "https://mail.umoja.example"),
        ("MAIL_URL", "smtps://"),
        ("MAIL_FROM", "Umoja"),
        ("MAIL_FROM", "staff@umoja.example, boss@umoja.example\nBcc: all@umoja.example"),
        ("AT_USERNAME", "sandbox"),
        ("AT_API_KEY", "simulated"),
        ("AT_API_KEY", "x"),
        ("AT_API_KEY", "0123456789abcdefghij_"),
        ("AT_API_KEY", "x" * 64),
        ("CALLBACK_SECRETS", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("SESSION_DATA_KEY", "0" * 64),
        ("SESSION_DATA_KEY", KEYS[1][:32]),
    ],
)
def test_production_refuses_what_may_do_in_development(name: str, given: str) -> None:
    (fault,) = faults_of({**PRODUCTION, name: given})

    assert fault.startswith(name)


def test_a_language_that_nobody_translated_is_refused() -> None:
    with pytest.raises(SettingsFaulty, match="DEFAULT_LANGUAGE must be one of en, sw"):
        bootstrap.build(read({**PRODUCTION, "DEFAULT_LANGUAGE": "fr"}), name="test")


def test_r_a04_a_policy_that_nobody_could_meet_is_refused() -> None:
    environ = {**DEVELOPMENT, "GUARANTORS_MOST": "2", "GUARANTORS_LEAST": "3"}

    assert faults_of({**environ, "GUARANTORS_QUORUM": "4"}) == [
        "GUARANTORS_LEAST must be at most GUARANTORS_MOST",
        "GUARANTORS_QUORUM must be at most GUARANTORS_MOST",
    ]


@pytest.mark.parametrize(
    "same",
    [
        {"SESSION_INDEX_KEY": KEYS[1]},
        {"SESSION_INDEX_KEY": KEYS[1].upper()},
        {"SESSION_INDEX_KEY": f" {KEYS[1]} "},
        {"SESSION_INDEX_KEY": " ".join(KEYS[1][n : n + 8] for n in range(0, 64, 8))},
        {"MESSAGE_KEY": KEYS[2]},
        {"CODE_KEY": KEYS[3]},
        {"PIN_PEPPERS": f"k1:{KEYS[1]}"},
        {"PIN_PEPPERS": f"k2:{KEYS[0]},k1:{KEYS[0]}"},
    ],
    ids=[
        "the same",
        "in capitals",
        "with blanks around",
        "in groups",
        "for SMS",
        "for codes",
        "as a pepper",
        "pepper twice",
    ],
)
def test_production_refuses_a_key_with_two_purposes(same: dict[str, str]) -> None:
    assert faults_of({**PRODUCTION, **same}) == [
        f"{', '.join(SECRETS[2:])} and PIN_PEPPERS must differ"
    ]


@pytest.mark.parametrize("written", ["production", " production", "production ", "production\t"])
def test_production_is_production_however_the_file_spells_it(written: str) -> None:
    """Blanks are stripped from every setting: this one must not switch the checks off."""
    faults = faults_of({**DEVELOPMENT, "APP_ENV": written, "AT_USERNAME": "sandbox"})

    assert "AT_USERNAME is the sandbox's" in faults
    assert [fault for fault in faults if fault.startswith("DATABASE_URL is missing")]


def test_two_callback_secrets_that_are_the_same_change_nothing_and_are_refused() -> None:
    faults = faults_of({**PRODUCTION, "CALLBACK_SECRETS": f"{SECRET},{SECRET}"})

    assert [fault.split(" ")[0] for fault in faults] == ["CALLBACK_SECRETS"]


# The example


def test_the_example_in_the_tree_is_the_one_that_the_settings_make() -> None:
    assert (ROOT / ".env.example").read_text() == example()


def test_the_example_tells_of_every_setting_with_its_meaning() -> None:
    told = example()

    for one in fields(Settings):
        assert re.search(rf"(?m)^# .+\n#{one.name.upper()}=", told), one.name


def test_the_example_holds_no_secret() -> None:
    for name in [*SECRETS, "AT_API_KEY"]:
        assert f"\n#{name}=\n" in example()


def test_the_example_says_what_production_needs() -> None:
    needed = set(re.findall(r"\(required in production\)\n#(\w+)=", example()))

    assert needed == {
        *SECRETS, "DATABASE_URL", "REDIS_URL", "CALLBACK_SOURCES", "AT_USERNAME", "AT_API_KEY",
        "SUPPORT_PHONE", "TERMS_URL", "ADMIN_URL", "MAIL_URL", "MAIL_FROM",
    }  # fmt: skip


def test_the_example_can_be_used_as_it_is() -> None:
    uncommented = dict(
        line[1:].split("=", 1) for line in example().splitlines() if re.match(r"#[A-Z_]+=", line)
    )

    assert read({**uncommented, **DEVELOPMENT}).service_code == "*384*96#"
