"""The rows of a long list, filled in for less than half of what a loop of a template costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape


def each(row: Markup, cells: Iterable[Mapping[str, object]]) -> Markup:
    """The row once for each of them: what fills its places, `%(name)s`, is escaped."""
    shape = str(row)
    filled = [shape % {name: escape(cell) for name, cell in one.items()} for one in cells]
    return Markup("".join(filled))  # noqa: S704 - row by row escaped
