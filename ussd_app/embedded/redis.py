"""A Redis of one's own, on a Unix socket, with a password and an append-only file."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import redis

from ussd_app.embedded import process
from ussd_app.embedded.binaries import redis_server

START_SECONDS = 30.0

_CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
requirepass {password}
dir {data}
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
"""


class RedisFailed(RuntimeError):
    """It did not start; the message holds the end of its log."""


@dataclass
class Redis:
    """One server: its data in `data`, its socket in `run`."""

    data: Path
    run: Path
    log: Path
    password: str
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    STOP_SIGNAL: ClassVar[signal.Signals] = signal.SIGTERM

    @property
    def socket(self) -> Path:
        return self.run / "redis.sock"

    @property
    def url(self) -> str:
        """How redis-py reaches it."""
        return f"unix://:{self.password}@{self.socket}?db=0"

    def start(self) -> None:
        """Start it and wait until it answers; what the append-only file holds is read back."""
        self.data.mkdir(parents=True, exist_ok=True)
        configuration = self.data / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            _CONFIGURATION.format(socket=self.socket, password=self.password, data=self.data)
        )
        self.child = process.start([redis_server(), configuration], log=self.log)
        self._wait()

    def stop(self) -> None:
        """Write everything, exit."""
        if self.child:
            process.stop(self.child, self.STOP_SIGNAL)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        client = redis.Redis.from_url(self.url)
        while True:
            assert self.child
            if self.child.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise RedisFailed(f"Redis did not start:\n{tail}")
            try:
                client.ping()
            except (redis.ConnectionError, redis.BusyLoadingError):
                time.sleep(0.02)
            else:
                client.close()
                return
