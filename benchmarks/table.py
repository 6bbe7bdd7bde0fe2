"""The figures, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure beside another, and what the ratio of the two is to be."""

    name: str
    ours: float
    beside: str
    theirs: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def holds(self) -> bool:
        """Whether the ratio is where it is to be."""
        low = self.at_least is None or self.ratio >= self.at_least
        return low and (self.at_most is None or self.ratio <= self.at_most)

    @property
    def goal(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:.2f}"
        return f"<= {self.at_most:.2f}" if self.at_most is not None else ""


def show(rows: list[Row]) -> str:
    """The table."""
    lines = [f"{'what':<58} {'ours':>10} {'beside':>10} {'ratio':>7}  {'goal':<8} beside what"]
    for row in rows:
        mark = "" if row.holds else "  MISSED"
        lines.append(
            f"{row.name:<58} {row.ours:>10,.1f} {row.theirs:>10,.1f} {row.ratio:>7.2f}"
            f"  {row.goal:<8} {row.beside}{mark}"
        )
    return "\n".join(lines)


def as_json(rows: list[Row]) -> str:
    """The figures for programs."""
    told = [
        {
            "name": row.name,
            "ours": row.ours,
            "beside": row.beside,
            "theirs": row.theirs,
            "ratio": row.ratio,
            "goal": row.goal,
            "holds": row.holds,
        }
        for row in rows
    ]
    return json.dumps(told, indent=1)
