"""Logs: one JSON object a line, events with fields, and nothing that a thief could use.

Fields are ids and states by convention; what slips through is caught here: long runs of digits are
blanked, in fields of any kind and however deep (numbers, PINs, tokens' amounts are no loss),
messages of errors are blanked likewise, and tracebacks name places only, never values.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

DIGITS_KEPT = 3
_DIGITS = re.compile(rf"\d{{{DIGITS_KEPT + 1},}}")
_OUR_TEXTS = frozenset({"timestamp", "ref", "places"})
_OUR_NUMBERS = frozenset({"errand", "message"})

Event = MutableMapping[str, Any]


def configure(level: str = "info", sink: TextIO | None = None) -> None:
    """Log to `sink` (the standard error) from `level` on, ours and the libraries'."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = [tell_error, blank_digits, structlog.processors.JSONRenderer()]
    out = sink or sys.stderr
    structlog.configure(
        processors=[*processors, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


def tell_error(_logger: object, _method: str, event: Event) -> Event:
    """Replace an exception by its kinds, its messages blanked, and the places it came through."""
    error = event.pop("exc_info", None) or event.get("error")
    if isinstance(error, tuple):
        error = error[1]
    elif error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = [_told(one) for one in _chain(error)]
        frames = traceback.extract_tb(error.__traceback__)
        event["places"] = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in frames]
    return event


def blank_digits(_logger: object, _method: str, event: Event) -> Event:
    """Blank digits in every field that is not known to be harmless."""
    for name, value in event.items():
        if name in _OUR_TEXTS or (name in _OUR_NUMBERS and isinstance(value, int)):
            continue
        event[name] = _harmless(value)
    return event


def blanked(text: str) -> str:
    """`text` with every longer run of digits blanked."""
    return _DIGITS.sub("#", text)


def _harmless(value: object) -> object:
    """What JSON can hold of a value, blanked."""
    match value:
        case None | int() | float():
            text = str(value)
            return value if blanked(text) == text else blanked(text)
        case str():
            return blanked(value)
        case Mapping():
            return {blanked(str(name)): _harmless(one) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_harmless(one) for one in value]
        case BaseException():
            return _told(value)
        case _:
            return blanked(repr(value))


def _told(error: BaseException) -> str:
    """Its kind and its first line alone: PostgreSQL puts the values of a row into the next."""
    first_line = str(error).split("\n", 1)[0]
    return f"{type(error).__name__}: {blanked(first_line)}"


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
