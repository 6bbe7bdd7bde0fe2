"""A PostgreSQL of one's own: made, started, recovered and stopped without administration.

It listens on a Unix socket only, asks for a password, and never gives up durability.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from ussd_app.embedded import process
from ussd_app.embedded.binaries import postgres_folder

START_SECONDS = 60.0
MAJOR_VERSION = "16"
ADMIN, OWNER, APP = "postgres", "ussd_owner", "ussd_app"
DATABASE = "ussd_app"

_CONFIGURATION = """\
# Written at every start; changes belong in local.conf beside it.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
wal_buffers = 8MB
max_wal_size = 1GB
timezone = 'UTC'
log_timezone = 'UTC'
password_encryption = 'scram-sha-256'

# An acknowledged payment survives a power cut.
fsync = on
synchronous_commit = on
full_page_writes = on

# Statements and their values hold names, numbers and amounts: none may reach a log.
log_statement = 'none'
log_min_duration_statement = -1
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off

include_if_exists = 'local.conf'
"""


class PostgresFailed(RuntimeError):
    """It did not start; the message holds the end of its log."""


@dataclass
class Postgres:
    """One server: its data in `data`, its socket in `run`, its passwords given."""

    data: Path
    run: Path
    log: Path
    passwords: dict[str, str]
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    STOP_SIGNAL: ClassVar[signal.Signals] = signal.SIGINT  # a fast shutdown

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        """How SQLAlchemy and psycopg reach it as `role`."""
        return f"postgresql://{role}:{self.passwords[role]}@/{database}?host={self.run}"

    def start(self) -> None:
        """Make the cluster if there is none, start it, and see that roles and database exist."""
        runner = _Runner.choose(self.data)
        if not (self.data / "PG_VERSION").exists():
            self._make(runner)
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise PostgresFailed(
                f"{self.data} was made by PostgreSQL {version}, this is {MAJOR_VERSION}: "
                "move it away, or upgrade it with pg_upgrade"
            )
        (self.data / "postgresql.conf").write_text(_CONFIGURATION)
        (self.data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        self._clear_stale_lock()
        runner.own(self.run)
        self.child = process.start(
            [runner.programs / "postgres", "-D", self.data, "-k", self.run],
            log=self.log,
            on_parent_death=self.STOP_SIGNAL,
            user=runner.user,
            unshared=runner.unshared,
        )
        self._wait()
        self._prepare_database()

    def stop(self) -> None:
        """End sessions, write everything, exit."""
        if self.child:
            process.stop(self.child, self.STOP_SIGNAL)

    def _make(self, runner: _Runner) -> None:
        # Built aside and renamed when whole, so that an interrupted first start leaves no half.
        making = self.data.with_name(self.data.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True, mode=0o700)
        password_file = making.with_name("initial-password")
        password_file.write_text(self.passwords[ADMIN])
        runner.own(making)
        runner.own(password_file)
        try:
            runner.call(
                "initdb", f"--pgdata={making}", f"--username={ADMIN}", f"--pwfile={password_file}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--data-checksums",
                log=self.log,
            )  # fmt: skip
        finally:
            password_file.unlink()
        making.rename(self.data)

    def _clear_stale_lock(self) -> None:
        """Forget the lock of a server that was killed, unless its process still runs here."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text().split("\n", 1)[0])
        if not process.is_running(pid, program="postgres"):
            lock.unlink()
            return
        deadline = time.monotonic() + process.STOP_SECONDS  # its parent died: it is on its way out
        while process.is_running(pid, program="postgres") and time.monotonic() < deadline:
            time.sleep(0.1)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.child
            if self.child.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise PostgresFailed(f"PostgreSQL did not start:\n{tail}")
            try:
                psycopg.connect(self.url(ADMIN, "postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return

    def _prepare_database(self) -> None:
        with psycopg.connect(self.url(ADMIN, "postgres"), autocommit=True) as admin:
            for role in (OWNER, APP):
                known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                verb = "ALTER" if known.fetchone() else "CREATE"
                admin.execute(
                    sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                        sql.SQL(verb), sql.Identifier(role), sql.Literal(self.passwords[role])
                    )
                )
            known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not known.fetchone():
                admin.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )


@dataclass(frozen=True)
class _Runner:
    """As whom the server runs. PostgreSQL refuses root: then as nobody, or in a namespace."""

    programs: Path
    user: int | None = None
    unshared: bool = False

    @classmethod
    def choose(cls, data: Path) -> _Runner:
        programs = postgres_folder()
        if os.geteuid() != 0:
            return cls(programs)
        data.parent.mkdir(parents=True, exist_ok=True)
        nobody = pwd.getpwnam("nobody").pw_uid
        candidates = (cls(programs, user=nobody), cls(programs, unshared=True))
        for runner in candidates:
            if runner.works(data.parent):
                return runner
        raise PostgresFailed(
            "PostgreSQL will not run as root, and the user 'nobody' may not enter "
            f"{data.parent}: run as an ordinary user, clone elsewhere, or set DATABASE_URL"
        )

    def own(self, path: Path) -> None:
        """Make `path` belong to whom the server runs as."""
        if self.user is None:
            return
        os.chown(path, self.user, self.user)
        if path.is_dir():
            path.chmod(0o700)

    def call(self, program: str, *arguments: str, log: Path) -> None:
        child = process.start(
            [self.programs / program, *arguments], log=log, user=self.user, unshared=self.unshared
        )
        if child.wait() != 0:
            raise PostgresFailed(f"{program} failed:\n{log.read_text(errors='replace')[-2000:]}")

    def works(self, folder: Path) -> bool:
        """Whether that user can both start the program and reach the folder of the data."""
        try:
            child = process.start(
                [
                    "/bin/sh",
                    "-c",
                    'test -x "$0" && "$1" --version',
                    folder,
                    self.programs / "initdb",
                ],
                log=Path(os.devnull),
                user=self.user,
                unshared=self.unshared,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return child.wait() == 0
