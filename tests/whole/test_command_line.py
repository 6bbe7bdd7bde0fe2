"""The commands, beside a running system and without one."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from tests.whole.system import System, busy
from tests.whole.telephone import ACCEPT, BALANCE, SWAHILI, Screen, new_number
from ussd_app.text import septets


@pytest.fixture
def nothing() -> Iterator[System]:
    """A folder from which nothing runs."""
    with System.prepared() as prepared:
        yield prepared


class Terminal:
    """A command in a terminal of its own, read up to its prompt."""

    def __init__(self, system: System, *words: str) -> None:
        self._own, theirs = pty.openpty()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "ussd_app.cli", *words],
            cwd=system.folder,
            env={**system.environ, "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def read(self, until: str = "> ", seconds: float = 20) -> str:
        """What is printed until the prompt comes, or the command ends."""
        shown, deadline = b"", time.monotonic() + seconds
        while not shown.endswith(until.encode()) and time.monotonic() < deadline:
            if select.select([self._own], [], [], 0.1)[0]:
                try:
                    shown += os.read(self._own, 4096)
                except OSError:  # the other end is closed
                    break
        return shown.decode().replace("\r\n", "\n")

    def type(self, words: str) -> str:
        os.write(self._own, f"{words}\n".encode())
        return self.read()

    def close(self) -> int:
        code = self.child.wait(20)
        os.close(self._own)
        return code


def test_r_e04_a_stranger_joins_at_a_terminal(system: System) -> None:
    terminal = Terminal(system, "dial", new_number())

    def key(shown: str, label: tuple[str, ...]) -> str:
        return Screen(shown, ends=False).key(label)

    shown = terminal.type(key(terminal.read(), SWAHILI))
    shown = terminal.type(key(shown, ACCEPT))
    assert "Unaitwa nani?" in shown
    terminal.type("Neema Wambui")
    terminal.type("7306")
    last = terminal.type("7306")

    assert terminal.close() == 0
    assert "Karibu Neema Wambui! Umepata zawadi ya 50 UMOJA" in last


def test_r_e04_a_terminal_frames_each_screen_and_counts_its_letters(system: System) -> None:
    terminal = Terminal(system, "dial", new_number())

    shown = terminal.read()
    line, *words, counter, _prompt = shown.split("\n")
    last = terminal.type("")

    assert terminal.close() == 0
    assert line == "-" * 34
    assert counter == f" {septets(chr(10).join(words))}/160".rjust(34, "-")
    assert last.startswith("\nYou hung up.\n")


def test_r_e04_a_terminal_shows_the_hops_of_a_call_and_nothing_typed(system: System) -> None:
    juma = system.member(name="Juma Otieno")
    key = juma.home().key(BALANCE)
    juma.hang_up()
    system.desk.spoil({"name": "ussd.duplicate", "phone": juma.number, "times": 1})

    done = system.command("dial", juma.number, stdin=f"{key}\n{juma.pin}\n\n")

    hops = re.findall(r"^hop +(\w+) +\d+ ms  (\S+)$", done.out, re.MULTILINE)
    assert [number for number, _screen in hops] == ["1", "copy", "2", "3"]
    assert hops[0][1] == "Home.menu"
    assert juma.pin not in done.out


def test_r_e04_a_terminal_shows_the_operators_words_without_a_count(system: System) -> None:
    done = system.command("dial", new_number(), "--code", "*999#")

    line = "-" * 34
    assert done.out == f"{line}\nConnection problem or invalid MMI code.\n{line}\n"


def test_dialling_reads_answers_from_a_pipe_and_an_empty_line_hangs_up(system: System) -> None:
    juma = system.member(name="Juma Otieno")
    key = juma.home().key(BALANCE)
    juma.hang_up()

    done = system.command("dial", juma.number, stdin=f"{key}\n{juma.pin}\n\n")

    assert done.code == 0
    assert "You have 50 UMOJA." in done.out
    assert "You hung up.\n" in done.out
    ended = system.desk.books("sessions", juma.number)[-1]
    assert ended["status"] == "Incomplete"


def test_dialling_hangs_up_quietly_where_its_input_ends(system: System) -> None:
    done = system.command("dial", new_number(), stdin="")

    assert (done.code, done.err) == (0, "")
    assert "You hung up." in done.out


def test_dialling_shows_the_sms_that_came_meanwhile(system: System) -> None:
    number = new_number()

    done = system.command("dial", number, stdin="1\n1\nJuma Otieno\n7306\n7306\n")

    assert done.code == 0
    assert "Welcome Juma Otieno!" in done.out
    told = system.phone(number).sms_like("Welcome to Umoja")
    assert f"SMS: {told}" in done.out


@pytest.mark.parametrize("number", ["12", "0712", "abc", "+1"])
def test_dialling_as_no_number_is_told(system: System, number: str) -> None:
    done = system.command("dial", number)

    assert (done.code, done.err) == (
        1,
        "Error: Type a phone number, like 0712345678.\n",
    )


def test_r_e04_where_says_where_everything_is(system: System) -> None:
    told = system.command("where", "--json").json

    names = {"supervisor", "postgres", "redis", "simulator", "web", "worker", "clock"}
    assert set(told["processes"]) == names
    assert set(told["processes"].values()) <= set(system.processes())
    assert set(told["urls"]) == {"web", "health", "ready", "metrics", "admin", "simulator", "mail"}
    assert all(
        re.match(r"http://(127\.0\.0\.1|localhost):\d+/", url) for url in told["urls"].values()
    )
    assert all(Path(path).exists() for path in told["logs"].values())
    plain = system.command("where").out
    assert str(told["processes"]["web"]) in plain


def test_r_e04_where_tells_all_that_a_tester_from_outside_needs(system: System) -> None:
    told = system.command("where", "--json").json

    assert told["service_code"] == "*384*96#"
    assert set(told["callbacks"]) == {"ussd", "events", "delivery", "inbound", "optout", "sim_swap"}
    assert all(url.startswith(told["urls"]["web"]) for url in told["callbacks"].values())
    first = {"sessionId": "ATUid_tester", "phoneNumber": new_number(), "text": ""}
    form = {**first, "serviceCode": told["service_code"]}
    answer = httpx.post(told["callbacks"]["ussd"], data=form, trust_env=False)
    assert (answer.status_code, answer.text[:4]) == (200, "CON ")
    with psycopg.connect(told["stores"]["postgres"]) as database:
        assert database.execute("SELECT current_user").fetchall() == [("ussd_app",)]
    with redis.Redis.from_url(told["stores"]["redis"]) as client:
        assert client.ping()
    *members, stranger = told["people"]
    assert (len(members), stranger["pin"]) == (4, "")
    for person in members:
        assert system.phone(person["phone"], person["pin"]).balance(), person["name"]


@pytest.mark.parametrize("words", [("where",), ("where", "--json"), ("dial", "+254712345678")])
def test_without_a_running_system_its_absence_is_told(
    nothing: System, words: tuple[str, ...]
) -> None:
    done = nothing.command(*words)

    assert done.code == 1
    assert "nothing runs from this folder; start it with `ussd-app run`" in done.err
    assert "Traceback" not in done.err


def test_a_state_file_left_behind_is_not_a_running_system(nothing: System) -> None:
    """Its process number may belong to anybody by now; in a container it usually does."""
    nothing.var.mkdir()
    state = {"processes": {"supervisor": os.getpid()}, "urls": {}, "environment": {}}
    (nothing.var / "running.json").write_text(json.dumps(state))

    done = nothing.command("where")

    assert done.code == 1
    assert "nothing runs from this folder" in done.err


def test_a_lost_pin_cools_for_a_minute_where_people_are_seeded(system: System) -> None:
    told = httpx.get(system.urls["simulator"] + "stories", trust_env=False).json()["stories"]

    assert system.state["environment"]["RECOVERY_COOLING_MINUTES"] == "1"
    assert system.state["environment"]["RECOVERIES_A_WEEK"] == "1000"
    assert "1 minute here" in told[0]["about"]


def test_r_e04_a_second_run_on_one_folder_is_refused(system: System) -> None:
    done = system.command("run")

    assert done.code == 1
    assert f"ussd-app already runs from {system.var}" in done.err
    assert system.command("where").code == 0, "the first is not disturbed"


def test_r_e04_a_set_port_that_is_busy_is_told(nothing: System) -> None:
    for name in ("PORT", "SIMULATOR_PORT", "SIMULATOR_MAIL_PORT", "METRICS_PORT"):
        port = int(nothing.settings[name])
        with busy(port):
            done = nothing.command("run")

        assert done.code == 1
        assert f"port {port} is busy" in done.err
        assert f"Set {name}" in done.err
    assert not (nothing.var / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_told(nothing: System, port: str) -> None:
    done = nothing.command("run", PORT=port)

    assert done.code == 1
    assert "PORT must be a port" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["web", "worker", "clock"])
def test_production_names_every_missing_setting_at_once(nothing: System, name: str) -> None:
    done = nothing.command(name, APP_ENV="production")

    needed = [
        "CALLBACK_SECRETS",
        "CALLBACK_SOURCES",
        "PIN_PEPPERS",
        "SESSION_DATA_KEY",
        "SESSION_INDEX_KEY",
        "MESSAGE_KEY",
        "CODE_KEY",
        "COOKIE_KEY",
        "FACTOR_KEY",
        "PASSWORD_PEPPER",
        "AT_USERNAME",
        "AT_API_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "SUPPORT_PHONE",
        "TERMS_URL",
    ]
    assert done.code == 1
    assert [n for n in needed if f"{n} is missing" not in done.err] == []
    assert "Traceback" not in done.err
    assert not nothing.var.exists(), "production generates nothing"


def test_production_refuses_what_only_development_may(nothing: System) -> None:
    key = "0123456789abcdef" * 4
    done = nothing.command(
        "web",
        APP_ENV="production",
        AT_BASE_URL="http://127.0.0.1:8001",
        AT_USERNAME="sandbox",
        AT_API_KEY="simulated",
        SESSION_DATA_KEY=key,
        SESSION_INDEX_KEY=key,
        CALLBACK_SECRETS="short",
    )

    assert done.code == 1
    for fault in (
        "AT_BASE_URL is a simulator's",
        "AT_USERNAME is the sandbox's",
        "AT_API_KEY is the simulator's",
        "must differ",
        "CALLBACK_SECRETS must have at least 22",
    ):
        assert fault in done.err
    assert key not in done.err


def test_r_e04_the_same_seed_makes_the_same_world_twice(system: System) -> None:
    words = ("seed", "--profile", "blackbox", "--seed", "41", "--json")

    first, second = system.command(*words), system.command(*words)
    other = system.command("seed", "--profile", "blackbox", "--seed", "42", "--json")

    assert (first.code, second.code, other.code) == (0, 0, 0)
    assert first.json == second.json
    assert first.json["people"] != other.json["people"]
    person = first.json["people"][0]
    seeded = system.phone(person["phone"], person["pin"])
    assert seeded.balance() == str(person["tokens"])
    found = system.value("SELECT count(*) FROM member WHERE phone = %s", person["phone"])
    assert found == 1


def test_r_e04_people_are_seeded_where_nothing_ran_before(nothing: System) -> None:
    done = nothing.command("seed", "--json")
    again = nothing.command("seed", "--json")

    assert (done.code, again.code, done.err) == (0, 0, "")
    assert [person["tokens"] for person in done.json["people"]] == [500, 320, 120, 200]


def test_the_doctor_finds_a_fresh_system_well(system: System) -> None:
    done = system.command("doctor", "--json")

    amiss = [finding for finding in done.json["findings"] if finding["state"] != "ok"]
    assert (done.code, amiss) == (0, [])
    assert done.json["state"] == "ok"
