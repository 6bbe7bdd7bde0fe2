"""`ussd-app block` and `ussd-app unblock`: the organisation decides who may go on."""

from __future__ import annotations

import os

import click

from ussd_app import bootstrap, log
from ussd_app.audit.service import SHELL, Actor
from ussd_app.commands import environment
from ussd_app.errors import Conflict, Invalid, NotFound
from ussd_app.values import Phone


def change(number: str, *, blocked: bool, why: str) -> None:
    """Block or unblock whoever has the number; ClickException says why that cannot be."""
    log.configure("error")
    with environment.settings() as settings:
        built = bootstrap.build(settings, name="standing", waits=True)
        standing, operator = built.services.standing, Actor("operator", os.getuid(), SHELL)
        try:
            phone = Phone.parse(number, near=f"+{settings.countries[0]}")
            deed = standing.block if blocked else standing.unblock
            changed = deed(phone, by=operator, why=why)
        except Invalid as no:
            raise click.ClickException(no.message) from None
        except NotFound:
            raise click.ClickException("no member has that number") from None
        except Conflict as no:
            raise click.ClickException(f"that cannot be: {no}") from None
        finally:
            built.db.close()
    if changed:
        click.echo("blocked; an SMS tells them" if blocked else "unblocked; an SMS tells them")
    else:
        click.echo(f"nothing changed: they were {'blocked already' if blocked else 'not blocked'}")
