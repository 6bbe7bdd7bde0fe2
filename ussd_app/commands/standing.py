"""`ussd-app block`, `unblock`, `unlock` and `member kind`: what the organisation decides of a member."""

from __future__ import annotations

from collections.abc import Callable

import click

from ussd_app.audit.service import Actor
from ussd_app.commands.operators import at_work, operator, phone_of
from ussd_app.errors import Conflict, NotFound
from ussd_app.members.standing import Standing
from ussd_app.values import Phone, Reason

Deed = Callable[[Standing, Phone, Actor], bool]


def change(number: str, *, blocked: bool, why: str) -> None:
    """Block or unblock whoever has the number; ClickException says why that cannot be."""

    def deed(standing: Standing, phone: Phone, by: Actor) -> bool:
        decide = standing.block if blocked else standing.unblock
        return decide(phone, by=by, why=why)

    if _decide(number, deed):
        click.echo("blocked; an SMS tells them" if blocked else "unblocked; an SMS tells them")
    else:
        click.echo(f"nothing changed: they were {'blocked already' if blocked else 'not blocked'}")


def become(number: str, kind: str, *, why: str) -> None:
    """Make a member of this type of whoever has the number, or say why that cannot be."""

    def deed(standing: Standing, phone: Phone, by: Actor) -> bool:
        return standing.become(phone, kind, by=by, why=why)

    changed = _decide(number, deed)
    click.echo(
        f"now {kind}; an SMS tells them" if changed else f"nothing changed: they were {kind}"
    )


def unlock(number: str, *, why: str) -> None:
    """Give whoever has the number all tries of their PIN back; it stays the same, and unknown."""
    with at_work("standing") as built:
        reason, phone = Reason.parse(why), phone_of(built, number)
        member = built.services.members.find(phone)
        if member is None:
            raise click.ClickException("no member has that number")
        changed = built.services.pins.unlock(member.id, by=operator(), why=reason)
    if changed:
        click.echo("unlocked, with the PIN they had; an SMS tells them")
    else:
        click.echo("nothing changed: their PIN was not locked")


def _decide(number: str, deed: Deed) -> bool:
    with at_work("standing") as built:
        try:
            return deed(built.services.standing, phone_of(built, number), operator())
        except NotFound:
            raise click.ClickException("no member has that number") from None
        except Conflict as no:
            raise click.ClickException(f"that cannot be: {no}") from None
