"""The pages, one module a subject, each with a blueprint called `page`."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from admin.pages import approvals, audit, home, pin_desk
from ussd_app.users.permissions import Permission

PAGES = (
    home.page,
    pin_desk.page,
    approvals.page,
    audit.page,
)


@dataclass(frozen=True)
class Entry:
    """A line of the menu: seen by whoever may open it."""

    endpoint: str
    label: LazyString
    permission: Permission | None = None


MENU = (
    Entry("home.show", _("Today")),
    Entry("pin_desk.show", _("PIN desk"), Permission.HELP_WITH_PINS),
    Entry("approvals.show", _("Approvals"), Permission.EDIT_PEOPLE),
    Entry("audit.show", _("Audit"), Permission.SEE_AUDIT),
)


def install(app: Flask) -> None:
    """Register every page, and tell templates of the menu."""
    for page in PAGES:
        app.register_blueprint(page)
    app.jinja_env.globals["menu"] = MENU
    app.jinja_env.globals["words"] = words
    app.jinja_env.filters["day"] = format_day
    app.jinja_env.filters["moment"] = format_moment
    app.jinja_env.filters["mask_name"] = mask_name
    app.jinja_env.filters["mask_phone"] = mask_phone
