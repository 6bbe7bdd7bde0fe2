"""What a thief may look for: one PIN, a few numbers and the keys, after everything that goes wrong.

They are used in every journey and every error, and then looked for in every form and every place.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus

import httpx
import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from tests.whole import gates
from tests.whole.canary import Canary, everywhere, in_redis, in_tables, secrets_of, traces
from tests.whole.system import System
from tests.whole.telephone import (
    ACCEPT,
    ACCOUNT,
    BALANCE,
    BY_SMS,
    CHANGE_NAME,
    CHANGE_PIN,
    ENGLISH,
    HELP,
    INVITE,
    REPORT,
    SEND,
    STATEMENT,
    Phone,
    eventually,
    new_number,
)

PIN, OTHER_PIN = "0740", "8264"
FORGOT, ASK_FOR_NEW = ("I forgot my PIN",), ("Ask for a new PIN",)
STOP = ("It was not me: stop it",)
IN_WORDS = (f"PIN {PIN}", f"PIN {' '.join(PIN)}", f"{PIN[:2]}-{PIN[2:]} is my PIN")
HOMES = frozenset(
    f"{table}.phone"
    for table in (
        "member", "registration", "message", "call", "inbound_message", "delivery_report", "opt_out",
        "one_time_code", "invitation_row",
    )
) | {"message.body", "message.dedupe", "call_screen.screen", "call_screen.keys"}  # fmt: skip


@dataclass
class Aviary:
    """The system, and everything in it that may be found nowhere else."""

    system: System
    canaries: list[Canary] = field(default_factory=lambda: [Canary.pin(PIN)])

    def phone(self, number: str = "", pin: str = PIN) -> Phone:
        made = self.system.phone(number or new_number(), pin)
        self.canaries.append(Canary.phone(made.number, HOMES))
        return made

    def member(self, pin: str = PIN) -> Phone:
        phone = self.phone(pin=pin)
        assert phone.join("Zuhura Kanari").ends
        return phone

    def at_pin(self, pin: str = PIN) -> Phone:
        """A member who is asked for the PIN."""
        phone = self.member(pin)
        phone.home()
        phone.choose(BALANCE)
        return phone


def join(aviary: Aviary) -> None:
    """With the PIN as a name, too short, weak, with spaces around it, mistyped, in pieces."""
    zuhura = aviary.phone()
    zuhura.dial()
    zuhura.choose(ENGLISH, ACCEPT)
    zuhura.say(PIN, "Zuhura Kanari", PIN[:3], f"{PIN[:2]} {PIN[2:]}", f"  {PIN}", OTHER_PIN)
    zuhura.hang_up()
    zuhura.dial()
    assert zuhura.say(f" {PIN} ", PIN).ends

    weak = aviary.phone(f"+25471{secrets.randbelow(1000):03}{PIN}")
    weak.dial()
    weak.choose(ENGLISH, ACCEPT)
    assert "easy to guess" in weak.say("Zuhura Kanari", PIN).text


def use_everything(aviary: Aviary) -> None:
    """Right wherever a PIN is asked."""
    zuhura, friend = aviary.member(), aviary.member()
    assert zuhura.balance() == "50"
    assert zuhura.send(friend, "5").text.startswith("Sent 5 UMOJA")
    zuhura.last_payment()
    zuhura.home()
    zuhura.choose(STATEMENT)
    zuhura.say(PIN)
    zuhura.choose(BY_SMS)
    zuhura.home()
    zuhura.choose(ACCOUNT, CHANGE_NAME)
    zuhura.say("Zuhura Kanari", PIN)
    zuhura.home()
    zuhura.choose(ACCOUNT, CHANGE_PIN)
    assert "had that PIN before" in zuhura.say(PIN, PIN, PIN).text
    assert zuhura.say(OTHER_PIN, OTHER_PIN).ends
    zuhura.home()
    zuhura.choose(SEND)
    zuhura.say(aviary.phone().national)
    zuhura.choose(INVITE)
    for number, words in enumerate(IN_WORDS, start=1):
        _text(aviary.system, friend, words, leaves="inbound_message", count=number)
    _text(aviary.system, friend, "START", leaves="inbound_message", count=len(IN_WORDS) + 1)
    _text(aviary.system, friend, "STOP", leaves="opt_out")  # in this order, or it opts in again


def join_by_invitation(aviary: Aviary) -> None:
    """With a code: of another, in two parts, in the place of a PIN, dialled in advance, right."""
    njeri = aviary.phone()
    assert aviary.system.command("invite", njeri.number, "Njeri Kanari").code == 0
    code = re.findall(r"\b\d{6}\b", njeri.sms_like("code"))[0]
    aviary.canaries.append(Canary.code(code))
    njeri.dial(f"{code}")
    njeri.say(f"{(int(code) + 1) % 10**6:06}", PIN, f"{code[:3]} {code[3:]}", code, PIN, PIN)
    njeri.choose(ACCEPT)
    assert njeri.balance() == "50"


def forget_the_pin(aviary: Aviary) -> None:
    """Ask for a new one, and stop it with the one there is: mistyped, and right."""
    zuhura = aviary.member()
    zuhura.home()
    zuhura.choose(HELP, FORGOT, ASK_FOR_NEW, STOP)
    assert zuhura.say(PIN[:3], OTHER_PIN, PIN).text.startswith("Stopped.")


def _text(system: System, phone: Phone, words: str, *, leaves: str, count: int = 1) -> None:
    """Send an SMS to us, and wait until so many have left a row of this number."""
    phone.desk.ask("POST", f"/phones/{phone.number}/sms", json={"text": words})
    counting = f"SELECT count(*) FROM {leaves} WHERE phone = %s"
    eventually(lambda: system.value(counting, phone.number) == count, f"{words} in {leaves}")


def guess(aviary: Aviary) -> None:
    """Wrong, until it is locked."""
    victim = aviary.at_pin(OTHER_PIN)
    assert "Tries left: 2" in victim.say(PIN).text
    assert "locked until" in victim.say(PIN, PIN).text


def mistake_the_field(aviary: Aviary) -> None:
    """Where a number, an amount, a choice or words are asked."""
    zuhura, friend = aviary.member(), aviary.member()
    zuhura.home()
    zuhura.say(PIN, PIN)
    zuhura.choose(SEND)
    zuhura.say(PIN, friend.national, PIN, f"5 {PIN}", f"{PIN}*{PIN}")
    for words in IN_WORDS:
        zuhura.home()
        zuhura.choose(HELP, REPORT)
        assert "Ref" in zuhura.say(words).text


def dial_deep(aviary: Aviary) -> None:
    zuhura, friend = aviary.member(), aviary.member()
    for tail in (f"1*{friend.national}*5*{PIN}", f"2*{PIN}", PIN, f"4*3*{PIN}*{PIN}*{PIN}"):
        zuhura.dial(tail)
        zuhura.hang_up()


def send_what_is_no_hop(aviary: Aviary) -> None:
    """Too long, of another shape, repeated after its end, to another door."""
    system, zuhura = aviary.system, aviary.at_pin()
    call, text = zuhura.screen.call, zuhura.transcript(PIN)
    zuhura.say(PIN)
    zuhura.hang_up()
    system.post(call, zuhura.number, text)
    system.post(call, zuhura.number, f"{text}*{PIN}")
    system.post("long", zuhura.number, "1*" * 1200 + PIN)
    system.post("strange", zuhura.number, f"*{PIN}#*\ud7ff\x07{PIN}")
    system.post("elsewhere", zuhura.number, f"1*{PIN}", code="*999#")
    callbacks = system.state["callbacks"]
    said = f"sessionId=a&phoneNumber={quote_plus(zuhura.number)}&serviceCode=*384*96%23&text="
    with httpx.Client(trust_env=False, timeout=10) as http:
        for body in (f"{said}{'9' * 9000}*{PIN}", f"{said}1&text={PIN}", PIN, f"\xff{PIN}"):
            http.post(callbacks["ussd"], content=body.encode("latin-1"))
        http.get(f"{callbacks['ussd']}?{said}{PIN}")
        http.post(f"{callbacks['ussd']}/{PIN}", data={"text": PIN})
        http.post(f"{system.urls['web']}ussd/wrong", data={"text": PIN})
        event = {"sessionId": call, "input": text, "lastAppResponse": PIN}
        http.post(callbacks["events"], data=event)
        http.post(callbacks["events"], data={**event, "phoneNumber": PIN, "status": "Success"})


def be_repeated(aviary: Aviary) -> None:
    """By a network that delivers everything twice, late, or not at all; and so for SMS."""
    zuhura, friend = aviary.member(), aviary.member()
    names = ("ussd.duplicate", "ussd.late_duplicate", "ussd.double_start", "event.duplicate")
    steps = [{"name": name, "phone": zuhura.number, "seconds": 0.2} for name in names]
    sms = ("sms.refuse", "sms.invalid_sender", "sms.error_before", "sms.reset_after")
    answers = [{"name": name, "phone": friend.number, "times": 1} for name in sms]
    aviary.system.desk.spoil(*steps, *answers)
    for amount in "1234":
        zuhura.send(friend, amount)
    aviary.system.desk.spoil({"name": "ussd.lost_answer", "phone": zuhura.number})
    zuhura.dial(f"2*{PIN}")
    aviary.system.desk.calm()


def back_to_normal(phone: Phone) -> None:
    """One process answers again, and then the breakers of the others have rested, too."""
    eventually(lambda: not phone.dial().ends, "an answer")
    time.sleep(1.2)


def lose_redis(aviary: Aviary) -> None:
    """Emptied in the middle of a call, then silent."""
    zuhura, other = aviary.at_pin(), aviary.at_pin()
    aviary.system.flush()
    assert "We lost your place" in other.say(PIN).text
    zuhura.home()
    zuhura.choose(BALANCE)
    with aviary.system.frozen("redis"):
        assert zuhura.say(PIN).ends
        assert zuhura.dial(f"2*{PIN}").ends
    back_to_normal(other)


def lose_postgres(aviary: Aviary) -> None:
    """Killed in the middle of a call."""
    zuhura, other = aviary.at_pin(), aviary.at_pin()
    assert aviary.system.kill("postgres")
    assert zuhura.say(PIN).ends
    assert zuhura.dial(f"2*{PIN}").ends
    aviary.system.heal()
    back_to_normal(other)


def crash(aviary: Aviary) -> None:
    """Killed while a PIN is checked."""
    zuhura = aviary.at_pin()
    with (
        ThreadPoolExecutor(1) as hand,
        gates.closed(aviary.system, gates.CHARGED, zuhura),
    ):
        typing = hand.submit(zuhura.say, PIN)
        gates.wait_until_held(aviary.system)
        aviary.system.kill_and_wait("web")
        assert typing.result(20).trouble


def meet_bugs(aviary: Aviary) -> None:
    """Exceptions that nobody foresaw, with a PIN or a number at hand, in a hop and in a job."""
    system, zuhura, friend = aviary.system, aviary.at_pin(), aviary.member()
    with away(system, "pin"):
        assert "still checking" in zuhura.say(PIN).text

    newcomer = aviary.phone()
    newcomer.dial()
    with refusing(system, "registration", f"phone <> '{newcomer.number}'"):
        assert "Something went wrong" in newcomer.choose(ENGLISH).text

    system.settle()
    with away(system, "sms_spend"):
        zuhura.send(friend, "5")
        failed = "SELECT count(*) FROM errand WHERE failure IS NOT NULL"
        eventually(lambda: system.value(failed), "a job that failed")


@contextmanager
def away(system: System, table: str) -> Iterator[None]:
    """The database without a table that every release has."""
    system.run(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        system.run(f"ALTER TABLE {table}_away RENAME TO {table}")


@contextmanager
def refusing(system: System, table: str, condition: str) -> Iterator[None]:
    """The database with a check that a row breaks, which PostgreSQL would quote in full."""
    system.run(f"ALTER TABLE {table} ADD CONSTRAINT whole CHECK ({condition}) NOT VALID")
    try:
        yield
    finally:
        system.run(f"ALTER TABLE {table} DROP CONSTRAINT whole")


ACTS: tuple[Callable[[Aviary], None], ...] = (
    join,
    use_everything,
    join_by_invitation,
    forget_the_pin,
    guess,
    mistake_the_field,
    dial_deep,
    send_what_is_no_hop,
    be_repeated,
    lose_redis,
    lose_postgres,
    crash,
    meet_bugs,
)


def test_r_a03_a_pin_a_number_and_the_keys_stand_nowhere_they_should_not(patient: System) -> None:
    gates.build(patient)
    patient.settle()
    aviary = Aviary(patient)
    aviary.canaries += secrets_of(patient)

    seen: set[str] = set()
    for act in ACTS:
        act(aviary)
        seen |= {
            f"after {act.__name__}: {one}" for one in traces(aviary.canaries, in_redis(patient))
        }
    patient.heal()
    patient.settle()

    assert seen | traces(aviary.canaries, everywhere(patient)) == set()
    homeless = [replace(canary, homes=frozenset()) for canary in aviary.canaries]
    assert {
        place for place, content in in_tables(patient) if traces(homeless, [(place, content)])
    } == HOMES, "it looks where they stand"


PHONE = "+254719302718"
KEY = "5ecre7-k3y" * 4
MASKS: dict[str, Callable[[bytes], bytes]] = {
    "clear": bytes,
    "reversed": lambda clear: clear[::-1],
    "hex": lambda clear: clear.hex().encode(),
    "HEX": lambda clear: clear.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64, one later": lambda clear: base64.b64encode(b"?" + clear + b"?"),
    "base64, two later": lambda clear: base64.urlsafe_b64encode(b"??" + clear),
    "url": lambda clear: quote_plus(b"1*" + clear).encode(),
    "url, every letter": lambda clear: "".join(f"%{byte:02X}" for byte in clear).encode(),
    "md5": lambda clear: hashlib.md5(clear).hexdigest().encode(),
    "sha1": lambda clear: hashlib.sha1(clear).hexdigest().encode(),
    "sha256": lambda clear: hashlib.sha256(clear).hexdigest().encode(),
    "sha256, base64": lambda clear: base64.b64encode(hashlib.sha256(clear).digest()),
    "sha512": lambda clear: hashlib.sha512(clear).hexdigest().encode(),
    "blake2b": lambda clear: hashlib.blake2b(clear).hexdigest().encode(),
    "blake2s, bytes": lambda clear: hashlib.blake2s(clear).digest(),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(
    ("clear", "canary"),
    [
        pytest.param(PIN, Canary.pin(PIN), id="PIN"),
        pytest.param(PHONE, Canary.phone(PHONE, HOMES), id="phone"),
        pytest.param(KEY, Canary.secret("key", KEY), id="key"),
    ],
)
def test_a_canary_is_known_in_every_disguise(mask: str, clear: str, canary: Canary) -> None:
    content = b'{"event": "x", "said": "%s"}' % MASKS[mask](clear.encode())

    assert traces([canary], [("audit.detail", content)])


def test_a_pin_is_known_in_pieces_and_not_in_other_numbers() -> None:
    pin = Canary.pin(PIN)
    numbers = b"2026-11-21T07:40:10.074000Z id=90740 took=0.0740 10407 +254711000740 a0740f"

    for pieces in (b"0 7 4 0", b"0-7-4-0", b"07 40", b"07-40"):
        assert traces([pin], [("web.log", b"'%s'" % pieces)])
    assert traces([pin], [("web.log", numbers)]) == set()


def test_a_number_at_home_is_known_in_disguise_alone() -> None:
    canary = Canary.phone(PHONE, HOMES)

    assert traces([canary], [("member.phone", PHONE.encode())]) == set()
    assert traces([canary], [("member.phone", PHONE.encode().hex().encode())])
    assert traces([canary], [("audit.detail", PHONE.encode())])


def test_a_canary_is_found_in_every_kind_of_place(system: System) -> None:
    secret = f"canary-{secrets.token_hex(8)}"

    with nest(system, secret):
        found = traces([Canary.secret("it", secret)], everywhere(system))

    places = {one.removeprefix("it in ").partition(": ")[0] for one in found}
    assert places >= {
        "file nest.txt",
        "file var/log/nest.log",
        *(f"whole_nest.{column}" for column in ("words", "tree", "bytes", "list")),
        "pg_stat_activity.query",
        *(f"Redis {kind}" for kind in ("key", "string", "hash", "list", "set", "zset", "stream")),
        "Redis hash, compressed",
        "Redis slow log",
        "page metrics",
        "report of doctor",
        "process list",
    }


@contextmanager
def nest(system: System, secret: str) -> Iterator[None]:
    """The secret in a place of every kind, for a while."""
    with (
        in_two_files(system, secret),
        in_a_table(system, secret),
        in_redis_of_every_kind(system, secret),
        on_the_metrics_page(system, secret),
        in_the_report(system, secret),
        in_a_command_line(system, secret),
    ):
        yield


@contextmanager
def in_two_files(system: System, secret: str) -> Iterator[None]:
    paths = system.folder / "nest.txt", system.var / "log" / "nest.log"
    for path in paths:
        path.write_text(f"said {secret}\n")
    yield
    for path in paths:
        path.unlink()


@contextmanager
def in_a_table(system: System, secret: str) -> Iterator[None]:
    with system.database() as database:
        database.execute(
            "CREATE TABLE whole_nest (words text, tree jsonb, bytes bytea, list text[])"
        )
        database.execute(
            "INSERT INTO whole_nest VALUES (%s, %s, %s, %s)",
            (secret, json.dumps({"said": secret}), secret.encode(), [secret]),
        )
        database.execute(f"SELECT '{secret}'".encode())
        yield
        database.execute("DROP TABLE whole_nest")


@contextmanager
def in_redis_of_every_kind(system: System, secret: str) -> Iterator[None]:
    with system.redis() as client:
        client.set(f"nest:{secret}", "")
        client.set("nest:string", secret)
        client.hset("nest:hash", "said", secret)
        client.rpush("nest:list", secret)
        client.sadd("nest:set", secret)
        client.zadd("nest:zset", {secret: 1})
        client.xadd("nest:stream", {"said": secret})
        client.config_set("slowlog-log-slower-than", 0)
        client.echo(secret)
        client.config_set("slowlog-log-slower-than", 10_000)
        queue = Queue("nest", connection=client, serializer=JSONSerializer)
        queue.enqueue("nobody.carries", secret, description="")
        yield
        queue.delete(delete_jobs=True)
        client.delete(*client.keys("nest:*"))
        client.slowlog_reset()


@contextmanager
def on_the_metrics_page(system: System, secret: str) -> Iterator[None]:
    folder = system.var / "metrics"
    before = {*folder.iterdir()}
    count = "import sys, prometheus_client as p; p.Counter('nest', '', ['who']).labels(sys.argv[1]).inc()"
    subprocess.run(
        [sys.executable, "-c", count, secret],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        check=True,
    )
    yield
    for path in {*folder.iterdir()} - before:
        path.unlink()


@contextmanager
def in_the_report(system: System, secret: str) -> Iterator[None]:
    """As the name of a pepper that nobody has, which the doctor tells."""
    member = system.member_of(system.member())
    before = system.value("SELECT pepper FROM pin WHERE member = %s", member)
    system.run("UPDATE pin SET pepper = %s WHERE member = %s", secret, member)
    yield
    system.run("UPDATE pin SET pepper = %s WHERE member = %s", before, member)


@contextmanager
def in_a_command_line(system: System, secret: str) -> Iterator[None]:
    wait = [sys.executable, "-c", "import time; time.sleep(60)", secret]
    with subprocess.Popen(wait, cwd=system.folder) as child:
        yield
        child.kill()
