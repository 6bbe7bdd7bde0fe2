"""Addresses of our pages, for templates: those that take nothing are built once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, request, url_for

KEPT = 500  # more than there are pages and files


def install(app: Flask) -> None:
    """Put `url_for` of templates in the place of Flask's own, which builds each anew."""
    app.jinja_env.globals["url_for"] = address


def address(endpoint: str, **values: Any) -> str:
    """The address of a page, as `url_for` tells it."""
    return url_for(endpoint, **values) if values else lasting(endpoint)


def lasting(endpoint: str, **values: Any) -> str:
    """The same for values that are few and nobody's own."""
    return _built(request.script_root, endpoint, **values)


@lru_cache(maxsize=KEPT)
def _built(_root: str, endpoint: str, **values: Any) -> str:
    return url_for(endpoint, **values)
