"""The pages, one module a subject, each with a blueprint called `page`."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_babel.speaklater import LazyString

from admin import audit_words, transaction_words
from admin.language import lazy_gettext as _
from admin.masking import masked_name, masked_numbers, masked_phone
from admin.pages import (
    account,
    approvals,
    audit,
    calls,
    home,
    invitation,
    messages,
    people,
    person,
    person_change,
    pin_desk,
    reports,
    staff,
    transactions,
    words,
)
from admin.pages.words import format_browser, format_day, format_moment, format_second
from admin.rows import each
from ussd_app.users.permissions import Permission
from ussd_app.users.service import Staff

PAGES = (
    account.page,
    home.page,
    people.page,
    person.page,
    transactions.page,
    person_change.page,
    pin_desk.page,
    reports.page,
    calls.page,
    messages.page,
    approvals.page,
    staff.page,
    audit.page,
    invitation.page,
)


@dataclass(frozen=True)
class Entry:
    """A line of the menu: seen by whoever may open it."""

    endpoint: str
    label: LazyString
    permission: Permission | None = None
    without: Permission | None = None
    """Who holds this gets there by another line."""

    def is_for(self, staff: Staff) -> bool:
        is_open = self.permission is None or staff.may(self.permission)
        return is_open and not (self.without and staff.may(self.without))


MENU = (
    Entry("home.show", _("Today")),
    Entry("people.listed", _("People"), Permission.SEE_PEOPLE),
    Entry("transactions.listed", _("Transactions"), Permission.SEE_TRANSACTIONS),
    Entry("pin_desk.show", _("PIN desk"), Permission.HELP_WITH_PINS),
    Entry("reports.show", _("Reports"), Permission.SEE_PEOPLE),
    Entry("calls.listed", _("Sessions"), Permission.SEE_CALLS),
    Entry("messages.listed", _("SMS"), Permission.SEE_PEOPLE),
    Entry("approvals.show", _("Approvals"), Permission.EDIT_PEOPLE),
    Entry("staff.show", _("Staff"), Permission.SEE_STAFF),
    Entry("staff.invitations", _("Invitations"), Permission.INVITE_STAFF, Permission.SEE_STAFF),
    Entry("audit.show", _("Audit"), Permission.SEE_AUDIT),
)


def install(app: Flask) -> None:
    """Register every page, and tell templates of the menu."""
    for page in PAGES:
        app.register_blueprint(page)
    app.jinja_env.globals["menu"] = MENU
    app.jinja_env.globals["words"] = words
    app.jinja_env.globals["said"] = transaction_words
    app.jinja_env.globals["audit_words"] = audit_words
    app.jinja_env.filters["each"] = each
    app.jinja_env.filters["day"] = format_day
    app.jinja_env.filters["moment"] = format_moment
    app.jinja_env.filters["second"] = format_second
    app.jinja_env.filters["browser"] = format_browser
    app.jinja_env.globals["call_states"] = calls.STATES
    app.jinja_env.globals["call_colours"] = calls.COLOURS
    app.jinja_env.globals["sms_states"] = messages.STATES
    app.jinja_env.globals["sms_colours"] = messages.COLOURS
    app.jinja_env.globals["sms_kinds"] = messages.KINDS
    app.jinja_env.filters["masked_name"] = masked_name
    app.jinja_env.filters["masked_phone"] = masked_phone
    app.jinja_env.filters["masked_numbers"] = masked_numbers
