"""Reading one wish of a configuration: each function returns it, or refuses saying what it must be."""

import re
from collections.abc import Mapping
from typing import Any

from ussd_app.simulators.errors import Refused

MAX_WORDS = 80


def matching(wish: Any, *, pattern: str, hint: str) -> str:
    """A text of that form; the hint says which."""
    if not isinstance(wish, str) or not re.fullmatch(pattern, wish):
        raise Refused(hint)
    return wish


def words(wish: Any, *, most: int = MAX_WORDS) -> str:
    """A text of at most so many characters."""
    if not isinstance(wish, str) or len(wish) > most:
        raise Refused(f"a text of at most {most} characters")
    return wish


def listed(wish: Any, *, most: int) -> list[Any]:
    """A list of at most so many."""
    if not isinstance(wish, list | tuple) or len(wish) > most:
        raise Refused(f"a list of at most {most}")
    return list(wish)


def number(wish: Any, least: float, most: float, *, whole: bool) -> float:
    """A number between two others, both allowed."""
    if isinstance(wish, bool) or not isinstance(wish, int | float) or not least <= wish <= most:
        raise Refused(f"a number from {least} to {most}")
    return int(wish) if whole else float(wish)


def fields(wish: Any, *, allowed: set[str], hint: str) -> dict[str, Any]:
    """An object of no other fields than these; the hint says what it has."""
    if not isinstance(wish, Mapping) or not set(wish) <= allowed:
        raise Refused(hint)
    return dict(wish)
