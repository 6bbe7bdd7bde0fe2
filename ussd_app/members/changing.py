"""What staff change of a member: type, group, place, token; never over what another has just changed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, Invalid, NotFound
from ussd_app.members.kinds import GROUP
from ussd_app.members.places import Place
from ussd_app.members.standing import Standing
from ussd_app.text import _
from ussd_app.values import Reason

NO_GROUP = _("There is no group with this id.")
GROUP_IN_GROUP = _("A group belongs to no other group.")
NO_TOKEN = _("There is no such token.")


@dataclass(frozen=True)
class Details:
    """What may be changed of a member; `token` is None for the first one."""

    kind: str
    group: int | None
    location: Place | None
    token: int | None
    auto_convert: bool


@dataclass(frozen=True)
class Seen:
    """The details as they are, and `version`, which differs as soon as anything of them does."""

    details: Details
    version: str


class Changed(Conflict):
    """Somebody else was quicker: nothing was written over."""


class Changing:
    """Changes members, one change after another."""

    def __init__(self, db: Database, clock: Clock, standing: Standing) -> None:
        self._db, self._clock, self._standing = db, clock, standing

    def see(self, member: int) -> Seen:
        """How they are now. Raises NotFound."""
        with self._db.reading() as reading:
            return _see(reading, member)

    def change(
        self, member: int, to: Details, *, seen: str, by: Actor, why: str = ""
    ) -> tuple[str, ...]:
        """Make the member so; the names of the fields that changed.

        A new type needs a reason. Raises Changed if they are not as they were `seen`, Invalid,
        NotFound, and Conflict as `Standing.become` does.
        """
        with self._db.work() as work:
            if not work.row("SELECT 1 FROM member WHERE id = %s FOR NO KEY UPDATE", member):
                raise NotFound("no such member")
            was = _see(work, member)
            if was.version != seen:
                raise Changed("changed meanwhile")
            changed = tuple(
                field.name
                for field in fields(Details)
                if getattr(was.details, field.name) != getattr(to, field.name)
            )
            if "kind" in changed:
                self._standing.make(work, member, to.kind, by=by, why=Reason.parse(why))
            if changed:
                self._put(work, member, to, changed=changed, by=by)
        return changed

    def fill_in(
        self, work: Work, member: int, *, group: int | None, location: Place | None, by: Actor
    ) -> None:
        """Write what is known of somebody who was just invited, in a work of the caller's."""
        to = _see(work, member).details
        if group is not None:
            to = replace(to, group=group)
        if location is not None:
            to = replace(to, location=location)
        known = {"group": group, "location": location}
        changed = tuple(name for name, value in known.items() if value is not None)
        if changed:
            self._put(work, member, to, changed=changed, by=by)

    def _put(
        self, work: Work, member: int, to: Details, *, changed: tuple[str, ...], by: Actor
    ) -> None:
        """Write all but the type, and which fields were changed: not what they hold."""
        _refuse_group(work, to, member)
        if to.token and not work.row("SELECT 1 FROM token WHERE id = %s", to.token):
            raise Invalid(NO_TOKEN)
        work.run(
            """
            UPDATE member SET group_of = %s, location = %s, default_token = %s, auto_convert = %s
            WHERE id = %s
            """,
            to.group,
            to.location,
            to.token,
            to.auto_convert,
            member,
        )
        subject, now = ("member", member), self._clock.now()
        told = ", ".join(changed)
        audit.record(work, by, "member.changed", subject=subject, at=now, fields=told)


def _see(reading: Work, member: int) -> Seen:
    """`xmin` is new with every change of a row, whoever makes it."""
    row = reading.row(
        """
        SELECT kind, group_of, location, default_token, auto_convert, xmin::text
        FROM member WHERE id = %s AND status <> 'DELETED'
        """,
        member,
    )
    if row is None:
        raise NotFound("no such member")
    kind, group, location, token, auto_convert, version = row
    place = Place(location) if location else None
    return Seen(Details(kind, group, place, token, auto_convert), version)


def _refuse_group(work: Work, to: Details, member: int) -> None:
    """Raises Invalid for a group that is none, or is to belong to one."""
    if to.group is None:
        return
    if to.kind == GROUP:
        raise Invalid(GROUP_IN_GROUP)
    found = work.row(
        """
        SELECT 1 FROM member WHERE id = %s AND id <> %s AND kind = 'group'
            AND status IN ('ACTIVE', 'BLOCKED', 'INVITED') FOR SHARE
        """,
        to.group,
        member,
    )
    if found is None:
        raise Invalid(NO_GROUP)
