"""What somebody who can write to Redis would like the worker to call."""

from __future__ import annotations

sprung: list[str] = []


def spring(*_args: object, **_kwargs: object) -> None:
    """Show that it was called."""
    sprung.append("sprung")
