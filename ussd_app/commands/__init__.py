"""What `ussd-app` does, a module a command; each is loaded when it is first named."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ussd_app.commands import (
        dialling as dialling,
    )
    from ussd_app.commands import (
        doctor as doctor,
    )
    from ussd_app.commands import (
        environment as environment,
    )
    from ussd_app.commands import (
        invite as invite,
    )
    from ussd_app.commands import (
        menus as menus,
    )
    from ussd_app.commands import (
        processes as processes,
    )
    from ussd_app.commands import (
        reconcile as reconcile,
    )
    from ussd_app.commands import (
        recoveries as recoveries,
    )
    from ussd_app.commands import (
        run as run,
    )
    from ussd_app.commands import (
        standing as standing,
    )


def __getattr__(name: str) -> ModuleType:
    """A command loads what it needs, and no other command's libraries: half the time of a start."""
    if name.startswith("_"):
        raise AttributeError(name)
    return importlib.import_module(f"{__name__}.{name}")
