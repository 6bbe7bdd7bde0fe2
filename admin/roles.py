"""What roles are called, and what each may, in a line."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel.speaklater import LazyString

from admin.language import lazy_gettext as _
from ussd_app.users.permissions import Role

NAMES: Mapping[Role, LazyString] = {
    Role.VIEWER_PUBLIC: _("Viewer (public)"),
    Role.VIEWER_PRIVATE: _("Viewer (private)"),
    Role.INVESTOR: _("Investor"),
    Role.ENROLLER: _("Enroller"),
    Role.ORIGINATOR_ADMIN: _("Originator admin"),
    Role.ADMIN: _("Admin"),
    Role.SUPER_ADMIN: _("Super admin"),
}
MEANINGS: Mapping[Role, LazyString] = {
    Role.VIEWER_PUBLIC: _("sees figures and transactions, nobody's name or number"),
    Role.VIEWER_PRIVATE: _("sees people too, and changes nothing"),
    Role.INVESTOR: _("sees figures and transactions, nobody's name or number"),
    Role.ENROLLER: _("adds and helps people: details, lost PINs, SMS"),
    Role.ORIGINATOR_ADMIN: _("adds people of their own organisation"),
    Role.ADMIN: _("decides what needs a second person, blocks, exports, invites"),
    Role.SUPER_ADMIN: _("may do everything, and says what the staff are"),
}
