"""Find the settings of a command: the environment, `.env`, and what `ussd-app run` has started."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from ussd_app.embedded.stores import GENERATED_SETTINGS, Stores, secrets_of
from ussd_app.settings import PRODUCTION, Settings, read

STATE_FILE = "running.json"


def environment() -> dict[str, str]:
    """The environment, over what `.env` says."""
    file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**file, **os.environ}


def folder(environ: Mapping[str, str]) -> Path:
    """The folder of generated things."""
    return Path(environ.get("VAR") or "var").resolve()


def running(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """What `ussd-app run` wrote about itself, if it runs from this folder."""
    path = folder(environ) / STATE_FILE
    if not path.exists():
        return None
    state: dict[str, Any] = json.loads(path.read_text())
    try:
        os.kill(state["processes"]["supervisor"], 0)
    except OSError:
        return None
    return state


def complete(environ: Mapping[str, str]) -> dict[str, str]:
    """Fill in what development need not give: generated secrets, and the stores that run.

    Production fills in nothing: what it does not give is a fault.
    """
    if environ.get("ENV") == PRODUCTION:
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
    if environ.get("ENV") == PRODUCTION or not any(wanted.values()):
        return None
    return Stores(folder(environ), **wanted)
