"""Postings and whole transfers from Python, beside pgbench's tpcb-like on the same server.

A posting or a transfer is one statement, and tpcb-like seven; each ends in a durable commit. Both
sides drive eight connections from two jobs: pgbench's are threads of one process, ours are two
processes, as the web runs them, with a thread for each connection.
"""

from __future__ import annotations

import multiprocessing
import random
import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from benchmarks.ground import Ground
from benchmarks.table import Row
from ussd_app import bootstrap
from ussd_app.bootstrap import Built
from ussd_app.embedded.binaries import postgres_folder
from ussd_app.embedded.postgres import ADMIN
from ussd_app.ledger import service as ledger
from ussd_app.settings import read
from ussd_app.transfers.payments import Order

CLIENTS = 8
JOBS = 2
SECONDS = 5
ROUNDS = 5
SCALE = 20
PGBENCH = "pgbench"
DEEDS = ("uniform", "hot", "transfer")


def measure(ground: Ground) -> list[Row]:
    """Rounds of each in turn, after one that fills our tables and is not counted."""
    _pgbench(ground, "-i", "-s", str(SCALE), "-q")
    for deed in DEEDS:
        _clients(ground, deed)
    with ground.admin() as admin:
        admin.execute("VACUUM (ANALYZE)")  # as pgbench does with its own
    seen: dict[str, list[float]] = {name: [] for name in ("tpcb", *DEEDS)}
    for _ in range(ROUNDS):
        seen["tpcb"].append(_tpcb(ground))
        for deed in DEEDS:
            seen[deed].append(_clients(ground, deed))
    tpcb = _median(seen["tpcb"])
    beside = "pgbench tpcb-like, prepared"
    return [
        Row("postings, uniform, a second", _median(seen["uniform"]), beside, tpcb, at_least=1.0),
        Row("postings, one hot house account", _median(seen["hot"]), beside, tpcb, at_least=0.8),
        Row("whole transfers, uniform", _median(seen["transfer"]), beside, tpcb, at_least=0.5),
    ]


def _tpcb(ground: Ground) -> float:
    told = _pgbench(
        ground, "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(JOBS), "-T", str(SECONDS)
    )
    found = re.search(r"tps = ([\d.]+)", told)
    assert found, told
    return float(found[1])


def _pgbench(ground: Ground, *words: str) -> str:
    postgres = ground.stores.postgres
    assert postgres
    with ground.admin() as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [PGBENCH]).fetchone():
            admin.execute(f"CREATE DATABASE {PGBENCH}".encode())
    command = [str(postgres_folder() / "pgbench"), *words, postgres.url(ADMIN, PGBENCH)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _clients(ground: Ground, deed: str) -> float:
    """Deeds a second of all clients together."""
    context = multiprocessing.get_context("spawn")
    counts: Queue[int] = context.Queue()
    start = context.Barrier(CLIENTS)
    jobs = [
        context.Process(target=_job, args=(ground.environ, deed, n, start, counts))
        for n in range(JOBS)
    ]
    for job in jobs:
        job.start()
    total = sum(counts.get(timeout=SECONDS + 60) for _ in range(CLIENTS))
    for job in jobs:
        job.join()
    return total / SECONDS


def _job(
    environ: dict[str, str], deed: str, number: int, start: Barrier, counts: Queue[int]
) -> None:
    each = CLIENTS // JOBS
    built = bootstrap.build(read(environ), name="bench", threads=each)
    seed = number * 7919 + int(time.time())
    clients = [_Client(built, random.Random(seed + n)) for n in range(each)]
    with ThreadPoolExecutor(each) as threads:
        for client in clients:
            threads.submit(_drive, getattr(client, deed), start, counts)


def _drive(do: Callable[[], None], start: Barrier, counts: Queue[int]) -> None:
    for _ in range(20):
        do()
    start.wait()
    count, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        do()
        count += 1
    counts.put(count)


class _Client:
    """One connection, and what it does over and over."""

    def __init__(self, built: Built, chance: random.Random) -> None:
        self._built, self._chance = built, chance
        now, token = built.clock.now(), built.services.tokens.first.id
        with built.db.work() as work:
            self._house = ledger.house_account(work, token, "bench", at=now)
            self._accounts = work.the_row("SELECT min(id), max(id) FROM account WHERE owner > 0")
            self._members = work.the_row("SELECT min(id), max(id) FROM member")

    def uniform(self) -> None:
        """A posting between two of all accounts."""
        self._move(*self._two(self._accounts))

    def hot(self) -> None:
        """A posting from one of all accounts to the one that everybody pays."""
        self._move(self._two(self._accounts)[0], self._house)

    def transfer(self) -> None:
        """The whole use case: limits, posting, key, the errand of two SMS, audit."""
        payer, payee = self._two(self._members)
        amount = self._built.services.tokens.first.amount(self._chance.randint(1, 99))
        key = f"{self._chance.getrandbits(128):032x}"
        self._built.services.payments.send(Order(key, payer, payee, amount, repeat=True))

    def _move(self, source: int, target: int) -> None:
        now = self._built.clock.now()
        with self._built.db.reading() as one:
            ledger.move(one, "bench", source=source, target=target, amount=1, at=now)

    def _two(self, span: tuple[int, int]) -> tuple[int, int]:
        """Any two different ones; `random.sample` would cost as much as a statement."""
        first, size, chance = span[0], span[1] - span[0] + 1, self._chance.random
        one = int(chance() * size)
        other = (one + 1 + int(chance() * (size - 1))) % size
        return first + one, first + other


def _median(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]
