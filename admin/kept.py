"""Parts of pages that are the same again and again: rendered once, and kept."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, request
from markupsafe import Markup

from admin.language import chosen

MOST = 1000


def install(app: Flask) -> None:
    """Teach templates `{% call kept("menu", staff.role) %} … {% endcall %}`.

    The part of that name is rendered once for each language and each such value. It depends on
    nothing that is not named, and is nobody's own: it has no token in it, no nonce and no name.
    """
    parts: dict[tuple[object, ...], Markup] = {}

    def kept(name: str, *values: object, caller: Callable[[], Markup]) -> Markup:
        key = (name, *values, chosen(), request.script_root)
        part = parts.get(key)
        if part is None:
            if len(parts) >= MOST:  # values come from addresses too, and those are without end
                parts.clear()
            part = parts[key] = caller()
        return part

    app.jinja_env.globals["kept"] = kept
