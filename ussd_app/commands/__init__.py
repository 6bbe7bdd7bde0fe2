"""What `ussd-app` does, a module a command; each is loaded when it is first named."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ussd_app.commands import (
        audit as audit,
        dialling as dialling,
        doctor as doctor,
        environment as environment,
        errands as errands,
        invite as invite,
        menus as menus,
        reconcile as reconcile,
        recoveries as recoveries,
        run as run,
        staff as staff,
        standing as standing,
        tables as tables,
        web as web,
    )


def __getattr__(name: str) -> ModuleType:
    """A command loads what it needs, and no other command's libraries: half the time of a start."""
    if name.startswith("_"):
        raise AttributeError(name)
    return importlib.import_module(f"{__name__}.{name}")
