"""Find the settings of a command: the environment, `.env`, and what `ussd-app run` has started."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from ussd_app.embedded.stores import (
    GENERATED_SETTINGS,
    AlreadyRunning,
    Stores,
    secrets_of,
)
from ussd_app.settings import Settings, is_production, read

STATE_FILE, LOCK_FILE = "running.json", "running.lock"
LOCK_TRIES, LOCK_PAUSE_SECONDS = 10, 0.05


def environment() -> dict[str, str]:
    """The environment, over what `.env` says; what is empty is not given."""
    told = {**dotenv_values(".env"), **os.environ}
    return {name: value for name, value in told.items() if value and value.strip()}


def folder(environ: Mapping[str, str]) -> Path:
    """The folder of generated things."""
    return Path(environ.get("VAR_FOLDER") or "var").resolve()


def running(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """What `ussd-app run` wrote about itself, if it runs from this folder."""
    var = folder(environ)
    path, lock = var / STATE_FILE, var / LOCK_FILE
    if not path.exists() or not lock.exists() or _is_free(lock):
        return None
    state: dict[str, Any] = json.loads(path.read_text())
    return state


@contextmanager
def running_alone(environ: Mapping[str, str]) -> Iterator[None]:
    """Be the one `ussd-app run` of this folder; raises AlreadyRunning if there is one.

    The lock ends with the process, however it ends; its number may soon be another's.
    """
    var = folder(environ)
    var.mkdir(parents=True, exist_ok=True)
    with (var / LOCK_FILE).open("a") as lock:
        for _ in range(LOCK_TRIES):  # whoever asks whether something runs holds it for a moment
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(LOCK_PAUSE_SECONDS)
        else:
            raise AlreadyRunning(f"ussd-app already runs from {var}")
        (var / STATE_FILE).unlink(missing_ok=True)  # left behind by one that was killed
        try:
            yield
        finally:
            (var / STATE_FILE).unlink(missing_ok=True)


def _is_free(lock: Path) -> bool:
    with lock.open() as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def complete(environ: Mapping[str, str]) -> dict[str, str]:
    """Fill in what development need not give: generated secrets, and the stores that run.

    Production fills in nothing: what it does not give is a fault.
    """
    if is_production(environ):
        return dict(environ)
    state = running(environ)
    if state:
        return {**state["environment"], **environ}
    generated = secrets_of(folder(environ))
    return {**{name: generated[name] for name in GENERATED_SETTINGS}, **environ}


@contextmanager
def settings() -> Iterator[Settings]:
    """Settings whose stores answer: if none are given and none run, they are started meanwhile."""
    environ = complete(environment())
    stores = needed_stores(environ)
    if stores is None:
        yield read(environ)
        return
    stores.start()
    try:
        yield read({**environ, **stores.environment()})
    finally:
        stores.stop()


def needed_stores(environ: Mapping[str, str]) -> Stores | None:
    """The embedded stores to start: for each address that is not given."""
    wanted = {
        "with_postgres": not environ.get("DATABASE_URL"),
        "with_redis": not environ.get("REDIS_URL"),
    }
    if is_production(environ) or not any(wanted.values()):
        return None
    return Stores(folder(environ), **wanted)
