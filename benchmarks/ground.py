"""The ground that everything is measured on: stores of their own, many members, two servers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from ussd_app import bootstrap
from ussd_app.commands import tables
from ussd_app.commands.environment import complete
from ussd_app.embedded.postgres import ADMIN, DATABASE
from ussd_app.embedded.stores import Stores
from ussd_app.settings import Settings, read
from ussd_app.wsgi import THREADS

SERVICE_CODE = "*384*96#"

_MEMBERS = """
    WITH made AS (
        INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)
        SELECT n, '+2547' || lpad(n::text, 8, '0'), 'Member ' || chr((65 + n %% 26)::int), 'en',
            'ACTIVE', 3, now(), now()
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) n RETURNING id
    ), pins AS (
        INSERT INTO pin (member, pepper, verifier, changed_at) SELECT id, 'k1', '-', now() FROM made
    )
    INSERT INTO account (token, kind, owner, balance, opened_at)
    SELECT (SELECT min(id) FROM token), 'member', id, 1000000, now() FROM made
"""


@dataclass
class Ground:
    """Stores that run, and the settings that reach them."""

    stores: Stores
    environ: dict[str, str]
    settings: Settings
    members: int = 0

    def populate(self, upto: int) -> None:
        """See to it that there are so many members, each with a wallet. Numbers run from 1."""
        with self.admin() as admin:
            if upto > self.members:
                admin.execute(_MEMBERS, {"first": self.members + 1, "last": upto})
                self.members = upto
            for table in ("member", "pin", "account"):
                admin.execute(f"VACUUM (ANALYZE) {table}".encode())
            admin.execute("CHECKPOINT")

    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that may do everything."""
        assert self.stores.postgres
        return psycopg.connect(self.stores.postgres.url(ADMIN, DATABASE), autocommit=True)

    @contextmanager
    def serving(self, *command: str, path: str, **environ: str) -> Iterator[int]:
        """Run a server on a free port until the block ends, and wait for `path` to answer."""
        port = free_port()
        settings = {**self.environ, **environ, "PORT": str(port), "METRICS_PORT": str(free_port())}
        words = [word.replace("{port}", str(port)) for word in command]
        with subprocess.Popen(
            [sys.executable, "-m", *words],
            env={**os.environ, **settings},
            stderr=subprocess.DEVNULL,
        ) as server:
            try:
                _await(f"http://127.0.0.1:{port}{path}")
                yield port
            finally:
                server.terminate()
                server.wait(20)

    @contextmanager
    def ours(self) -> Iterator[int]:
        """The production server."""
        with self.serving("ussd_app.cli", "web", path="/healthz") as port:
            yield port

    @contextmanager
    def bare(self) -> Iterator[int]:
        """The bare view, under the same server with the same processes and threads."""
        workers = str(bootstrap.web_processes(self.settings))
        command = ("granian", "benchmarks.bare:app", "--interface", "wsgi", "--no-log", "--no-ws")
        numbers = ("--workers", workers, "--blocking-threads", str(THREADS), "--port", "{port}")
        with self.serving(*command, *numbers, path="/none") as port:
            yield port


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Fresh stores in `folder`, with tables and a token."""
    stores = Stores(folder)
    stores.start()
    try:
        given = {"VAR_FOLDER": str(folder), **stores.environment()}
        environ = {
            **complete(given),
            "APP_ENV": "test",
            "ALL_PER_SECOND": "1000000",
            "ALL_BURST": "1000000",
            "LOG_LEVEL": "error",
        }
        settings = read(environ)
        tables.release(settings)
        yield Ground(stores, environ, settings)
    finally:
        stores.stop()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def phone(number: int) -> str:
    """The phone of a member by number."""
    return f"+2547{number:08d}"


def _await(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(url, timeout=2, trust_env=False)
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
