"""Tables as files, row by row, that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def download(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """An answer that is sent as the rows come."""
    answer = Response(_lines(head, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def safe(value: object) -> str:
    """As it stands in a cell: what a spreadsheet would calculate begins with an apostrophe."""
    if isinstance(value, int):
        return str(value)
    words = "" if value is None else str(value)
    return f"'{words}" if words.lstrip(" ").startswith(FORMULA_STARTS) else words


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield _line(head)
    for row in rows:
        yield _line(row)


def _line(row: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([safe(value) for value in row])
    return line.getvalue()
