"""What every process looks at before it starts."""

from __future__ import annotations

from contextlib import suppress

from ussd_app.db import Database
from ussd_app.errors import Unavailable
from ussd_app.settings import Settings


def refuse_forgetful(settings: Settings) -> None:
    """Raises NotDurable if PostgreSQL could lose a payment. One that is away may come back."""
    db = Database(settings.database_url, name="ussd-app start")
    with suppress(Unavailable), db.reading():
        pass  # whatever connects is examined
    db.close()
