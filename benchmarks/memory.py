"""What a web process weighs, and what a caller's place costs in Redis."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import psutil
import redis

from benchmarks.ground import Ground
from benchmarks.hops import hop, new_calls
from benchmarks.load import drive
from benchmarks.table import Row
from ussd_app.commands.run import callbacks_of

CALLS = 2000
WEB_MIB_MOST = 160.0
SESSION_BYTES_MOST = 2048.0


def measure(ground: Ground) -> list[Row]:
    """After a few thousand calls, each three screens deep."""
    path = urlsplit(callbacks_of(ground.settings)["ussd"]).path
    client = redis.Redis.from_url(ground.settings.redis_url)
    client.flushall()
    with ground.ours() as port:
        calls = new_calls(ground, CALLS)
        for text in ("", "1", "1*9"):
            drive(port, [hop(path, call, text) for call in calls], connections=16)
        weights = [_mebibytes(process) for process in _workers(port)]
    lines = list(client.scan_iter("ussd:line:*"))
    sizes = [int(client.memory_usage(line) or 0) for line in lines]
    return [
        Row(
            "a web process, MiB of its own memory",
            ours=max(weights),
            beside="at most",
            theirs=WEB_MIB_MOST,
            at_most=1.0,
        ),
        Row(
            "a call in Redis, bytes",
            ours=sum(sizes) / len(sizes),
            beside="at most",
            theirs=SESSION_BYTES_MOST,
            at_most=1.0,
        ),
    ]


def _workers(port: int) -> list[psutil.Process]:
    """The processes that answer on this port."""
    found = [
        process
        for process in psutil.Process().children(recursive=True)
        if any(getattr(c.laddr, "port", 0) == port for c in process.net_connections())
    ]
    return [process for process in found if not process.children()] or found


def _mebibytes(process: psutil.Process) -> float:
    """Its proportional share of memory: pages it shares are shared out."""
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError("no proportional share")
