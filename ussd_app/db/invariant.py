"""Something that is always true of the tables, as a query for what breaks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True)
class Invariant:
    """`query` gives the ids of the rows that break it. `stops` says that money may be wrong."""

    name: str
    query: LiteralString
    stops: bool = True
