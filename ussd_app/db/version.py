"""Which migration the tables are at, and which they should be: known without running any."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ussd_app.db.work import Work

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def at(reading: Work) -> str | None:
    """The name of the migration the tables are at; None while there are no tables."""
    (there,) = reading.the_row("SELECT to_regclass('alembic_version') IS NOT NULL")
    row = reading.row("SELECT version_num FROM alembic_version") if there else None
    return row[0] if row else None


@cache
def newest() -> str:
    """The name of the newest migration there is: their files are named by it, in their order."""
    return max(path.name for path in _VERSIONS.glob("*.py")).partition("_")[0]
