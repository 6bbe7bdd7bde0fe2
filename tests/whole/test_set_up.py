"""Setting up: starting, ending, being killed, and starting again, with one command."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from tests.whole.system import ROOT, System, ask, busy, ports
from tests.whole.telephone import eventually

DEFAULT_PORT = 8000
AHEAD_SECONDS = 7200
SMALL = {"WEB_PROCESSES": "1", "SMS_UNCLEAR_SECONDS": "6"}
ORDINARY = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@pytest.fixture(scope="module")
def house() -> Iterator[System]:
    """A system that is ended and started again."""
    with System.prepared(SMALL) as made:
        made.measured = True
        made.start()
        yield made


def test_r_e04_ctrl_c_ends_everything_and_the_next_run_knows_everybody(house: System) -> None:
    juma, neema = house.member(name="Juma Otieno"), house.member(name="Neema Wambui")
    juma.send(neema, "20")
    house.settle()
    people = house.rows("SELECT id, phone, name FROM member ORDER BY id")
    balances = house.rows("SELECT id, balance FROM account ORDER BY id")

    assert house.stop(signal.SIGINT) == 0
    assert house.processes() == []
    assert not (house.var / "running.json").exists()
    house.start()

    assert house.rows("SELECT id, phone, name FROM member ORDER BY id") == people
    assert house.rows("SELECT id, balance FROM account ORDER BY id") == balances
    again = house.phone(juma.number)
    assert again.balance() == "30"
    assert house.reconciled() == []


def test_r_e04_a_killed_supervisor_leaves_no_process_and_the_next_run_recovers(
    house: System,
) -> None:
    juma, neema = house.member(name="Juma Otieno"), house.member(name="Neema Wambui")
    sent = juma.send(neema, "20")
    assert sent.text.startswith("Sent 20 UMOJA")

    assert house.kill("supervisor")
    assert house.child
    assert house.child.wait(10) == -signal.SIGKILL
    eventually(lambda: not house.processes(), "the end of every process", seconds=60)
    assert house.command("where").code == 1
    house.start()

    assert house.phone(juma.number).balance() == "30"
    house.settle()
    assert "you sent 20 UMOJA" in "".join(house.phone(juma.number).sms()), "after the restart"
    assert house.reconciled() == []


def test_r_e04_an_ordinary_user_interrupts_starts_and_default_ports_give_way() -> None:
    """In a folder that only its owner may enter, beside another system, with its clock ahead."""
    unset = dict.fromkeys(ports(), "")
    ahead = {"TEST_CLOCK_OFFSET": str(AHEAD_SECONDS)}
    with (
        System.prepared({**unset, **ahead, **SMALL}, private=True) as system,
        busy(DEFAULT_PORT),
    ):
        system.as_user = ordinary_user()
        for how, when in ((signal.SIGINT, "PostgreSQL"), (signal.SIGTERM, "tables")):
            system.start(ready=False)
            eventually(lambda when=when: when in system.said(), when)  # type: ignore[misc]
            assert system.stop(how) != 0
            eventually(lambda: not system.processes(), "the end of every process", seconds=60)

        system.start()

        assert f"port {DEFAULT_PORT} is busy, so PORT is " in system.said()
        assert system.urls["web"] != f"http://127.0.0.1:{DEFAULT_PORT}/"
        juma = system.member(name="Juma Otieno")
        assert juma.balance() == "50"
        (joined,) = system.rows("SELECT joined_at FROM member WHERE phone = %s", juma.number)
        assert joined[0] - datetime.now(UTC) > timedelta(seconds=AHEAD_SECONDS - 60)
        assert system.stop(signal.SIGTERM) == 0
        assert system.processes() == []


def ordinary_user() -> tuple[str, ...]:
    """What starts a command as somebody who is not root, where this is needed and possible."""
    trial = [*ORDINARY, sys.executable, "-c", "import os, ussd_app; assert os.geteuid() != 0"]
    is_needed = os.geteuid() == 0
    if (
        is_needed
        and not subprocess.run(trial, check=False, cwd=ROOT, capture_output=True).returncode
    ):
        return ORDINARY
    return ()


def test_r_e04_stores_that_are_given_are_used_and_none_is_started(system: System) -> None:
    with system.spare_stores() as given, System.running(**given, **SMALL) as guest:
        told = guest.state
        juma = guest.member(name="Juma Otieno")

        assert juma.balance() == "50"
        assert {"postgres", "redis"} & set(told["processes"]) == set()
        assert not (guest.var / "postgres").exists()
        assert not (guest.var / "redis").exists()
        assert told["people"] == []
        assert guest.command("reconcile").code == 0
        assert guest.stop() == 0
    assert system.value("SELECT count(*) FROM member WHERE phone = %s", juma.number) == 0


@pytest.mark.parametrize(
    ("given", "started"), [("DATABASE_URL", "redis"), ("REDIS_URL", "postgres")]
)
def test_r_e04_one_store_that_is_given_is_used_and_the_other_is_started(
    system: System, given: str, started: str
) -> None:
    with system.spare_stores() as spare:
        theirs = {"DATABASE_URL": spare["DATABASE_OWNER_URL"], "REDIS_URL": spare["REDIS_URL"]}
        with System.running(**{given: theirs[given]}, **SMALL) as guest:
            told = guest.state
            juma = guest.member(name="Juma Otieno")

            assert juma.balance() == "50"
            assert {"postgres", "redis"} & set(told["processes"]) == {started}
            assert [(guest.var / name).exists() for name in ("postgres", "redis")] == [
                started == name for name in ("postgres", "redis")
            ]
            assert theirs[given] in told["stores"].values()
            assert bool(told["people"]) == (started == "postgres")
            assert guest.stop() == 0
    assert system.value("SELECT count(*) FROM member WHERE phone = %s", juma.number) == 0


def test_production_heeds_no_clock_of_a_test(system: System) -> None:
    """The web of a production beside it, as far as it can go without a company."""
    with system.spare_stores() as given, System.prepared() as production:
        production.settings |= given | {
            "APP_ENV": "production",
            "CALLBACK_SECRETS": secrets.token_urlsafe(24),
            "CALLBACK_SOURCES": "127.0.0.0/8",
            "PIN_PEPPERS": f"k1:{secrets.token_hex(32)}",
            "SESSION_DATA_KEY": secrets.token_hex(32),
            "SESSION_INDEX_KEY": secrets.token_hex(32),
            "MESSAGE_KEY": secrets.token_hex(32),
            "CODE_KEY": secrets.token_hex(32),
            "COOKIE_KEY": secrets.token_hex(32),
            "FACTOR_KEY": secrets.token_hex(32),
            "PASSWORD_PEPPER": secrets.token_hex(32),
            "ADMIN_URL": "https://umoja.example",
            "MAIL_URL": "smtps://mail.umoja.example",
            "MAIL_FROM": "staff@umoja.example",
            "AT_USERNAME": "umoja",
            "AT_API_KEY": secrets.token_urlsafe(24),
            "SUPPORT_PHONE": "0711000111",
            "TERMS_URL": "https://umoja.example/terms",
            "TEST_CLOCK_OFFSET": str(AHEAD_SECONDS),
        }
        assert production.command("db", "upgrade").code == 0
        with production.beside("web"):
            web = f"http://127.0.0.1:{production.settings['PORT']}"
            eventually(lambda: _is_ready(f"{web}/readyz"), "the web of production", seconds=40)
            url = f"{web}/ussd/{production.settings['CALLBACK_SECRETS']}"
            first, then = (_hop(url, text) for text in ("", "1"))

        with system.database(name=urlsplit(given["DATABASE_URL"]).path[1:]) as database:
            began = database.execute("SELECT began_at FROM registration").fetchall()[0][0]
        assert first.startswith("CON Karibu Umoja!")
        assert then.startswith("CON We keep your name and number.")
        assert abs((began - datetime.now(UTC)).total_seconds()) < 60


def _is_ready(url: str) -> bool:
    try:
        return ask(url).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _hop(url: str, text: str) -> str:
    form = {
        "sessionId": "ATUid_production",
        "phoneNumber": "+254712345678",
        "serviceCode": "*384*96#",
        "text": text,
    }
    with httpx.Client(trust_env=False, timeout=10) as http:
        return http.post(url, data=form).text
