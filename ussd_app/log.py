"""Logs: one JSON object a line, events with fields, and nothing that a thief could use.

Fields are ids and states by convention; what slips through is caught here: long runs of digits are
blanked (numbers, PINs, tokens' amounts are no loss), messages of errors are blanked likewise, and
tracebacks name places only, never values.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

DIGITS_KEPT = 3
_DIGITS = re.compile(r"\d{%d,}" % (DIGITS_KEPT + 1))  # noqa: UP031
_FREE = frozenset({"timestamp", "port", "pid", "ref", "message", "errand", "lineno"})

Event = MutableMapping[str, Any]


def configure(level: str = "info", sink: TextIO | None = None) -> None:
    """Log to `sink` (the standard error) from `level` on, ours and the libraries'."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_error,
        blank_digits,
    ]
    out = sink or sys.stderr
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


def tell_error(_logger: object, _method: str, event: Event) -> Event:
    """Replace an exception by its kinds, its messages blanked, and the places it came through."""
    error = event.pop("exc_info", None) or event.pop("error", None)
    if isinstance(error, tuple):
        error = error[1]
    elif error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = [f"{type(e).__name__}: {blanked(_first_line(e))}" for e in _chain(error)]
        frames = traceback.extract_tb(error.__traceback__)
        event["places"] = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in frames]
    return event


def blank_digits(_logger: object, _method: str, event: Event) -> Event:
    """Blank digits in every text field that is not known to be harmless."""
    for name, value in event.items():
        if isinstance(value, str) and name not in _FREE:
            event[name] = blanked(value)
    return event


def blanked(text: str) -> str:
    """`text` with every longer run of digits blanked."""
    return _DIGITS.sub("#", text)


def _first_line(error: BaseException) -> str:
    """The first line alone: PostgreSQL puts the values of a row into the next."""
    return str(error).split("\n", 1)[0]


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
