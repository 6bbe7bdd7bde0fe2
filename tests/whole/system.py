"""One installation, started as its users start it: `ussd-app run`, a folder, some ports."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import redis

from tests.whole.telephone import Desk, Phone, eventually, new_number
from ussd_app.process import die_with_parent
from ussd_app.settings import Settings

ROOT = Path(__file__).parents[2]
SETTINGS = {one.name.upper() for one in fields(Settings)} | {"PROMETHEUS_MULTIPROC_DIR"}
# Errands that wait for their time, which is minutes or hours away: other tests leave them behind.
WAITING = "(state = 'due' AND kind IN ('erasure', 'recovery') AND due_at > now())"
# Names that shells and desktops set for purposes of their own.
A_SHELLS_OWN = {
    "LANGUAGE": "de_DE:de",
    "HOST": "laptop",
    "ENV": "/etc/kshrc",
    "VAR": "1",
    "NAME": "pc",
}
COVERAGE = "COVERAGE_PROCESS_CONFIG"
PORTS = ("PORT", "SIMULATOR_PORT", "SIMULATOR_MAIL_PORT", "METRICS_PORT")
READY_SECONDS, STOP_SECONDS, COMMAND_SECONDS = 90.0, 45.0, 60.0

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class System:
    """A running `ussd-app run`, and every handle that an outsider has on it.

    `as_user` is a command that the processes are started through, to be somebody else. What its
    processes run through is measured only if `measured`: that takes half their time again.
    """

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    as_user: tuple[str, ...] = ()
    measured: bool = False
    child: subprocess.Popen[bytes] | None = None
    _desk: Desk | None = None

    @classmethod
    @contextmanager
    def running(cls, **settings: str) -> Iterator[System]:
        """A system of one's own, gone afterwards with all it made."""
        with cls.prepared(settings) as system:
            system.start()
            yield system

    @classmethod
    @contextmanager
    def prepared(
        cls, settings: Mapping[str, str] | None = None, *, private: bool = False
    ) -> Iterator[System]:
        """A folder and ports for a system that is not started yet; `private` for root alone."""
        folder = Path(tempfile.mkdtemp(prefix="whole-", dir="/tmp"))
        folder.chmod(0o700 if private else 0o755)
        system = cls(folder, {**ports(), **(settings or {})})
        try:
            yield system
        finally:
            system.close()

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def environ(self) -> dict[str, str]:
        """What its processes are told: no setting of whoever runs the tests."""
        ours = SETTINGS | set(self.settings)
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        kept |= A_SHELLS_OWN
        given = {
            "APP_ENV": "test",
            "VAR_FOLDER": str(self.var),
            "PYTHONPATH": str(ROOT),
            **self.settings,
        }
        return {**kept, **{name: value for name, value in given.items() if value}}

    # Start and stop

    def start(self, *, ready: bool = True) -> None:
        """Start everything, and wait until it says and shows that it is there."""
        assert self.child is None or self.child.poll() is not None
        environ = self.environ
        if not self.measured:
            environ.pop(COVERAGE, None)
        with (self.folder / "run.log").open("ab") as sink:
            self.child = subprocess.Popen(
                self._words("run"),
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing outlives the tests
            )
        if ready:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until /readyz is content and the telephones are there."""
        eventually(self._is_ready, f"a system in {self.folder}", seconds=READY_SECONDS)
        self._forget_desk()
        self._desk = Desk.at(self.urls["simulator"])
        self.desk.configure(sms_seconds=0.02, callback_pause_seconds=0.1, callback_attempts=16)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end; its exit code."""
        assert self.child
        self._forget_desk()
        self.child.send_signal(how)
        return self.child.wait(STOP_SECONDS)

    def close(self) -> None:
        """End it however it stands, and remove its folder."""
        self._forget_desk()
        if self.child and self.child.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self.stop()
        self.end_leftovers()
        if self.child:
            self.child.wait()
        if not os.environ.get("WHOLE_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def end_leftovers(self) -> None:
        """Kill what still runs from the folder, each by its own id."""
        while found := self.processes():
            for pid in found:
                _signal(pid, signal.SIGKILL)
            time.sleep(0.05)

    # Looking at it

    @property
    def state(self) -> dict[str, Any]:
        """What `where --json` reads, without the second that a command takes."""
        told: dict[str, Any] = json.loads((self.var / "running.json").read_text())
        return told

    @property
    def urls(self) -> dict[str, str]:
        found: dict[str, str] = self.state["urls"]
        return found

    @property
    def desk(self) -> Desk:
        assert self._desk, "not running"
        return self._desk

    def said(self) -> str:
        """Everything that `run` has printed so far."""
        return (self.folder / "run.log").read_text()

    def logs(self) -> str:
        """Every log there is."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')}"
            for path in sorted((self.var / "log").glob("*.log"))
        )

    def metrics(self) -> str:
        return ask(self.urls["metrics"]).text

    # Commands

    def command(self, *words: str, stdin: str = "", **settings: str) -> Finished:
        """Run one command of `ussd-app` beside it."""
        done = subprocess.run(
            self._words(*words),
            cwd=self.folder,
            env={**self.environ, **settings},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def beside(self, *words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on beside it, until the block is left."""
        child = subprocess.Popen(
            self._words(*words),
            cwd=self.folder,
            env={**self.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing outlives the tests
        )
        try:
            yield child
        finally:
            child.terminate()
            child.communicate(timeout=STOP_SECONDS)

    def reconciled(self) -> list[dict[str, Any]]:
        """What `reconcile` finds amiss."""
        told = self.command("reconcile", "--json").json
        return [finding for finding in told["findings"] if finding["state"] != "ok"]

    # Phones

    def phone(self, number: str = "", pin: str = "7306") -> Phone:
        """A telephone; a new one unless a number is given."""
        return Phone(self.desk, number or new_number(), pin)

    def member(self, *, tokens: int = 0, tier: int = 0, **joining: Any) -> Phone:
        """A new member, perhaps with more tokens and a higher tier than joining gives."""
        phone = self.phone()
        joined = phone.join(**joining)
        assert joined.ends, joined
        if tier:
            self.run("UPDATE member SET tier = %s WHERE phone = %s", tier, phone.number)
        if tokens:
            self.run(
                """
                SELECT ledger_move('grant', now(), house.id, mine.id, %s)
                FROM account house, account mine JOIN member m ON m.id = mine.owner
                WHERE house.kind = 'grants' AND m.phone = %s
                """,
                tokens * 100,
                phone.number,
            )
        return phone

    def post(self, call: str, phone: str, text: str, code: str = "*384*96#") -> str:
        """Deliver a hop as the gateway would, perhaps once more or late; the answer's body."""
        return self.deliver(call, phone, text, code).text

    def deliver(self, call: str, phone: str, text: str, code: str = "*384*96#") -> httpx.Response:
        """The same, with all that the answer is made of."""
        form = {"sessionId": call, "phoneNumber": phone, "serviceCode": code, "text": text}
        with httpx.Client(trust_env=False, timeout=15) as http:
            return http.post(self.state["callbacks"]["ussd"], data=form)

    # Stores

    @contextmanager
    def database(
        self, *, role: str = "postgres", name: str = ""
    ) -> Iterator[psycopg.Connection[Any]]:
        """PostgreSQL as its superuser; each statement a transaction."""
        kept = json.loads((self.var / "secrets.json").read_text())
        url = urlsplit(self.state["stores"]["postgres"])
        with psycopg.connect(
            host=parse_qs(url.query)["host"][0],
            dbname=name or url.path.removeprefix("/"),
            user=role,
            password=kept[f"POSTGRES_{role.upper()}"],
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            yield connection

    def rows(self, query: str, *values: object) -> list[Row]:
        with self.database() as database:
            return database.execute(query.encode(), values or None).fetchall()

    def value(self, query: str, *values: object) -> Any:
        """The first column of the one row there must be."""
        ((first, *_rest),) = self.rows(query, *values)
        return first

    def run(self, query: str, *values: object) -> int:
        with self.database() as database:
            return database.execute(query.encode(), values or None).rowcount

    @contextmanager
    def redis(self) -> Iterator[redis.Redis]:
        client = redis.Redis.from_url(self.state["stores"]["redis"])
        try:
            yield client
        finally:
            client.close()

    def flush(self) -> None:
        """Empty Redis."""
        with self.redis() as client:
            client.flushall()

    def member_of(self, phone: Phone) -> int:
        found: int = self.value("SELECT id FROM member WHERE phone = %s", phone.number)
        return found

    def pass_leases(self) -> None:
        """Let the minute pass after which an errand that nobody finished is handed over again.

        Only its due time is moved; the relay does the rest, as it would a minute later.
        """
        self.run(
            "UPDATE errand SET due_at = least(due_at, now()) "
            f"WHERE state NOT IN ('dead', 'parked') AND NOT {WAITING}"
        )

    def settle(self, *, seconds: float = 30.0, patiently: bool = False) -> None:
        """Wait until no errand is under way; `patiently` without passing leases."""
        under_way = f"state NOT IN ('dead', 'parked') AND NOT {WAITING}"
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.value(f"SELECT count(*) FROM errand WHERE {under_way}"):
                return
            if not patiently and not self.queued():  # what is queued needs a worker, not a lease
                self.pass_leases()
            time.sleep(0.5)
        raise AssertionError(f"errands left: {self.errands()}")

    def errands(self) -> list[Row]:
        """What is promised and not done, with what is known of an SMS; not what can only wait."""
        return self.rows(
            """
            SELECT e.*, m.kind, m.state, m.attempts, m.copies, m.failure
            FROM errand e LEFT JOIN message m ON m.id = e.subject AND e.kind = 'sms'
            WHERE e.state <> 'parked'
            """
        )

    def queued(self) -> int:
        """How many jobs wait in Redis."""
        with self.redis() as client:
            return sum(int(client.llen(queue)) for queue in client.smembers("rq:queues"))

    @contextmanager
    def spare_stores(self) -> Iterator[dict[str, str]]:
        """Settings that point at an empty database and an empty Redis, on the servers of this one."""
        name = f"spare_{secrets.token_hex(4)}"
        kept = json.loads((self.var / "secrets.json").read_text())
        host = parse_qs(urlsplit(self.state["stores"]["postgres"]).query)["host"][0]
        with self.database() as database:
            database.execute(f"CREATE DATABASE {name} OWNER ussd_owner".encode())
            try:
                yield {
                    f"DATABASE_{role}URL": (
                        f"postgresql://{user}:{kept['POSTGRES_' + user.upper()]}@/{name}?host={host}"
                    )
                    for role, user in (("", "ussd_app"), ("OWNER_", "ussd_owner"))
                } | {"REDIS_URL": self.state["stores"]["redis"].replace("db=0", "db=1")}
            finally:
                database.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    # Processes

    def pid(self, name: str) -> int | None:
        """A process by the name that `where` gives it, while it runs."""
        pid: int | None = self.state["processes"].get(name)
        return pid if pid in self.processes() else None

    def web_children(self) -> list[int]:
        """The processes that answer callers."""
        return [pid for pid in self.processes() if _parent(pid) == self.pid("web")]

    def processes(self) -> list[int]:
        """Every process that works in the folder, whoever its parent is."""
        return [pid for pid in _pids() if _works_in(pid, self.folder)]

    def kill(self, name: str) -> int | None:
        """kill -9 by name; `web child` is one that answers callers. None if it is down already."""
        pid = next(iter(self.web_children()), None) if name == "web child" else self.pid(name)
        if pid is not None:
            _signal(pid, signal.SIGKILL)
        return pid

    def kill_web_children(self) -> list[int]:
        """kill -9 all that answer callers, chosen before the first is replaced."""
        pids = self.web_children()
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        return pids

    def kill_and_wait(self, name: str) -> None:
        """kill -9, and wait until the supervisor has replaced it and all is well."""
        pid = self.kill(name)
        assert pid, f"{name} does not run"
        self.wait_until_back(name, pid)

    def wait_until_back(self, name: str, pid: int) -> None:
        """Wait until `name` has another process than `pid`, and everything answers."""
        if name != "web child":
            eventually(lambda: self.pid(name) not in (pid, None), f"another {name}", seconds=40)
        eventually(self._is_ready, "readiness", seconds=40)

    def heal(self) -> None:
        """Wait until every process is back and everything answers."""
        names = ("postgres", "redis", "simulator", "web", "worker", "clock")
        eventually(lambda: all(self.pid(name) for name in names), "every process", seconds=40)
        eventually(self._is_ready, "readiness", seconds=40)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP for a while: there, and silent."""
        pid = self.pid(name)
        assert pid
        _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pid, signal.SIGCONT)

    def _words(self, *words: str) -> list[str]:
        return [*self.as_user, sys.executable, "-m", "ussd_app.cli", *words]

    def _is_ready(self) -> bool:
        if self.child and self.child.poll() is not None:
            raise AssertionError(f"`run` ended with {self.child.returncode}:\n{self.said()}")
        try:
            return ask(self.urls["ready"]).status_code == httpx.codes.OK
        except (httpx.HTTPError, OSError, ValueError):
            return False

    def _forget_desk(self) -> None:
        if self._desk:
            self._desk.close()
        self._desk = None


def ask(url: str, verb: str = "GET") -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=5) as http:
        return http.request(verb, url)


def ports() -> dict[str, str]:
    """Free ports, below those that the machine gives to whoever connects."""
    found: list[str] = []
    while len(found) < len(PORTS):
        port = 20_000 + secrets.randbelow(12_000)
        if is_free(port) and str(port) not in found:
            found.append(str(port))
    return dict(zip(PORTS, found, strict=True))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def busy(port: int) -> Iterator[None]:
    """Listen on a port, unless somebody does already."""
    with socket.socket() as other:
        with suppress(OSError):
            other.bind(("127.0.0.1", port))
            other.listen()
        yield


def hold_still(pids: Sequence[int]) -> Callable[[], None]:
    """SIGSTOP all of them; the function returned lets them go on."""
    for pid in pids:
        _signal(pid, signal.SIGSTOP)

    def release() -> None:
        for pid in pids:
            _signal(pid, signal.SIGCONT)

    return release


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
