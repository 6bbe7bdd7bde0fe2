"""Tables as files, row by row, that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar

from flask import Response

Row = TypeVar("Row")

FORMULA_STARTS = ("=", "+", "-", "@")


def download(
    name: str,
    head: Sequence[str],
    rows: Generator[Row],
    cells: Callable[[Row], Sequence[object]],
) -> Response:
    """An answer that is sent as the rows come; whoever stops it early stops what reads for it."""
    answer = Response(_lines(head, rows, cells), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def safe(value: object) -> str:
    """As it stands in a cell: what a spreadsheet would calculate begins with an apostrophe."""
    if isinstance(value, int):
        return str(value)
    words = "" if value is None else str(value)
    begins = words
    if not (words.isascii() and words.isprintable()):
        begins = "".join(one if one.isprintable() else " " for one in words)
        begins = unicodedata.normalize("NFKC", begins)
    return f"'{words}" if begins.lstrip().startswith(FORMULA_STARTS) else words


def _lines(
    head: Sequence[str], rows: Generator[Row], cells: Callable[[Row], Sequence[object]]
) -> Iterator[str]:
    try:
        yield _line(head)
        for row in rows:
            yield _line(cells(row))
    finally:
        rows.close()


def _line(row: Sequence[object]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([safe(value) for value in row])
    return written.getvalue()
