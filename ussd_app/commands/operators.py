"""Who acts at a terminal of the server, and upon what."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ussd_app import bootstrap, log
from ussd_app.audit.service import SHELL, Actor
from ussd_app.bootstrap import Built
from ussd_app.commands import environment
from ussd_app.errors import Invalid
from ussd_app.values import Phone


def operator() -> Actor:
    """Whoever runs the command: the real user, whatever the program was given the rights of."""
    return Actor("operator", os.getuid(), SHELL)


def refuse_another(named: str) -> None:
    """Raises ClickException unless the user so called, by name or number, runs the command."""
    if named != str(os.getuid()) and named != _name_of(os.getuid()):
        raise click.ClickException(
            f"you are {_name_of(os.getuid())}, not {named}: each person signs in as themselves"
        )


@contextmanager
def at_work(name: str) -> Iterator[Built]:
    """The application for one deed; what was typed and cannot be read is told without a traceback."""
    log.configure("error")
    with environment.settings() as settings:
        built = bootstrap.build(settings, name=name, waits=True)
        try:
            yield built
        except Invalid as no:
            raise click.ClickException(no.message) from None
        finally:
            built.db.close()


def phone_of(built: Built, number: str) -> Phone:
    """The number as it was typed; a national one belongs to the first country that is served."""
    return Phone.parse(number, near=f"+{built.settings.countries[0]}")


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # in a container a user may be a number alone
        return str(user)
