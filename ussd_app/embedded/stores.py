"""The embedded stores of one folder: started together, never twice, with secrets made once."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ussd_app.embedded.postgres import ADMIN, APP, OWNER, Postgres
from ussd_app.embedded.redis import Redis

SOCKET_PATH_MOST = 90  # of the 107 bytes that a Unix socket's path may have


class AlreadyRunning(RuntimeError):
    """Another process uses this folder."""


@dataclass
class Stores:
    """PostgreSQL and Redis with their data under `var`; either may be left out."""

    var: Path
    with_postgres: bool = True
    with_redis: bool = True
    postgres: Postgres | None = field(default=None, init=False)
    redis: Redis | None = field(default=None, init=False)
    _lock: IO[str] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start what is wanted. Raises AlreadyRunning if this folder is in use."""
        self.var.mkdir(parents=True, exist_ok=True)
        self._take()
        run, logs = run_folder(self.var), log_folder(self.var)
        kept = secrets_of(self.var)
        if self.with_postgres:
            passwords = {role: kept[f"POSTGRES_{role.upper()}"] for role in (ADMIN, OWNER, APP)}
            self.postgres = Postgres(
                self.var / "postgres", run / "pg", logs / "postgres.log", passwords
            )
            (run / "pg").mkdir(exist_ok=True)
            self.postgres.start()
        if self.with_redis:
            self.redis = Redis(self.var / "redis", run, logs / "redis.log", kept["REDIS"])
            self.redis.start()

    def environment(self) -> dict[str, str]:
        """The settings that point at what was started."""
        found = {}
        if self.postgres:
            found["DATABASE_URL"] = self.postgres.url(APP)
            found["DATABASE_OWNER_URL"] = self.postgres.url(OWNER)
        if self.redis:
            found["REDIS_URL"] = self.redis.url
        return found

    def stop(self) -> None:
        """Stop what was started, and free the folder."""
        for store in (self.redis, self.postgres):
            if store:
                store.stop()
        if self._lock:
            self._lock.close()

    def _take(self) -> None:
        self._lock = (self.var / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise AlreadyRunning(f"another ussd-app runs from {self.var}") from None


def run_folder(var: Path) -> Path:
    """Where sockets go: under `var`, or where the path is short enough for a socket."""
    folder = var / "run"
    if len(str(folder)) > SOCKET_PATH_MOST - len("/pg/.s.PGSQL.5432.lock"):
        digest = hashlib.sha256(str(var).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"ussd-app-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder


def log_folder(var: Path) -> Path:
    """Where logs go."""
    folder = var / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


KEYS = (
    "SESSION_DATA_KEY",
    "SESSION_INDEX_KEY",
    "MESSAGE_KEY",
    "CODE_KEY",
    "COOKIE_KEY",
    "FACTOR_KEY",
    "PASSWORD_PEPPER",
)
GENERATED_SETTINGS = ("CALLBACK_SECRETS", "PIN_PEPPERS", *KEYS)


def secrets_of(var: Path) -> Mapping[str, str]:
    """Passwords and keys made for this folder alone, once; only their owner may read them."""
    path = var / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {**_fresh_secrets(), **kept}
    if made != kept:  # an earlier version may have made fewer
        var.mkdir(parents=True, exist_ok=True)
        making = path.with_suffix(".making")
        making.touch(mode=0o600)
        making.write_text(json.dumps(made, indent=1))
        making.rename(path)
    return made


def _fresh_secrets() -> dict[str, str]:
    passwords = (*(f"POSTGRES_{role.upper()}" for role in (ADMIN, OWNER, APP)), "REDIS")
    return {
        **{name: secrets.token_urlsafe(24) for name in (*passwords, "CALLBACK_SECRETS")},
        "PIN_PEPPERS": f"k1:{secrets.token_hex(32)}",
        **{name: secrets.token_hex(32) for name in KEYS},
    }
