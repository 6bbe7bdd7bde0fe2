"""Keep a few processes running: start them in order, start again what dies, end all together."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ussd_app.embedded import process

BEAT_SECONDS = 0.1
PAUSES_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)
STEADY_SECONDS = 30.0

Say = Callable[[str], None]


@dataclass
class Charge:
    """One process in the supervisor's care: `start` starts it, and may take its time over it."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    how_to_stop: signal.Signals = signal.SIGTERM
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _deaths: int = field(default=0, init=False)
    _started_at: float = field(default=0.0, init=False)
    _again_at: float = field(default=0.0, init=False)

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return self.child.pid if self.child and self.child.poll() is None else None

    def run(self) -> None:
        """Start it now."""
        self._started_at = time.monotonic()
        self.child = self.start()

    def tend(self, say: Say) -> bool:
        """Start it again if it died, after a pause that grows; whether it was started."""
        if self.child is None or self.child.poll() is None:
            return False
        now = time.monotonic()
        if not self._again_at:
            if now - self._started_at > STEADY_SECONDS:
                self._deaths = 0
            pause = PAUSES_SECONDS[min(self._deaths, len(PAUSES_SECONDS) - 1)]
            self._deaths += 1
            self._again_at = now + pause
            say(f"{self.name} ended ({_how(self.child.returncode)}), starting it again")
        if now < self._again_at:
            return False
        self._again_at = 0.0
        self.run()
        return True

    def stop(self) -> None:
        """End it."""
        if self.child:
            process.stop(self.child, self.how_to_stop)


class Supervisor:
    """Runs charges until SIGINT or SIGTERM; `on_change` is called when a process was replaced."""

    def __init__(self, charges: list[Charge], *, say: Say, on_change: Callable[[], None]) -> None:
        self._charges, self._say, self._on_change = charges, say, on_change
        self._stopped = threading.Event()

    def listen(self) -> None:
        """End at the first SIGINT or SIGTERM from now on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stopped.set())

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def tend(self) -> None:
        """Look after the charges until told to stop."""
        while not self._stopped.wait(BEAT_SECONDS):
            changed = False
            for charge in self._charges:
                try:
                    changed = charge.tend(self._say) or changed
                except (OSError, RuntimeError) as error:
                    self._say(f"{charge.name} does not start: {str(error).splitlines()[0]}")
            if changed:
                self._on_change()

    def stop(self) -> None:
        """End every charge, the last started first."""
        for charge in reversed(self._charges):
            charge.stop()


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
