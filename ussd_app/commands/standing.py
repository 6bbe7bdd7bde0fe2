"""`ussd-app block`, `unblock` and `unlock`: the organisation decides who may go on."""

from __future__ import annotations

import click

from ussd_app.commands.operators import at_work, operator, phone_of
from ussd_app.errors import Conflict, NotFound
from ussd_app.values import Reason


def change(number: str, *, blocked: bool, why: str) -> None:
    """Block or unblock whoever has the number; ClickException says why that cannot be."""
    with at_work("standing") as built:
        standing, phone = built.services.standing, phone_of(built, number)
        deed = standing.block if blocked else standing.unblock
        try:
            changed = deed(phone, by=operator(), why=why)
        except NotFound:
            raise click.ClickException("no member has that number") from None
        except Conflict as no:
            raise click.ClickException(f"that cannot be: {no}") from None
    if changed:
        click.echo("blocked; an SMS tells them" if blocked else "unblocked; an SMS tells them")
    else:
        click.echo(f"nothing changed: they were {'blocked already' if blocked else 'not blocked'}")


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
