"""Tables as files, row by row, that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

FORMULA_STARTS = ("=", "+", "-", "@")


def download(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """An answer that is sent as the rows come."""
    answer = Response(_lines(head, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def line(row: Sequence[object]) -> str:
    """A row as it stands in a file."""
    written = io.StringIO()
    csv.writer(written).writerow([safe(value) for value in row])
    return written.getvalue()


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


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield line(head)
    for row in rows:
        yield line(row)
