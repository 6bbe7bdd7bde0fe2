"""Bring somebody in: the invitation with what is known of them, in one work; or take it back."""

from __future__ import annotations

from dataclasses import dataclass

from ussd_app.audit.service import Actor
from ussd_app.db.work import Database
from ussd_app.members.changing import Changing
from ussd_app.members.invitations import Invitations
from ussd_app.members.inviting import Inviter
from ussd_app.members.places import Place
from ussd_app.office.notebook import Notebook
from ussd_app.values import Name, Phone


@dataclass(frozen=True)
class Newcomer:
    """Somebody to be invited in the name of the organisation, and where they belong."""

    phone: Phone
    name: Name
    language: str
    kind: str
    group: int | None = None
    location: Place | None = None
    tag: str = ""


class Enrolling:
    """Invites people for the organisation."""

    def __init__(
        self, db: Database, invitations: Invitations, changing: Changing, notebook: Notebook
    ) -> None:
        self._db, self._invitations = db, invitations
        self._changing, self._notebook = changing, notebook

    def invite(self, organisation: str, who: Newcomer, *, by: Actor) -> int:
        """Invite them by SMS; the member they are to be.

        Raises as `Invitations.invite` does, and Invalid for a group or a tag that is none.
        """
        inviter = Inviter(None, organisation, by)
        with self._db.work() as work:
            self._invitations.invite_for(
                work, inviter, who.phone, who.name, who.language, kind=who.kind
            )
            (member,) = work.the_row("SELECT id FROM member WHERE phone = %s", who.phone)
            self._changing.fill_in(work, member, group=who.group, location=who.location, by=by)
            if who.tag:
                self._notebook.put_tag(work, member, who.tag, by=by)
        assert isinstance(member, int)
        return member
