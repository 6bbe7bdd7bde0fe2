"""Start a server as a child that never outlives its parent, and stop it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 20.0
_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)
_CLONE_NEWUSER = 0x10000000  # unshare(2)


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    on_parent_death: signal.Signals = signal.SIGTERM,
    user: int | None = None,
    unshared: bool = False,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, with its output appended to `log`.

    If the parent dies, however suddenly, the child gets `on_parent_death` (on Linux). Ctrl-C at
    the terminal reaches the parent alone, which then ends its children in order.
    """
    with log.open("ab") as sink:
        return subprocess.Popen(  # noqa: S603 - the command is ours
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            start_new_session=True,
            preexec_fn=_prepare(on_parent_death, unshared=unshared),  # noqa: PLW1509 - no threads yet
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )


def stop(child: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """Ask the child to end, wait, and kill it if it does not."""
    if child.poll() is not None:
        return
    child.send_signal(how)
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _prepare(on_parent_death: signal.Signals, *, unshared: bool) -> Callable[[], None] | None:
    if not Path("/proc/self").exists():  # Linux alone has these calls
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        if unshared:
            _leave_root(libc)
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(on_parent_death), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _leave_root(libc: ctypes.CDLL) -> None:
    """Enter a user namespace in which the same user is not called root."""
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
    Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")


def is_running(pid: int, *, program: str) -> bool:
    """Whether process `pid` exists and runs a program of this name."""
    try:
        if Path("/proc/self").exists():
            return program.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        os.kill(pid, 0)
    except OSError:
        return False
    return True
