"""What a process owes its parent."""

from __future__ import annotations

import ctypes
import signal
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def die_with_parent() -> None:
    """Be killed when the parent dies (on Linux): a worker whose master is gone serves nobody."""
    if Path("/proc/self").exists():
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
