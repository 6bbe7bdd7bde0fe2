"""Prove and draw the menus."""

from __future__ import annotations

from pathlib import Path

from menus.home import Home
from ussd_app import bootstrap
from ussd_app.dialog.graph import mermaid
from ussd_app.dialog.verify import verify
from ussd_app.parsers import ORGANISATION_SEPTETS
from ussd_app.settings import Settings

DRAWING = Path(__file__).parent.parent.parent / "menus" / "graph.mmd"

WIDEST_CONSTANTS = {
    "org": "W" * ORGANISATION_SEPTETS,
    "code": "*384*96000#",
    "support": "0800 724 724",
    "terms": "https://example.org/terms-of-use",
}
"""As wide as an organisation's own may be; its real ones are proven when the web starts."""


def faults(settings: Settings | None = None) -> list[str]:
    """Every fault of the menus, in every language."""
    constants = bootstrap.constants_of(settings) if settings else WIDEST_CONSTANTS
    return verify(Home, bootstrap.catalogs(), constants)


def drawing() -> str:
    """The menus as Mermaid."""
    return mermaid(Home)


def is_current() -> bool:
    """Whether the drawing in the tree shows the menus as they are."""
    return DRAWING.exists() and DRAWING.read_text() == drawing()
